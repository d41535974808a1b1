package io.github.fedhds.dataset;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.instruction.Turn;
import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.reflect.InvocationTargetException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The files were written by PyArrow 26. */
class ParquetRecordsTest {
    static final Path FILES = Path.of("src/test/resources/io/github/fedhds/dataset/parquet");

    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"none", "snappy", "gzip", "zstd"})
    void readAll_everyCompression_givesTheRows(String compression) throws IOException {
        Path file = FILES.resolve("rows-" + compression + ".parquet");
        List<Instruction> expected =
                List.of(new Instruction("Say a.", "", "a", "closed_qa"), new Instruction("Say b.", "", "b", "open_qa"));
        assertEquals(expected, DataFile.readAll(file));
        Path packed = folder.resolve("rows.gz");
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(packed))) {
            Files.copy(file, out);
        }
        try (InstructionReader reader = DataFile.open(packed)) {
            reader.forEachRemaining(instruction -> {});
            assertEquals(
                    packed + ": gzipped Parquet of {instruction}, 2 instructions, 2 skipped: 1 empty answer,"
                            + " 1 empty instruction",
                    reader.summary());
        }
    }

    @Test
    void readAll_nestedLists_areConversations() {
        assertEquals(
                List.of(
                        new Instruction("Say \u00E9 \uD83D\uDE00.", "", "a", ""),
                        new Instruction(
                                "q2",
                                "",
                                "a2",
                                "",
                                List.of(Turn.system("Be kind."), Turn.user("q1"), Turn.assistant("a1")))),
                DataFile.readAll(FILES.resolve("messages.parquet")));
    }

    /** A class path without Parquet's library, as an application has it that did not add the optional artifact. */
    @Test
    void readAll_withoutTheLibrary_namesTheArtifact() throws Exception {
        List<URL> path = new ArrayList<>();
        for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
            if (!entry.contains("parquet")) {
                path.add(Path.of(entry).toUri().toURL());
            }
        }
        try (URLClassLoader loader =
                new URLClassLoader(path.toArray(URL[]::new), ClassLoader.getPlatformClassLoader())) {
            var read = loader.loadClass(DataFile.class.getName()).getMethod("readAll", Path.class);
            Path json = Files.writeString(folder.resolve("a"), "{\"prompt\": \"a\", \"completion\": \"b\"}");
            assertEquals(1, ((List<?>) read.invoke(null, json)).size());
            Throwable thrown = Objects.requireNonNull(assertThrows(
                            InvocationTargetException.class,
                            () -> read.invoke(null, FILES.resolve("rows-none.parquet")))
                    .getCause());
            assertEquals(FedHdsException.class.getName(), thrown.getClass().getName());
            assertTrue(
                    String.valueOf(thrown.getMessage())
                            .contains("add the Maven artifact blue.strategic.parquet:parquet-floor"),
                    thrown::getMessage);
        }
    }

    @Test
    void readAll_cutFile_isRefusedByName() throws IOException {
        byte[] whole = Files.readAllBytes(FILES.resolve("rows-zstd.parquet"));
        Path file = folder.resolve("cut.parquet");
        for (int length = 4; length < whole.length; length += 7) {
            Files.write(file, Arrays.copyOf(whole, length));
            assertFails(FedHdsException.class, () -> DataFile.readAll(file), file.toString());
        }
    }
}
