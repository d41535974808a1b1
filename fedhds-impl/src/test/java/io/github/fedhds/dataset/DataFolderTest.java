package io.github.fedhds.dataset;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.SharedFolders;
import io.github.fedhds.instruction.Instruction;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DataFolderTest {
    @TempDir
    Path folder;

    @Test
    void readAll_filesOfSeveralKinds_areTasksByName() throws IOException {
        Files.writeString(folder.resolve("b.csv"), "prompt,completion,task\n1,2,\n3,4,own\n");
        Files.writeString(folder.resolve("a-00000-of-00002.jsonl"), "{\"prompt\": \"5\", \"completion\": \"6\"}");
        Files.writeString(folder.resolve("a-00001-of-00002.JSON"), "[{\"prompt\": \"7\", \"completion\": \"8\"}]");
        Files.writeString(folder.resolve("c.jsonl"), "");
        Files.writeString(folder.resolve("README.md"), "of a data set");
        Files.writeString(folder.resolve(".d.jsonl"), "hidden");
        Files.createDirectories(folder.resolve("e.json"));
        assertEquals(
                List.of(
                        new Instruction("5", "", "6", "a"),
                        new Instruction("7", "", "8", "a"),
                        new Instruction("1", "", "2", "b"),
                        new Instruction("3", "", "4", "own")),
                DataFile.readAll(folder));
        assertEquals(
                3,
                DataFile.builder()
                        .unseenShare(0)
                        .build()
                        .read(folder)
                        .training()
                        .size());
    }

    @Test
    void readAll_folderWithoutData_isRefused() throws IOException {
        Files.writeString(folder.resolve("README.md"), "of a data set");
        assertFails(FedHdsException.class, () -> DataFile.readAll(folder), folder + ": is a folder of no known kind");
        Files.writeString(folder.resolve("a.jsonl"), "\n");
        assertFails(FedHdsException.class, () -> DataFile.readAll(folder), folder + ": the data set is empty");
        Path bad = Files.writeString(folder.resolve("b.jsonl"), "{");
        assertFails(FedHdsException.class, () -> DataFile.readAll(folder), bad + ": line 1: is not valid JSON");
    }

    @Test
    @Tag("golden")
    void read_promptFiles_giveATaskEach() {
        Dataset data = DataFile.builder().build().read(SharedFolders.data().resolve("p3"));
        assertEquals(229, data.training().size() + data.unseen().size());
        data.allTraining().forEach(each -> assertFalse(each.output().isBlank()));
    }

    @Test
    @Tag("golden")
    void readAll_inputsThatFailedOnce_areReadOrRefusedByPlace() {
        Path cases = SharedFolders.cases();
        for (String name : List.of("array", "array_oneline", "pretty", "messages", "prompt_completion")) {
            assertEquals(
                    24,
                    DataFile.readAll(cases.resolve("json_array/" + name + ".jsonl"))
                            .size(),
                    name);
        }
        assertRefused(cases.resolve("json_array/trailing_comma.jsonl"), ": line ", "is not valid JSON");
        assertRefused(cases.resolve("lone_surrogate/lone_high.jsonl"), "line 4: input holds half of a surrogate pair");
        assertRefused(cases.resolve("lone_surrogate/lone_task.jsonl"), "line 1: task holds half of a surrogate pair");
        assertRefused(cases.resolve("lone_surrogate/lone_and_emoji.jsonl"), "line 1: input holds half");
        assertRefused(cases.resolve("not_utf8/cp1252.jsonl"), "is not UTF-8: byte 0xE9 at byte offset ", "in line 21");
        assertRefused(cases.resolve("nope.jsonl"), "there is no such file");
        assertEquals(
                new Instruction("Say the word number 0 once.", "item 0 of 0", "word 0 0", "task0"),
                DataFile.readAll(cases.resolve("null_alias/data.jsonl")).get(0));
        assertEquals(
                3,
                NaturalInstructions.builder()
                        .minInstances(0)
                        .build()
                        .read(cases.resolve("split_bom"))
                        .training()
                        .size());
    }

    private static void assertRefused(Path file, String... expected) {
        for (String part : expected) {
            assertFails(FedHdsException.class, () -> DataFile.readAll(file), file.toString(), part);
        }
    }
}
