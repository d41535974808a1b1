package io.github.fedhds.examples.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.instruction.Instruction;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class OwnDataTest {
    private static final OwnData DATA = new OwnData(
            Map.of(),
            List.of(),
            0,
            IntStream.range(0, 30)
                    .mapToObj(i -> new Instruction("i" + i, "", "o", "task" + i / 10))
                    .toList(),
            3);

    @Test
    void evaluatedOn_noLimit_keepsAll() {
        assertEquals(DATA, DATA.evaluatedOn(Optional.empty(), List.of(), 1));
        assertEquals(DATA, DATA.evaluatedOn(Optional.of(10), List.of(), 1));
    }

    @Test
    void evaluatedOn_limit_drawsOfEachTask() {
        OwnData few = DATA.evaluatedOn(Optional.of(4), List.of("task2", "task0"), 1);
        assertEquals(2, few.unseenTasks());
        assertEquals(
                List.of(4L, 4L),
                List.of("task0", "task2").stream()
                        .map(task -> few.unseen().stream()
                                .filter(sample -> sample.task().equals(task))
                                .distinct()
                                .count())
                        .toList());
        assertTrue(DATA.unseen().containsAll(few.unseen()));
        assertEquals(few, DATA.evaluatedOn(Optional.of(4), List.of("task2", "task0"), 1), "the seed decides");
        assertTrue(!few.equals(DATA.evaluatedOn(Optional.of(4), List.of("task2", "task0"), 2)));
    }

    @Test
    void evaluatedOn_unknownTask_isNamedWithTheKnownOnes() {
        FedHdsException thrown =
                assertThrows(FedHdsException.class, () -> DATA.evaluatedOn(Optional.empty(), List.of("other"), 1));
        assertTrue(String.valueOf(thrown.getMessage()).contains("other"), thrown::toString);
        assertTrue(String.valueOf(thrown.getMessage()).contains("[task0, task1, task2]"), thrown::toString);
    }
}
