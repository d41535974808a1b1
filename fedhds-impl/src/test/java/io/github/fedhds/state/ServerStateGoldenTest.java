package io.github.fedhds.state;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.fedhds.internal.file.AtomicFile;
import io.github.fedhds.internal.safetensors.SafetensorsFile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The saved runs of version 1 as they were first written. Files are never changed: a later version adds a folder and reads
 * both. {@code -Dfedhds.golden.write=FOLDER} writes the files.
 */
@Tag("golden")
class ServerStateGoldenTest {
    static Stream<StateExamples.Example> examples() {
        return StateExamples.all().stream();
    }

    private static byte[] file(StateExamples.Example example) throws IOException {
        String folder = System.getProperty("fedhds.golden.write", "");
        if (!folder.isEmpty()) {
            AtomicFile.write(Path.of(folder).resolve(example.name() + ".safetensors"), example.bytes());
        }
        try (InputStream in =
                ServerStateGoldenTest.class.getResourceAsStream("v1/" + example.name() + ".safetensors")) {
            return Objects.requireNonNull(in, example.name()).readAllBytes();
        }
    }

    @ParameterizedTest
    @MethodSource("examples")
    void encode_now_givesTheBytesOfTheFile(StateExamples.Example example) throws IOException {
        assertArrayEquals(file(example), example.bytes());
    }

    @ParameterizedTest
    @MethodSource("examples")
    void decode_theFile_givesTheRun(StateExamples.Example example) throws IOException {
        byte[] bytes = file(example);
        assertEquals(example.run(), ServerStateCodec.decodeRun(bytes));
        assertEquals(example.run().server(), ServerStateCodec.decode(bytes));
    }

    /** The container is the one that everyone reads. */
    @ParameterizedTest
    @MethodSource("examples")
    void file_isSafetensors(StateExamples.Example example) throws IOException {
        SafetensorsFile file = SafetensorsFile.of(example.name(), file(example));
        assertEquals("fedhds-state", file.metadata().get("format"));
        assertEquals("1", file.metadata().get("version"));
    }

    @ParameterizedTest
    @MethodSource("examples")
    void decode_everyPrefix_isRefused(StateExamples.Example example) throws IOException {
        byte[] bytes = file(example);
        for (int length = 0; length < bytes.length; length++) {
            byte[] prefix = Arrays.copyOf(bytes, length);
            assertThrows(
                    InvalidStateException.class, () -> ServerStateCodec.decode(prefix), example + " cut to " + length);
        }
    }

    @ParameterizedTest
    @MethodSource("examples")
    void decode_everySingleBitFlip_isRefused(StateExamples.Example example) throws IOException {
        byte[] bytes = file(example);
        for (int bit = 0; bit < 8 * bytes.length; bit++) {
            bytes[bit / 8] ^= (byte) (1 << bit % 8);
            assertThrows(
                    InvalidStateException.class,
                    () -> ServerStateCodec.decode(bytes),
                    example + " with bit " + bit + " flipped");
            bytes[bit / 8] ^= (byte) (1 << bit % 8);
        }
        assertArrayEquals(example.bytes(), bytes);
        System.out.printf(
                "state %s: %d prefixes and %d flipped bits refused%n", example, bytes.length, 8 * bytes.length);
    }

    @Test
    void files_areAllOnesThatAreTested() throws IOException {
        Path folder = Path.of("src/test/resources/io/github/fedhds/state/v1");
        try (Stream<Path> files = Files.list(folder)) {
            assertEquals(
                    examples().map(e -> e.name() + ".safetensors").sorted().toList(),
                    files.map(f -> String.valueOf(f.getFileName())).sorted().toList());
        }
    }
}
