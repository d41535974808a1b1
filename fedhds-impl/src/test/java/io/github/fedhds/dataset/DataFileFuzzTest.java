package io.github.fedhds.dataset;

import io.github.fedhds.Fuzz;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Damaged data files are read, or refused by an error that names the file. */
class DataFileFuzzTest {
    private static final String ROW = "{\"instruction\": \"Say it, \\\"\\u00e9\\\" \\ud83d\\ude00.\", \"input\": null,"
            + " \"output\": \"a\", \"category\": \"t\"}";
    private static final String TALK =
            "{\"messages\": [{\"role\": \"system\", \"content\": \"s\"}, {\"role\": \"user\","
                    + " \"content\": [{\"type\": \"text\", \"text\": \"q\"}]}, {\"role\": \"assistant\", \"content\": \"a\"}]}";
    private static final String SHARE = "{\"conversations\": [{\"from\": \"human\", \"value\": \"q\"}, {\"from\":"
            + " \"gpt\", \"value\": \"a\"}, {\"from\": \"human\", \"value\": \"r\"}, {\"from\": \"gpt\", \"value\": 7}]}";
    private static final long FOUR_MIB = 4L << 20;

    @TempDir
    Path folder;

    private Path write(String name, String text) throws IOException {
        return Files.writeString(folder.resolve(name), text);
    }

    private static void damage(Path file, boolean json, long mostAllocated) throws IOException {
        Fuzz.damage(file, json, mostAllocated, () -> DataFile.readAll(file));
    }

    @Test
    void jsonObjects_damaged_areReadOrRefused() throws IOException {
        damage(write("a.jsonl", ROW + "\n" + TALK + "\r\n" + SHARE), false, FOUR_MIB);
    }

    @Test
    void jsonArray_damaged_isReadOrRefused() throws IOException {
        damage(write("a.json", "[" + ROW + "," + TALK + "," + SHARE + "]"), true, 16 * FOUR_MIB);
    }

    @Test
    void csv_damaged_isReadOrRefused() throws IOException {
        damage(write("a.csv", "instruction,output\r\na,\"b \"\"c\"\"\nd\"\r\n\u00e9,f\r\n"), false, FOUR_MIB);
    }

    @Test
    void gzip_damaged_isReadOrRefused() throws IOException {
        Path file = folder.resolve("a.gz");
        try (OutputStream out = Files.newOutputStream(file)) {
            for (String text : new String[] {ROW + "\n", (TALK + "\n" + SHARE + "\n").repeat(20)}) {
                GZIPOutputStream gzip = new GZIPOutputStream(out);
                gzip.write(text.getBytes(StandardCharsets.UTF_8));
                gzip.finish();
            }
        }
        damage(file, false, FOUR_MIB);
    }

    /** A damaged length may ask for any memory; the library then fails, and the error is as any other. */
    @Test
    void parquet_damaged_isReadOrRefused() throws IOException {
        for (String name : new String[] {"rows-gzip", "messages"}) {
            Path file = folder.resolve(name + ".parquet");
            Files.copy(ParquetRecordsTest.FILES.resolve(name + ".parquet"), file);
            damage(file, false, Long.MAX_VALUE);
        }
    }
}
