package io.github.fedhds.simulation;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.FedHdsException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ClientThreadsTest {
    private static List<Callable<Integer>> numbers(int count) {
        return IntStream.range(0, count)
                .<Callable<Integer>>mapToObj(i -> () -> i)
                .toList();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 7, Integer.MAX_VALUE})
    void inOrder_anyNumberAtATime_givesAllInOrder(int parallel) {
        List<Integer> taken = new ArrayList<>();
        try (ClientThreads threads = new ClientThreads(parallel)) {
            threads.inOrder(numbers(20), taken::add);
        }
        assertEquals(IntStream.range(0, 20).boxed().toList(), taken);
    }

    /** The results are there by then, so that nothing waits. */
    @RepeatedTest(20)
    void inOrder_interruptedWhileAResultIsTaken_endsBeforeTheNext() {
        List<Integer> taken = new ArrayList<>();
        try (ClientThreads threads = new ClientThreads(2)) {
            assertFails(
                    FedHdsException.class,
                    () -> threads.inOrder(numbers(10), number -> {
                        taken.add(number);
                        if (number == 3) {
                            Thread.currentThread().interrupt();
                        }
                    }),
                    "interrupted while clients were at work");
        }
        assertTrue(Thread.interrupted(), "the interrupt flag is kept");
        assertEquals(List.of(0, 1, 2, 3), taken);
    }
}
