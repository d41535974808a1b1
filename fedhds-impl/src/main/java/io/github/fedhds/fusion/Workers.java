package io.github.fedhds.fusion;

import io.github.fedhds.FedHdsException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Splits rows into one range a thread. A body writes only what belongs to its own rows, and computes each row as it would
 * alone, so the number of threads changes no bit. The caller's thread takes the first range.
 */
final class Workers implements AutoCloseable {
    /** Rows below which a further thread costs more than it brings. */
    private static final int ROWS_A_THREAD = 192;

    private final int rows;
    private final int threads;
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

    /** Runs the body over all rows; returns when every range is done. */
    void run(Body body) {
        List<Future<?>> others = new ArrayList<>();
        for (int t = 1; t < threads; t++) {
            int from = bound(t);
            int to = bound(t + 1);
            others.add(pool.submit(() -> body.run(from, to)));
        }
        body.run(0, bound(1));
        for (Future<?> other : others) {
            await(other::get);
        }
    }

    private int bound(int t) {
        return t == threads ? rows : (int) ((long) rows * t / threads) & ~7; // whole vectors
    }

    private static void await(Callable<?> end) {
        try {
            end.call();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new FedHdsException("interrupted while fusing features", e);
        } catch (ExecutionException e) {
            throw new FedHdsException("a fusion thread failed", e.getCause());
        } catch (Exception e) {
            throw new FedHdsException("a fusion thread failed", e);
        }
    }

    @Override
    public void close() {
        pool.shutdown();
    }
}
