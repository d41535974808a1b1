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
import java.util.ArrayList;
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

class NaturalInstructionsTest {
    @TempDir
    Path folder;

    private final NaturalInstructions all =
            NaturalInstructions.builder().share(1).testShare(1).minInstances(0).build();

    @BeforeEach
    void makeFolders() throws IOException {
        Files.createDirectories(folder.resolve("tasks"));
        Files.createDirectories(folder.resolve("splits/default"));
        splits("", "");
    }

    private void splits(String train, String test) throws IOException {
        Files.writeString(folder.resolve("splits/default/train_tasks.txt"), train);
        Files.writeString(folder.resolve("splits/default/test_tasks.txt"), test);
    }

    private void task(String name, String json) throws IOException {
        Files.writeString(folder.resolve("tasks/" + name + ".json"), json);
    }

    private void task(String name, int instances) throws IOException {
        List<String> list = new ArrayList<>();
        for (int i = 0; i < instances; i++) {
            list.add("{\"input\": \"" + name + " " + i + "\", \"output\": [\"" + i + "\", \"other\"]}");
        }
        task(
                name,
                "{\"Definition\": [\"Do " + name + ".\", \"Or else.\"], \"Instances\": [" + String.join(",", list)
                        + "]}");
    }

    @Test
    void read_numbersWhereTextsBelong_areTurnedIntoTexts() throws IOException {
        task("t", """
                {"Definition": "Old form.", "Instances": [
                  {"input": 12, "output": [3]}, {"input": "x", "output": [2.50, 1]}, {"input": "", "output": [true]},
                  {"id": "a", "input": "é", "output": "lone"}]}""");
        splits("t\n", "");
        assertEquals(
                List.of(
                        new Instruction("Old form.", "12", "3", "t"),
                        new Instruction("Old form.", "x", "2.50", "t"),
                        new Instruction("Old form.", "", "true", "t"),
                        new Instruction("Old form.", "é", "lone", "t")),
                all.read(folder).allTraining());
    }

    @Test
    void read_splitsWithByteOrderMarkOrCarriageReturns_nameTheSameTasks() throws IOException {
        task("a", 2);
        task("b", 2);
        task("c", 2);
        splits("\uFEFFa\r\nb\r\n", "\uFEFFc");
        Dataset data = all.read(folder);
        assertEquals(Set.of("a", "b"), data.training().keySet());
        assertEquals(Set.of("c"), data.unseen().keySet());
    }

    @Test
    void read_halfOfASurrogatePair_isRefusedByPlace() throws IOException {
        splits("t", "");
        String[] texts = {"i", "x", "o"};
        String[] places = {"Definition[0]", "Instances[0].input", "Instances[0].output[0]"};
        for (int i = 0; i < 3; i++) {
            String[] some = texts.clone();
            some[i] = "\\ud83d";
            task("t", """
                    {"Definition": ["%s"], "Instances": [{"input": "%s", "output": ["%s"]}]}
                    """.formatted((Object[]) some));
            assertFails(
                    FedHdsException.class,
                    () -> all.read(folder),
                    "t.json: " + places[i] + " holds half of a surrogate pair");
        }
    }

    @Test
    void read_longInputs_areDroppedBeforeTasksAreCounted() throws IOException {
        String at = "x".repeat(1024);
        String below = "x".repeat(1023);
        task(
                "t",
                "{\"Definition\": [\"d\"], \"Instances\": [{\"input\": \"" + at
                        + "\", \"output\": [\"1\"]}, {\"input\": \"" + below + "\", \"output\": [\"2\"]}]}");
        splits("t", "");
        assertEquals(
                List.of("2"),
                all.read(folder).allTraining().stream().map(Instruction::output).toList());
        NaturalInstructions two = NaturalInstructions.builder().minInstances(2).build();
        assertFails(
                FedHdsException.class, () -> two.read(folder), "the data set is empty", "none of the 1 training tasks");
        assertEquals(
                2,
                NaturalInstructions.builder()
                        .minInstances(2)
                        .maxInputLength(1025)
                        .share(1)
                        .build()
                        .read(folder)
                        .allTraining()
                        .size());
    }

    @Test
    void read_defaults_takeTheirSharesAndSkipSmallTasks() throws IOException {
        task("b", 20);
        task("a", 101);
        task("small", 19);
        task("c", 20);
        task("test-large", 1500);
        task("test-middle", 100);
        task("test-least", 20);
        task("test-small", 19);
        splits("b\r\na\n\n small \nc", "test-small\ntest-large\ntest-middle\ntest-least\n");
        Dataset data = NaturalInstructions.builder().build().read(folder);
        assertEquals(List.of("a", "b", "c"), List.copyOf(data.training().keySet()));
        assertEquals(
                List.of(20, 4, 4),
                data.training().values().stream().map(List::size).toList());
        assertEquals(
                List.of("test-large", "test-least", "test-middle"),
                List.copyOf(data.unseen().keySet()));
        assertEquals(
                List.of(30, 20, 20),
                data.unseen().values().stream().map(List::size).toList());
        assertEquals(28, data.allTraining().size());
        assertEquals(70, data.allUnseen().size());
        assertEquals(28, new HashSet<>(data.allTraining()).size());
        Instruction first = data.allTraining().get(0);
        assertEquals("a", first.task());
        assertEquals("Do a.", first.instruction());
    }

    @Test
    void read_seed_decidesAndOtherTasksDoNot() throws IOException {
        task("a", 100);
        task("b", 100);
        splits("a\nb", "");
        Map<String, List<Instruction>> both =
                NaturalInstructions.builder().seed(1).build().read(folder).training();
        assertEquals(
                both, NaturalInstructions.builder().seed(1).build().read(folder).training());
        assertNotEquals(
                both, NaturalInstructions.builder().seed(2).build().read(folder).training());
        splits("b", "");
        assertEquals(
                both.get("b"),
                NaturalInstructions.builder()
                        .seed(1)
                        .build()
                        .read(folder)
                        .training()
                        .get("b"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "[] | must be a JSON object",
                "{\"Definition\": [\"d\"] | is not valid JSON at line 1",
                "{} | Definition is missing",
                "{\"Definition\": [], \"Instances\": []} | Definition is empty",
                "{\"Definition\": [null], \"Instances\": []} | Definition[0] must be a text",
                "{\"Definition\": [\"d\"]} | Instances is missing",
                "{\"Definition\": [\"d\"], \"Instances\": {}} | Instances must be a list",
                "{\"Definition\": [\"d\"], \"Instances\": [3]} | Instances[0] must be an object",
                "{\"Definition\": [\"d\"], \"Instances\": [{\"output\": [\"x\"]}]} | Instances[0].input is missing",
                "{\"Definition\": [\"d\"], \"Instances\": [{\"input\": \"x\"}]} | Instances[0].output is missing",
                "{\"Definition\": [\"d\"], \"Instances\": [{\"input\": \"x\", \"output\": []}]} | Instances[0].output is empty",
                "{\"Definition\": [\"d\"], \"Instances\": [{\"input\": {}, \"output\": [1]}]} | Instances[0].input must be a text",
                "{\"Definition\": [\"d\"], \"Instances\": []} | the data set is empty",
            })
    void read_brokenTask_isRefusedByFileAndReason(String json, String expected) throws IOException {
        task("t", json);
        splits("t", "");
        String message = assertFails(FedHdsException.class, () -> all.read(folder), expected);
        assertTrue(message.startsWith(folder.toString()), message);
        if (!expected.contains("empty; none") && !expected.contains("data set")) {
            assertTrue(message.contains("t.json"), message);
        }
    }

    @Test
    void read_brokenLayout_saysWhichFile() throws IOException {
        Class<FedHdsException> kind = FedHdsException.class;
        task("t", 3);
        splits("t\nabsent", "");
        assertFails(kind, () -> all.read(folder), "train_tasks.txt: line 2 names task absent", "absent.json");
        splits("../tasks/t", "");
        assertFails(kind, () -> all.read(folder), "line 1 names task ../tasks/t");
        splits("t", "t");
        assertFails(kind, () -> all.read(folder), "task t is in both splits");
        Files.write(folder.resolve("tasks/t.json"), new byte[] {'{', '"', (byte) 0xff, '"'});
        splits("t", "");
        assertFails(kind, () -> all.read(folder), "t.json: is not UTF-8");
        Files.delete(folder.resolve("splits/default/test_tasks.txt"));
        assertFails(kind, () -> all.read(folder), "test_tasks.txt: the split file cannot be read");
        Files.delete(folder.resolve("splits/default/train_tasks.txt"));
        assertFails(kind, () -> all.read(folder), "train_tasks.txt: the split file cannot be read");
    }

    @Test
    void settings_outOfRange_areRefusedByName() {
        Class<IllegalArgumentException> kind = IllegalArgumentException.class;
        NaturalInstructions.Builder builder = NaturalInstructions.builder();
        assertFails(kind, () -> builder.maxInputLength(0), "maxInputLength must be 1 or more, was 0");
        assertFails(kind, () -> builder.minInstances(-1), "minInstances");
        assertFails(kind, () -> builder.testAtLeast(-1), "testAtLeast");
        for (double share : new double[] {0, 1.1, Double.NaN}) {
            assertFails(kind, () -> builder.share(share), "share must be above 0", String.valueOf(share));
            assertFails(kind, () -> builder.testShare(share), "testShare must be above 0");
        }
    }

    @Test
    @Tag("golden")
    void read_realTasks_givesEveryTask() throws IOException {
        Path real = SharedFolders.data().resolve("natural-instructions");
        Dataset data = NaturalInstructions.builder().share(1).build().read(real);
        int named = 0;
        for (String split : List.of("train", "test")) {
            named += (int) Files.readAllLines(real.resolve("splits/default/" + split + "_tasks.txt")).stream()
                    .filter(line -> !line.isBlank())
                    .count();
        }
        assertTrue(data.training().size() + data.unseen().size() <= named);
        assertTrue(data.training().size() + data.unseen().size() > 0.8 * named, "few tasks are skipped");
        for (Instruction instruction : data.allTraining()) {
            assertFalse(instruction.instruction().isBlank());
            assertTrue(instruction.input().length() < 1024);
        }
        data.training().values().forEach(list -> assertTrue(list.size() >= 20));
        data.unseen().values().forEach(list -> assertTrue(list.size() >= 20));

        Dataset loaded = Dataset.load(real, 3);
        assertEquals(data.training().keySet(), loaded.training().keySet());
        loaded.training()
                .forEach((task, list) -> assertEquals(
                        (int) (0.2
                                        * data.training()
                                                .getOrDefault(task, List.of())
                                                .size()
                                + 1e-9),
                        list.size(),
                        task));
    }
}
