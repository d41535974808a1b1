package io.github.fedhds.internal;

import com.google.common.util.concurrent.Uninterruptibles;
import io.github.fedhds.FedHdsException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Worker threads for one task, including the thread that created this object; only that thread may call {@link #run}.
 * Its interrupt ends the task. No work continues after {@code run} has returned or thrown, and no thread runs after
 * {@link #close}.
 *
 * <p>A waiting thread spins for a moment before it sleeps: an iteration of t-SNE takes about as long as waking a
 * thread.
 */
public final class Workers implements AutoCloseable {
    private static final long SPIN_NANOS = 50_000;

    private final Task task;
    private final Thread caller = Thread.currentThread();
    private final List<Worker> others = new ArrayList<>();
    private IntConsumer work = number -> {};
    /** Number of the last requested run; writing it publishes {@link #work}. */
    private volatile int wanted;

    private volatile boolean closed;

    /**
     * Names and messages of a task.
     *
     * @param thread follows "fedhds-" in the names of the threads
     * @param failed message if a thread other than the caller fails
     * @param interrupted message if the caller is interrupted
     */
    public record Task(String thread, String failed, String interrupted) {}

    /** The work of a thread on its rows. */
    @FunctionalInterface
    public interface Range {
        /** Works on the rows {@code from} to {@code to - 1}. */
        void run(int from, int to);
    }

    /**
     * Starts the threads.
     *
     * @param threads number of threads including the caller's, 1 or more
     */
    public Workers(Task task, int threads) {
        this.task = task;
        for (int number = 1; number < threads; number++) {
            others.add(new Worker(number));
        }
        others.forEach(worker -> worker.thread.start());
    }

    private final class Worker {
        private final Thread thread;
        private final int number;
        private volatile int done;
        private @Nullable Throwable failure; // published by writing done

        Worker(int number) {
            this.number = number;
            thread = new Thread(this::loop, "fedhds-" + task.thread());
            thread.setDaemon(true);
        }

        private void loop() {
            for (int last = 0; ; ) {
                int before = last;
                await(() -> wanted != before || closed);
                if (closed) {
                    return;
                }
                last = wanted;
                failure = null;
                try {
                    work.accept(number);
                } catch (Throwable e) {
                    failure = e;
                }
                done = last;
                LockSupport.unpark(caller);
            }
        }
    }

    /** Waits for the condition, ignoring interrupts; the thread that makes it true unparks this one. */
    private static void await(BooleanSupplier condition) {
        long start = System.nanoTime();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - start < SPIN_NANOS) {
                Thread.onSpinWait();
            } else {
                LockSupport.park(condition);
            }
        }
    }

    /** Number of threads. */
    public int size() {
        return others.size() + 1;
    }

    /**
     * Runs the work on each thread with the thread's number, from 0 for the caller; returns when all are done.
     *
     * @throws FedHdsException if the caller is or was interrupted (it keeps its interrupt flag), or another thread
     *     fails
     */
    public void run(IntConsumer workOfThread) {
        checkInterrupt(task.interrupted());
        int number = wanted + 1;
        work = workOfThread;
        wanted = number;
        others.forEach(worker -> LockSupport.unpark(worker.thread));
        try {
            workOfThread.accept(0);
        } finally {
            others.forEach(worker -> await(() -> worker.done == number));
        }
        for (Worker worker : others) {
            if (worker.failure != null) {
                throw new FedHdsException(task.failed(), worker.failure);
            }
        }
        checkInterrupt(task.interrupted());
    }

    /**
     * Splits rows into one range per thread. A range starts at a multiple of 8, so that ranges are whole vectors. If
     * the work on a row depends on that row alone, the number of threads changes no bit.
     *
     * @throws FedHdsException as {@link #run(IntConsumer)}
     */
    public void run(int rows, Range range) {
        run(number -> range.run(bound(rows, number), bound(rows, number + 1)));
    }

    private int bound(int rows, int number) {
        return number == size() ? rows : (int) ((long) rows * number / size()) & ~7;
    }

    /** Whether the caller has been interrupted; long work checks it regularly and may end early. */
    public boolean isInterrupted() {
        return caller.isInterrupted();
    }

    /**
     * Throws if the caller has been interrupted.
     *
     * @param message message of the exception
     * @throws FedHdsException if the caller has been interrupted
     */
    public void checkInterrupt(String message) {
        if (isInterrupted()) {
            throw new FedHdsException(message, new InterruptedException());
        }
    }

    @Override
    public void close() {
        closed = true;
        for (Worker worker : others) {
            LockSupport.unpark(worker.thread);
            Uninterruptibles.joinUninterruptibly(worker.thread);
        }
    }
}
