package io.github.fedhds.dataset;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.SharedFolders;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DataCountsTest {
    @TempDir
    Path folder;

    @Test
    void of_linesWithAndWithoutAnswers_countsBoth() throws IOException {
        Path file = Files.writeString(folder.resolve("a.jsonl"), """
                {"instruction": "add", "output": "1"}
                {"instruction": "add", "output": " "}
                {"instruction": "", "output": "1"}
                """);
        assertEquals(new DataCounts(1, 1, Map.of("empty answer", 1L, "empty instruction", 1L)), DataCounts.of(file));
        Files.copy(file, folder.resolve("b.jsonl"));
        assertEquals(new DataCounts(2, 2, Map.of("empty answer", 2L, "empty instruction", 2L)), DataCounts.of(folder));
    }

    @Test
    void of_naturalInstructions_countsLongInputsAndSmallTasks() throws IOException {
        Files.createDirectories(folder.resolve("tasks"));
        Files.createDirectories(folder.resolve("splits/default"));
        write("task1_a", 21, 2);
        write("task2_b", 19, 3);
        write("task3_c", 20, 0);
        Files.writeString(folder.resolve("splits/default/train_tasks.txt"), "task1_a\ntask2_b\n");
        Files.writeString(folder.resolve("splits/default/test_tasks.txt"), "task3_c\n");
        assertEquals(
                new DataCounts(
                        3,
                        41,
                        Map.of("input of 1024 characters or more", 5L, "in tasks with fewer than 20 instances", 19L)),
                DataCounts.of(folder));
    }

    private void write(String task, int shortInputs, int longInputs) throws IOException {
        StringBuilder instances = new StringBuilder();
        for (int i = 0; i < shortInputs + longInputs; i++) {
            String input = i < shortInputs ? "x".repeat(1023) : "x".repeat(1024);
            instances
                    .append(i == 0 ? "" : ",")
                    .append("{\"input\": \"")
                    .append(input)
                    .append("\", \"output\": [\"y\"]}");
        }
        Files.writeString(
                folder.resolve("tasks/" + task + ".json"),
                "{\"Definition\": [\"Do.\"], \"Instances\": [" + instances + "]}");
    }

    @Test
    void of_missingFile_fails() {
        assertFails(FedHdsException.class, () -> DataCounts.of(folder.resolve("none.jsonl")), "none.jsonl");
    }

    @Test
    void counts_belowZero_fail() {
        assertFails(IllegalArgumentException.class, () -> new DataCounts(-1, 0, Map.of()), "files");
        assertFails(IllegalArgumentException.class, () -> new DataCounts(0, -1, Map.of()), "instructions");
    }

    /** Every instance of the files is counted once. */
    @Test
    @Tag("golden")
    void of_realTasks_countsEachInstanceOnce() {
        Path data = SharedFolders.data().resolve("natural-instructions");
        DataCounts counts = DataCounts.of(data);
        long all = NaturalInstructions.builder()
                .maxInputLength(Integer.MAX_VALUE)
                .minInstances(0)
                .build()
                .count(data)
                .instructions();
        assertEquals(
                all,
                counts.instructions()
                        + counts.leftOut().values().stream().mapToLong(n -> n).sum());
        Dataset read =
                NaturalInstructions.builder().share(1).testShare(1).build().read(data);
        assertEquals(
                read.allTraining().size() + read.allUnseen().size(),
                counts.instructions(),
                () -> List.of(counts).toString());
    }
}
