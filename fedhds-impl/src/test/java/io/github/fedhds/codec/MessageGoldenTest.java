package io.github.fedhds.codec;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.internal.file.AtomicFile;
import io.github.fedhds.internal.safetensors.SafetensorsFile;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.message.MessageKind;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The messages of version 1 as they were first written. Files are never changed: a later version adds a folder and reads both.
 * {@code -Dfedhds.golden.write=FOLDER} writes the files.
 */
class MessageGoldenTest {
    static Stream<MessageExamples.Example> examples() {
        return MessageExamples.all().stream();
    }

    private static byte[] file(MessageExamples.Example example) throws IOException {
        String folder = System.getProperty("fedhds.golden.write", "");
        if (!folder.isEmpty()) {
            AtomicFile.write(Path.of(folder).resolve(example.name() + ".safetensors"), example.bytes());
        }
        try (InputStream in = MessageGoldenTest.class.getResourceAsStream("v1/" + example.name() + ".safetensors")) {
            return Objects.requireNonNull(in, example.name()).readAllBytes();
        }
    }

    @ParameterizedTest
    @MethodSource("examples")
    void encode_now_givesTheBytesOfTheFile(MessageExamples.Example example) throws IOException {
        assertArrayEquals(file(example), example.bytes());
    }

    @ParameterizedTest
    @MethodSource("examples")
    void decode_theFile_givesTheMessage(MessageExamples.Example example) throws IOException {
        byte[] bytes = file(example);
        for (ReceivedMessage read : new ReceivedMessage[] {
            MessageCodec.defaults().decode(bytes), MessageCodec.defaults().decode(new ByteArrayInputStream(bytes))
        }) {
            if (example.codec().equals(MessageCodec.defaults())) {
                assertEquals(example.message(), read.message());
            } else {
                assertNear((AdapterUpdate) example.message(), read.as(AdapterUpdate.class));
            }
            assertEquals(bytes.length, read.bytes());
            assertEquals(example.codec().encode(example.message()).digest(), read.digest());
        }
    }

    private static void assertNear(AdapterUpdate expected, AdapterUpdate actual) {
        assertEquals(expected.adapter().differenceInForm(actual.adapter()), java.util.Optional.empty());
        for (Map.Entry<String, Tensor> named : expected.adapter().tensors().entrySet()) {
            Tensor tensor = Objects.requireNonNull(actual.adapter().tensors().get(named.getKey()));
            for (int i = 0; i < tensor.size(); i++) {
                float value = named.getValue().get(i);
                assertEquals(value, tensor.get(i), 1024f / 254 + Math.abs(value) / 2048, named.getKey() + " " + i);
            }
        }
    }

    /** The container is the one that everyone reads. */
    @ParameterizedTest
    @MethodSource("examples")
    void file_isSafetensors(MessageExamples.Example example) throws IOException {
        SafetensorsFile file = SafetensorsFile.of(example.name(), file(example));
        assertEquals("fedhds-message", file.metadata().get("format"));
        assertEquals("1", file.metadata().get("version"));
    }

    @ParameterizedTest
    @MethodSource("examples")
    void decode_everyPrefix_isRefused(MessageExamples.Example example) throws IOException {
        byte[] bytes = file(example);
        for (int length = 0; length < bytes.length; length++) {
            byte[] prefix = Arrays.copyOf(bytes, length);
            String label = example + " cut to " + length;
            assertThrows(
                    InvalidMessageException.class, () -> MessageCodec.defaults().decode(prefix), label);
            assertThrows(
                    InvalidMessageException.class,
                    () -> MessageCodec.defaults().decode(new ByteArrayInputStream(prefix)),
                    label);
            byte[] sealed = MessageExamples.sealed(prefix.clone());
            assertThrows(
                    InvalidMessageException.class, () -> MessageCodec.defaults().decode(sealed), label);
        }
    }

    @ParameterizedTest
    @MethodSource("examples")
    void decode_everySingleBitFlip_isRefused(MessageExamples.Example example) throws IOException {
        byte[] bytes = file(example);
        for (int bit = 0; bit < 8 * bytes.length; bit++) {
            bytes[bit / 8] ^= (byte) (1 << bit % 8);
            String label = example + " with bit " + bit + " flipped";
            assertThrows(
                    InvalidMessageException.class, () -> MessageCodec.defaults().decode(bytes), label);
            assertThrows(
                    InvalidMessageException.class,
                    () -> MessageCodec.defaults().decode(new ByteArrayInputStream(bytes)),
                    label);
            bytes[bit / 8] ^= (byte) (1 << bit % 8);
        }
        assertArrayEquals(example.bytes(), bytes);
    }

    @Test
    void files_areAllOnesThatAreTested() throws IOException {
        Path folder = Path.of("src/test/resources/io/github/fedhds/codec/v1");
        try (Stream<Path> files = Files.list(folder)) {
            assertEquals(
                    examples().map(e -> e.name() + ".safetensors").sorted().toList(),
                    files.map(f -> String.valueOf(f.getFileName())).sorted().toList());
        }
        assertTrue(examples().map(e -> e.message().kind()).distinct().count() == MessageKind.values().length);
    }
}
