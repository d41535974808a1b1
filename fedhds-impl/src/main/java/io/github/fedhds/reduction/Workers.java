package io.github.fedhds.reduction;

import com.google.common.util.concurrent.Uninterruptibles;
import io.github.fedhds.FedHdsException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Splits rows into one range per thread. A body writes only values of its own rows, and computes each row
 * independently, so the number of threads changes no bit. The calling thread takes the first range, and its interrupt
 * ends the work. No body runs after {@link #run} has returned, and no thread after {@link #close}. For the thread that
 * created it.
 *
 * <p>Waiting threads spin for a moment before they sleep: an iteration of t-SNE takes about as long as waking a thread.
 */
final class Workers implements AutoCloseable {
    /** Minimum number of rows per thread; with fewer, another thread costs more than it saves. */
    private static final int ROWS_A_THREAD = 192;

    private static final long SPIN_NANOS = 50_000;

    private final int rows;
    private final int threads;
    private final Thread caller = Thread.currentThread();
    private final List<Hand> hands = new ArrayList<>();
    private Body body = (from, to) -> {};
    /** Number of the current task; the write publishes {@link #body}. */
    private volatile int wanted;

    private volatile boolean closed;

    /** The work of a thread on its rows, {@code from} to before {@code to}. */
    @FunctionalInterface
    interface Body {
        void run(int from, int to);
    }

    Workers(int rows, int threads) {
        this.rows = rows;
        this.threads = Math.max(1, Math.min(threads, rows / ROWS_A_THREAD));
        for (int t = 1; t < this.threads; t++) {
            hands.add(new Hand(bound(t), bound(t + 1)));
        }
        hands.forEach(hand -> hand.thread.start());
    }

    /** A worker thread. */
    private final class Hand {
        private final int from;
        private final int to;
        private final Thread thread = new Thread(this::work, "fedhds-tsne");
        private volatile int done;
        private @Nullable Throwable failure;

        Hand(int from, int to) {
            this.from = from;
            this.to = to;
            thread.setDaemon(true);
        }

        private void work() {
            for (int known = 0; ; ) {
                int before = known;
                await(() -> wanted != before || closed);
                if (closed) {
                    return;
                }
                known = wanted;
                try {
                    body.run(from, to);
                } catch (Throwable e) { // published by the write of done, and thrown by the caller
                    failure = e;
                }
                done = known;
                LockSupport.unpark(caller);
            }
        }
    }

    /** Waits for the condition, ignoring interrupts; whoever fulfils it must unpark this thread. */
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

    /**
     * Runs the body over all rows; returns when every range is done.
     *
     * @throws FedHdsException if the caller is interrupted, during the call or before; it keeps its interrupt flag
     */
    void run(Body work) {
        checkGoOn("while the rows were compared");
        int number = wanted + 1;
        body = work;
        wanted = number;
        hands.forEach(hand -> LockSupport.unpark(hand.thread));
        try {
            work.run(0, bound(1));
        } finally {
            hands.forEach(hand -> await(() -> hand.done == number));
        }
        for (Hand hand : hands) {
            if (hand.failure != null) {
                throw new FedHdsException("a fusion thread failed", hand.failure);
            }
        }
        checkGoOn("while the rows were compared");
    }

    /** False if the caller is interrupted; a long body checks it regularly and may end early. */
    boolean goOn() {
        return !caller.isInterrupted();
    }

    /** Throws if the caller has been interrupted. */
    void checkGoOn(String when) {
        if (!goOn()) {
            throw new FedHdsException(
                    "t-SNE was interrupted " + when + "; nothing of it is kept", new InterruptedException());
        }
    }

    private int bound(int t) {
        return t == threads ? rows : (int) ((long) rows * t / threads) & ~7; // whole vectors
    }

    @Override
    public void close() {
        closed = true;
        for (Hand hand : hands) {
            LockSupport.unpark(hand.thread);
            Uninterruptibles.joinUninterruptibly(hand.thread);
        }
    }
}
