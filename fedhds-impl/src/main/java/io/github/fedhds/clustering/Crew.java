package io.github.fedhds.clustering;

import io.github.fedhds.FedHdsException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.IntConsumer;

/** Some threads that work at the same time, the caller's among them. Close it to let the others go. */
final class Crew implements AutoCloseable {
    private final int size;
    private final ExecutorService others;

    /** A crew of this many, 1 or more. */
    Crew(int size) {
        this.size = size;
        others = Executors.newFixedThreadPool(
                Math.max(1, size - 1),
                work -> { // starts no thread before it has work
                    Thread thread = new Thread(work, "fedhds-clustering");
                    thread.setDaemon(true);
                    return thread;
                });
    }

    /** How many work. */
    int size() {
        return size;
    }

    /** Each runs the work with its own number, from 0; returns when all are done. */
    void run(IntConsumer work) {
        List<Future<?>> running = new ArrayList<>();
        for (int member = 1; member < size; member++) {
            int number = member;
            running.add(others.submit(() -> work.accept(number)));
        }
        work.accept(0);
        try {
            for (Future<?> one : running) {
                one.get();
            }
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
            throw new FedHdsException("interrupted while clustering", stop);
        } catch (ExecutionException failure) {
            throw new FedHdsException("a clustering thread failed", failure.getCause());
        }
    }

    @Override
    public void close() {
        others.shutdownNow();
    }
}
