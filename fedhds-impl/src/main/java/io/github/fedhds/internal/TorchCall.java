package io.github.fedhds.internal;

import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.jni.JniUtils;
import io.github.fedhds.FedHdsException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * A call of torch: its native memory, and torch's settings of the calling thread, which are restored afterwards. Other
 * native code on this thread, such as ND4J, may have changed the number of OpenMP threads, which changes the last bits of
 * sums. For one thread; to be closed by it.
 *
 * <p>A JVM that is told to stop (SIGTERM, Ctrl-C, System.exit) waits for the calls that run, at most 20 seconds.
 * Otherwise the C library frees torch's tables while a thread computes with them, and the process ends with the report of
 * a crash. Then no other call begins: it throws, so that whatever waits for its thread goes on.
 */
public class TorchCall implements AutoCloseable {
    /** Each call holds the read lock; the end of the JVM takes the write lock for ever. */
    private static final ReentrantReadWriteLock RUNNING = new ReentrantReadWriteLock();

    private static final int MOST_SECONDS = 20;

    private static volatile boolean stopping;

    static {
        Runtime.getRuntime().addShutdownHook(new Thread(TorchCall::waitForAll, "fedhds-torch-calls"));
    }

    private final NDManager scope;
    private final int before;

    /**
     * Begins a call.
     *
     * @param threads torch's threads per operation
     * @throws FedHdsException if the JVM is stopping and has waited for the calls that ran
     */
    public TorchCall(NDManager manager, int threads) {
        if (!RUNNING.readLock().tryLock()) { // fails only if the write lock is taken
            throw new FedHdsException("the JVM is stopping; no computation of the model begins any more");
        }
        try {
            scope = manager.newSubManager();
        } catch (RuntimeException | Error e) {
            RUNNING.readLock().unlock();
            throw e;
        }
        before = TorchRuntime.threads();
        TorchRuntime.threads(threads);
        // Also per thread: the profiling executor recompiles for every new shape, which costs more than it saves.
        JniUtils.setGraphExecutorOptimize(false);
    }

    /**
     * For a call that takes long, between two of its steps.
     *
     * @throws FedHdsException if the JVM is stopping
     */
    public static void checkRunning() {
        if (stopping) {
            throw new FedHdsException("the JVM is stopping; the computation of the model ends here");
        }
    }

    private static void waitForAll() {
        stopping = true;
        try {
            RUNNING.writeLock().tryLock(MOST_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Native memory that is freed at the end of the call. */
    public final NDManager scope() {
        return scope;
    }

    /** Frees the memory and restores the caller's settings. */
    @Override
    public final void close() {
        try {
            scope.close();
            TorchRuntime.threads(before);
            JniUtils.setGraphExecutorOptimize(TorchRuntime.optimizesGraphs());
        } finally {
            RUNNING.readLock().unlock();
        }
    }
}
