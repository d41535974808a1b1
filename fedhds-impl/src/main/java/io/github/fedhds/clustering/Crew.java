package io.github.fedhds.clustering;

import io.github.fedhds.FedHdsException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.IntConsumer;

/** Threads that work in parallel, including the caller's. Close it to release the others. */
final class Crew implements AutoCloseable {
    private final int size;
    private final ExecutorService others;

    /** Creates a crew of this size, 1 or more. */
    Crew(int size) {
        this.size = size;
        others = Executors.newFixedThreadPool(
                Math.max(1, size - 1),
                work -> { // creates a thread only when it has work
                    Thread thread = new Thread(work, "fedhds-clustering");
                    thread.setDaemon(true);
                    return thread;
                });
    }

    /** Number of threads. */
    int size() {
        return size;
    }

    /** Runs the work on each thread with its number, from 0; returns when all are done. */
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
