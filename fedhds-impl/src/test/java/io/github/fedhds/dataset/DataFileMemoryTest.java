package io.github.fedhds.dataset;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.Deflater;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Files several times as large as the heap of a process of its own are read to the end. */
class DataFileMemoryTest {
    private static final int ROWS = 24_000; // of 1,000 characters
    private static final String TEXT = "word ".repeat(200);

    @TempDir
    Path folder;

    /** Counts the instructions of a file. */
    static final class Count {
        private Count() {}

        public static void main(String[] args) {
            int count = 0;
            try (InstructionReader reader = DataFile.open(Path.of(args[0]))) {
                for (; reader.hasNext(); reader.next()) {
                    count++;
                }
            }
            System.exit(count == ROWS ? 0 : 2);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "'', '{\"prompt\": \"#\", \"completion\": \"a\"}\n', ''",
        "'[', '{\"prompt\": \"#\", \"completion\": \"a\"},\n', '{\"prompt\": \"#\", \"completion\": \"\"}]'",
        "'prompt,completion\n', '#,a\n', ''"
    })
    void open_fileLargerThanTheHeap_isRead(String begin, String row, String end) throws Exception {
        Path file = folder.resolve("large.gz");
        try (OutputStream out = Files.newOutputStream(file);
                BufferedWriter text = new BufferedWriter(new OutputStreamWriter(fast(out), StandardCharsets.UTF_8))) {
            text.write(begin);
            for (int i = 0; i < ROWS; i++) {
                text.write(row.replace("#", TEXT));
            }
            text.write(end);
        }
        assertEquals(0, count(file));
    }

    private static GZIPOutputStream fast(OutputStream out) throws IOException {
        return new GZIPOutputStream(out) {
            {
                def.setLevel(Deflater.BEST_SPEED);
            }
        };
    }

    private static int count(Path file) throws IOException, InterruptedException {
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx10m",
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Count.class.getName(),
                        file.toString())
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.INHERIT)
                .start()
                .waitFor();
    }
}
