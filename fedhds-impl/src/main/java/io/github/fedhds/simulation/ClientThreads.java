package io.github.fedhds.simulation;

import com.google.common.util.concurrent.Uninterruptibles;
import io.github.fedhds.FedHdsException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Runs clients in parallel and passes their results on in the order of the work. For one thread. */
final class ClientThreads implements AutoCloseable {
    private final ExecutorService pool;
    private final int most;

    ClientThreads(int parallel) {
        most = (int) Math.min(2L * parallel, Integer.MAX_VALUE);
        pool = Executors.newFixedThreadPool(parallel, task -> {
            Thread thread = new Thread(task, "fedhds-client");
            thread.setDaemon(true);
            return thread;
        });
    }

    /**
     * Passes each result on as soon as it and all earlier ones are available. To hold few results, it starts at most
     * twice as many tasks ahead of the awaited one as run in parallel. After a failure it starts no more tasks.
     */
    <T> void inOrder(List<Callable<T>> work, Consumer<T> taker) {
        AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
        Deque<Future<T>> begun = new ArrayDeque<>();
        Iterator<Callable<T>> rest = work.iterator();
        try {
            while (rest.hasNext() || !begun.isEmpty()) {
                while (rest.hasNext() && begun.size() < most) {
                    begun.add(begin(rest.next(), failure));
                }
                if (Thread.interrupted()) { // get skips this check if the result is available
                    throw new InterruptedException();
                }
                taker.accept(begun.remove().get());
            }
        } catch (ExecutionException e) {
            end(begun, failure, e);
            if (failure.get() instanceof RuntimeException first) {
                throw first;
            }
            throw new FedHdsException("a client failed", failure.get());
        } catch (InterruptedException e) {
            end(begun, failure, e);
            Thread.currentThread().interrupt();
            throw new FedHdsException("interrupted while clients were at work", e);
        } catch (RuntimeException | Error e) { // thrown by the taker
            end(begun, failure, e);
            throw e;
        }
    }

    private <T> Future<T> begin(Callable<T> work, AtomicReference<@Nullable Throwable> failure) {
        return pool.submit(() -> {
            if (failure.get() != null) {
                throw new CancellationException("another client failed, or the run was interrupted");
            }
            try {
                return work.call();
            } catch (Exception | Error e) {
                failure.compareAndSet(null, e);
                throw e;
            }
        });
    }

    private static <T> void end(Deque<Future<T>> begun, AtomicReference<@Nullable Throwable> failure, Throwable cause) {
        failure.compareAndSet(null, cause); // before a thread can start another client
        begun.forEach(future -> future.cancel(true));
    }

    /** Waits for the running threads even if interrupted: they use a model that the caller may close after this. */
    @Override
    public void close() {
        pool.shutdownNow();
        Uninterruptibles.awaitTerminationUninterruptibly(pool);
    }
}
