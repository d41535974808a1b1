package io.github.fedhds.dataset;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.fedhds.instruction.Instruction;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class HeldOutTasksTest {
    private static Dataset data(String... tasks) {
        Map<String, List<Instruction>> byTask = new TreeMap<>();
        for (String task : tasks) {
            byTask.put(task, List.of(new Instruction("of " + task, "", "a", task)));
        }
        return new Dataset(byTask, Map.of("drawn", List.of(new Instruction("q", "", "a", "drawn"))));
    }

    @Test
    void holdingOut_names_replaceTheTasksHeldOutBefore() {
        Dataset data = data("imdb_a", "imdb_b", "task1", "task10", "").holdingOut(List.of("imdb", "task1"));
        assertEquals("[, drawn, task10]", data.training().keySet().toString());
        assertEquals("[imdb_a, imdb_b, task1]", data.unseen().keySet().toString());
        assertEquals(6, data.allTraining().size() + data.allUnseen().size());
        assertEquals(data, data.holdingOut(List.of("task1", "imdb_b", "imdb_a", "imdb")));
        assertEquals("[]", data.holdingOut(List.of()).unseen().keySet().toString());
    }

    @Test
    void holdingOut_unknownOrAllNames_areRefused() {
        Class<IllegalArgumentException> kind = IllegalArgumentException.class;
        assertFails(kind, () -> data("a").holdingOut(List.of("a", "b")), "no task is named \"b\"", "[a, drawn]");
        assertFails(kind, () -> data("a").holdingOut(List.of("")), "no task is named \"\"");
        assertFails(kind, () -> data("a").holdingOut(List.of("a", "drawn")), "all 2 tasks would be held out");
    }

    /** An empty name is that of the instructions without a task, not the beginning of every name. */
    @Test
    void holdingOut_emptyName_isTheTaskWithoutName() {
        assertEquals(Set.of(""), data("", "b").holdingOut(List.of("")).unseen().keySet());
    }
}
