package io.github.fedhds.clustering;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.FedHdsException;
import java.util.Arrays;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class CrewTest {
    @Test
    void run_work_isDoneOnceByEach() {
        for (int size = 1; size < 5; size++) {
            int[] runs = new int[size];
            try (Crew crew = new Crew(size)) {
                assertEquals(size, crew.size());
                crew.run(member -> runs[member]++);
                crew.run(member -> runs[member]++);
            }
            int[] twice = new int[size];
            Arrays.fill(twice, 2);
            assertArrayEquals(twice, runs);
        }
    }

    @Test
    void run_workThatFails_tellsWhy() {
        RuntimeException cause = new IllegalStateException("broken");
        try (Crew crew = new Crew(2)) {
            FedHdsException error = assertThrows(
                    FedHdsException.class,
                    () -> crew.run(member -> {
                        if (member == 1) {
                            throw cause;
                        }
                    }));
            assertSame(cause, error.getCause());
        }
    }

    @Test
    void run_interrupted_endsItAndItsThreads() throws InterruptedException {
        CountDownLatch ended = new CountDownLatch(1);
        try (Crew crew = new Crew(2)) {
            Thread.currentThread().interrupt();
            assertThrows(
                    FedHdsException.class,
                    () -> crew.run(member -> {
                        if (member == 1) {
                            try {
                                new CountDownLatch(1).await();
                            } catch (InterruptedException stop) {
                                ended.countDown();
                            }
                        }
                    }));
            assertTrue(Thread.interrupted(), "the interrupt is left for the caller to see");
        }
        assertTrue(ended.await(30, TimeUnit.SECONDS));
    }
}
