package io.github.fedhds.fusion;

import com.google.common.util.concurrent.Uninterruptibles;
import io.github.fedhds.FedHdsException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Splits rows into one range a thread. A body writes only what belongs to its own rows, and computes each row as it would
 * alone, so the number of threads changes no bit. The caller's thread takes the first range, and its interrupt ends the
 * work. No body runs on after {@link #run} has ended, and no thread after {@link #close}.
 */
final class Workers implements AutoCloseable {
    /** Rows below which a further thread costs more than it brings. */
    private static final int ROWS_A_THREAD = 192;

    private final int rows;
    private final int threads;
    private final Thread caller = Thread.currentThread();
    private final ExecutorService pool;

    /** What a thread does with its rows, {@code from} to before {@code to}. */
    @FunctionalInterface
    interface Body {
        void run(int from, int to);
    }

    Workers(int rows, int threads) {
        this.rows = rows;
        this.threads = Math.max(1, Math.min(threads, rows / ROWS_A_THREAD));
        this.pool = Executors.newFixedThreadPool(Math.max(1, this.threads - 1), task -> {
            Thread thread = new Thread(task, "fedhds-tsne");
            thread.setDaemon(true);
            return thread;
        });
    }

    /**
     * Runs the body over all rows; returns when every range is done.
     *
     * @throws FedHdsException if the caller is interrupted, then or before; it keeps its interrupt flag
     */
    void run(Body body) {
        checkGoOn("while the rows were compared");
        List<Future<?>> others = new ArrayList<>();
        for (int t = 1; t < threads; t++) {
            int from = bound(t);
            int to = bound(t + 1);
            others.add(pool.submit(() -> body.run(from, to)));
        }
        try {
            body.run(0, bound(1));
        } finally {
            others.forEach(Workers::await);
        }
        checkGoOn("while the rows were compared");
    }

    /** Whether the caller has not been interrupted; a long body asks now and then, and may end early if so. */
    boolean goOn() {
        return !caller.isInterrupted();
    }

    /** Ends the work by an exception if the caller has been interrupted. */
    void checkGoOn(String when) {
        if (!goOn()) {
            throw new FedHdsException(
                    "t-SNE was interrupted " + when + "; nothing of it is kept", new InterruptedException());
        }
    }

    private int bound(int t) {
        return t == threads ? rows : (int) ((long) rows * t / threads) & ~7; // whole vectors
    }

    private static void await(Future<?> end) {
        try {
            Uninterruptibles.getUninterruptibly(end);
        } catch (ExecutionException e) {
            throw new FedHdsException("a fusion thread failed", e.getCause());
        }
    }

    @Override
    public void close() {
        pool.shutdown();
        Uninterruptibles.awaitTerminationUninterruptibly(pool);
    }
}
