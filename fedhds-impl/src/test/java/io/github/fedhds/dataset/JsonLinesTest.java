package io.github.fedhds.dataset;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.SharedFolders;
import io.github.fedhds.instruction.Instruction;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class JsonLinesTest {
    @TempDir
    Path folder;

    private Path file = Path.of("");

    @BeforeEach
    void name() {
        file = folder.resolve("data.jsonl");
    }

    @Test
    void readAll_bothNamings_areRead() throws IOException {
        Files.writeString(file, """
                {"instruction": "a", "input": "b", "output": "c", "task": "d", "other": [1]}

                {"instruction": "e", "context": "f", "response": "g", "category": "h"}\r
                {"output": 3, "instruction": "i", "input": null}
                """);
        assertEquals(
                List.of(
                        new Instruction("a", "b", "c", "d"),
                        new Instruction("e", "f", "g", "h"),
                        new Instruction("i", "", "3", "")),
                JsonLines.readAll(file));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"output\": \"c\"} | instruction is missing",
                "{\"instruction\": \"c\"} | output or response is missing",
                "{\"instruction\": null, \"output\": \"\"} | instruction must be a text",
                "{\"instruction\": \"a\", \"output\": [\"b\"]} | output must be a text",
                "{\"instruction\": \"a\", \"output\": \"b\" | is not valid JSON",
                "[] | must be a JSON object",
                "{} {} | is not valid JSON",
            })
    void readAll_brokenLine_isRefusedByNumber(String line, String expected) throws IOException {
        Files.writeString(file, "{\"instruction\": \"a\", \"output\": \"b\"}\n\n" + line + "\n");
        assertFails(FedHdsException.class, () -> JsonLines.readAll(file), file + ": line 3: " + expected);
    }

    @Test
    void readAll_emptyOrUnreadable_isRefused() throws IOException {
        assertFails(FedHdsException.class, () -> JsonLines.readAll(file), "cannot be read");
        Files.writeString(file, "\n \n");
        assertFails(FedHdsException.class, () -> JsonLines.readAll(file), "the data set is empty");
        Files.write(file, new byte[] {(byte) 0xff});
        assertFails(FedHdsException.class, () -> JsonLines.readAll(file), "cannot be read after line 0");
    }

    private void tasks(int tasks) throws IOException {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < 5 * tasks; i++) {
            text.append("{\"instruction\": \"" + i + "\", \"output\": \"\", \"task\": \"t" + i % tasks + "\"}\n");
        }
        Files.writeString(file, text.toString());
    }

    @Test
    void read_shareOfTasks_isHeldOutWhole() throws IOException {
        tasks(8);
        Dataset data = JsonLines.builder().unseenShare(0.25).build().read(file);
        assertEquals(6, data.training().size());
        assertEquals(2, data.unseen().size());
        assertEquals(40, data.allTraining().size() + data.allUnseen().size());
        data.unseen().values().forEach(list -> assertEquals(5, list.size()));
        assertEquals(data, JsonLines.builder().unseenShare(0.25).build().read(file));
        Set<Set<String>> drawn = new HashSet<>();
        for (int seed = 0; seed < 10; seed++) {
            drawn.add(JsonLines.builder().seed(seed).build().read(file).unseen().keySet());
        }
        assertNotEquals(1, drawn.size());
        assertEquals(1, JsonLines.builder().build().read(file).unseen().size());
        assertEquals(
                0,
                JsonLines.builder().unseenShare(0).build().read(file).unseen().size());
        assertEquals(
                1,
                JsonLines.builder()
                        .unseenShare(0.999)
                        .build()
                        .read(file)
                        .training()
                        .size());
        tasks(1);
        assertEquals(0, JsonLines.builder().build().read(file).unseen().size());
    }

    @Test
    void unseenShare_outOfRange_isRefused() {
        for (double share : new double[] {-0.1, 1, Double.NaN}) {
            assertFails(
                    IllegalArgumentException.class,
                    () -> JsonLines.builder().unseenShare(share),
                    "unseenShare",
                    "" + share);
        }
    }

    @Test
    void load_goesByThePathsKind() throws IOException {
        tasks(3);
        assertEquals(2, Dataset.load(file, 1).training().size());
        assertFails(FedHdsException.class, () -> Dataset.load(folder, 1), "is of no known kind", "folder with tasks/");
        assertFails(FedHdsException.class, () -> Dataset.load(folder.resolve("x"), 1), "does not exist");
        Files.createDirectories(folder.resolve("tasks"));
        assertFails(FedHdsException.class, () -> Dataset.load(folder, 1), "train_tasks.txt");
    }

    @Test
    void dataset_taskInBothParts_isRefused() {
        Map<String, List<Instruction>> one = Map.of("t", List.of());
        assertFails(IllegalArgumentException.class, () -> new Dataset(one, one), "task t is in training and unseen");
    }

    @Test
    @Tag("golden")
    void readAll_dolly_givesEveryRow() throws IOException {
        Path dolly = SharedFolders.data().resolve("dolly/databricks-dolly-sample.jsonl");
        List<Instruction> read = JsonLines.readAll(dolly);
        assertEquals(
                Files.readAllLines(dolly).stream().filter(l -> !l.isBlank()).count(), read.size());
        assertTrue(read.stream().anyMatch(i -> !i.input().isEmpty()));
        read.forEach(i -> assertFalse(i.output().isEmpty()));
    }
}
