package io.github.fedhds.examples.http;

import io.github.fedhds.FedHdsServer;
import io.github.fedhds.message.RoundResult;
import io.github.fedhds.state.ServerStore;
import java.time.Duration;
import java.util.function.Consumer;

/**
 * Opens and closes the rounds of a server: a step ends when no client is missing, or its time is over. The state is saved before the
 * first round and after each, so that a server that was killed goes on.
 */
public final class ServerRounds {
    private static final Duration PAUSE = Duration.ofMillis(10);

    private final FedHdsServer server;
    private final ServerStore store;
    private final Duration step;

    /** @param step time that the clients have for their reports, and again for their adapters */
    public ServerRounds(FedHdsServer server, ServerStore store, Duration step) {
        this.server = server;
        this.store = store;
        this.step = step;
        store.save(server.state()); // so that the run's id is on disk before a message is sent
    }

    /**
     * Runs the rounds that are left.
     *
     * @param rounds number of all rounds
     * @param closed receives each round's result, after it was saved
     */
    public void run(int rounds, Consumer<RoundResult> closed) throws InterruptedException {
        for (int round = server.state().round() + 1; round <= rounds; round++) {
            server.open();
            await();
            server.select();
            await();
            while (!server.progress().orElseThrow().isLast()) { // the exchanges of a secure sum
                server.proceed();
                await();
            }
            RoundResult result = server.aggregate();
            store.save(server.state());
            closed.accept(result);
        }
    }

    private void await() throws InterruptedException {
        long end = System.nanoTime() + step.toNanos();
        while (!server.progress().orElseThrow().isComplete() && System.nanoTime() < end) {
            Thread.sleep(PAUSE.toMillis());
        }
    }
}
