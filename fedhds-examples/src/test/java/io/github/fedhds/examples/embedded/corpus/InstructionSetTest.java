package io.github.fedhds.examples.embedded.corpus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.instruction.Instruction;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class InstructionSetTest {
    private final InstructionSet set = new InstructionSet(3);

    @Test
    void tasks_haveTheNumbersAndPhrasingsTheDemoNeeds() {
        assertEquals(36, set.trainingTasks().size());
        assertEquals(10, set.unseenTasks().size());
        EnumSet<Kind> kinds = EnumSet.noneOf(Kind.class);
        Set<String> ids = new HashSet<>();
        for (InstructionTask task : allTasks()) {
            kinds.add(task.kind());
            assertTrue(ids.add(task.id()), task.id());
            assertTrue(task.definitions().size() >= 4, task.id());
            for (String definition : task.definitions()) {
                int words = definition.split(" ").length;
                assertTrue(words >= 8 && words <= 25, () -> words + " words: " + definition);
            }
        }
        assertEquals(EnumSet.allOf(Kind.class), kinds);
    }

    @Test
    void definitions_ofAllTasks_areDifferent() {
        Set<String> definitions = new HashSet<>();
        for (InstructionTask task : allTasks()) {
            for (String definition : task.definitions()) {
                assertTrue(definitions.add(definition), definition);
            }
        }
    }

    @Test
    void rows_sameSeed_areTheSame() {
        assertEquals(set.training(20), new InstructionSet(3).training(20));
        assertEquals(set.unseen(20), new InstructionSet(3).unseen(20));
        assertNotEquals(set.training(20), new InstructionSet(4).training(20));
        assertNotEquals(set.unseen(20), new InstructionSet(4).unseen(20));
    }

    @Test
    void rows_fewerPerTask_areTheFirstOfMore() {
        List<Instruction> more = set.unseen(20);
        assertEquals(more.subList(0, 5), set.unseen(5).subList(0, 5));
    }

    @Test
    void rows_haveDistinctArgumentsAndAnswersThatVary() {
        check(set.training(600), 300);
        check(set.unseen(100), 60);
    }

    @Test
    void unseenInputs_areInNoTrainingRow() {
        Set<String> inputs = new HashSet<>();
        for (Instruction row : set.training(300)) {
            assertFalse(row.task().isEmpty());
            inputs.add(row.input());
        }
        for (Instruction row : set.unseen(60)) {
            assertFalse(inputs.contains(row.input()), row::toString);
        }
    }

    @Test
    void rows_moreThanATaskHas_namesTheTask() {
        IllegalArgumentException failure = assertThrows(IllegalArgumentException.class, () -> set.training(8_000));
        assertTrue(failure.toString().contains("task category has"), failure::toString);
    }

    private static void check(List<Instruction> rows, int leastArguments) {
        Map<String, Set<String>> arguments = new HashMap<>();
        Map<String, Map<String, Integer>> answers = new HashMap<>();
        Set<List<String>> asked = new HashSet<>();
        for (Instruction row : rows) {
            int words = row.output().split(" ").length;
            assertTrue(!row.output().isBlank() && words <= 10, row::toString);
            assertTrue(asked.add(List.of(row.instruction(), row.input())), row::toString);
            String argument = row.input().isEmpty() ? row.instruction() : row.input();
            arguments.computeIfAbsent(row.task(), task -> new HashSet<>()).add(argument);
            answers.computeIfAbsent(row.task(), task -> new HashMap<>()).merge(row.output(), 1, Integer::sum);
        }
        arguments.forEach((task, inputs) ->
                assertTrue(inputs.size() >= leastArguments, () -> task + " has " + inputs.size() + " arguments"));
        answers.forEach((task, counts) -> {
            boolean twoClasses = task.equals("fact") || task.equals("sentiment");
            assertTrue(counts.size() >= (twoClasses ? 2 : 3), () -> task + " answers " + counts);
        });
    }

    private List<InstructionTask> allTasks() {
        List<InstructionTask> tasks = new ArrayList<>(set.trainingTasks());
        tasks.addAll(set.unseenTasks());
        return tasks;
    }
}
