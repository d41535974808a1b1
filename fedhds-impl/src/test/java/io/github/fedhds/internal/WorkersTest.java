package io.github.fedhds.internal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.FedHdsException;
import java.util.Arrays;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class WorkersTest {
    private static final Workers.Task TASK =
            new Workers.Task("test", "a test thread failed", "the test was interrupted");

    @Test
    void run_work_isDoneOnceByEach() {
        for (int size = 1; size < 5; size++) {
            int[] runs = new int[size];
            try (Workers workers = new Workers(TASK, size)) {
                assertEquals(size, workers.size());
                workers.run(number -> runs[number]++);
                workers.run(number -> runs[number]++);
            }
            int[] twice = new int[size];
            Arrays.fill(twice, 2);
            assertArrayEquals(twice, runs);
        }
    }

    @Test
    void run_workThatFails_tellsWhy() {
        RuntimeException cause = new IllegalStateException("broken");
        try (Workers workers = new Workers(TASK, 2)) {
            FedHdsException error = assertThrows(
                    FedHdsException.class,
                    () -> workers.run(number -> {
                        if (number == 1) {
                            throw cause;
                        }
                    }));
            assertSame(cause, error.getCause());
            assertEquals("a test thread failed", error.getMessage());
        }
    }

    @Test
    void run_interrupted_endsItAndItsThreads() {
        CountDownLatch ended = new CountDownLatch(1);
        try (Workers workers = new Workers(TASK, 2)) {
            Thread caller = Thread.currentThread();
            assertThrows(
                    FedHdsException.class,
                    () -> workers.run(number -> {
                        if (number == 0) {
                            caller.interrupt();
                        } else {
                            while (!workers.isInterrupted()) {
                                Thread.onSpinWait();
                            }
                            ended.countDown();
                        }
                    }));
            assertEquals(0, ended.getCount(), "no work goes on");
            assertTrue(Thread.interrupted(), "the interrupt is left for the caller to see");
        }
        assertEquals(
                0,
                Thread.getAllStackTraces().keySet().stream()
                        .filter(thread -> thread.getName().equals("fedhds-test"))
                        .count());
    }

    @Test
    void run_rows_areSplitIntoRangesOfWholeVectors() {
        for (int size = 1; size < 5; size++) {
            int[] seen = new int[50];
            try (Workers workers = new Workers(TASK, size)) {
                workers.run(50, (from, to) -> {
                    assertEquals(0, from % 8);
                    for (int row = from; row < to; row++) {
                        seen[row]++;
                    }
                });
            }
            int[] once = new int[50];
            Arrays.fill(once, 1);
            assertArrayEquals(once, seen);
        }
    }
}
