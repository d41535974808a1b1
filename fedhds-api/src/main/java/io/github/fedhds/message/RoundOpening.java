package io.github.fedhds.message;

import io.github.fedhds.ClientId;
import io.github.fedhds.RoundContext;
import io.github.fedhds.training.Adapter;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Server to clients: a round begins.
 *
 * @param runId name of the run
 * @param round number, from 1
 * @param clients the clients that take part, in roster order
 * @param seed the run's seed
 * @param globalAdapter the adapter to start from
 * @param settings the round's settings, the application's own
 * @param frame coordinates in which the clients send their groups' centres; empty: each in those of its own fusion
 */
public record RoundOpening(
        String runId,
        int round,
        List<ClientId> clients,
        long seed,
        Adapter globalAdapter,
        Map<String, String> settings,
        Optional<Frame> frame)
        implements Message {
    public RoundOpening {
        if (round < 1) {
            throw new IllegalArgumentException("round must be 1 or more, was " + round);
        }
        clients = List.copyOf(clients);
        settings = Map.copyOf(settings);
    }

    /** An opening without a shared frame. */
    public RoundOpening(
            String runId,
            int round,
            List<ClientId> clients,
            long seed,
            Adapter globalAdapter,
            Map<String, String> settings) {
        this(runId, round, clients, seed, globalAdapter, settings, Optional.empty());
    }

    /** The round as a client sees it. */
    public RoundContext contextOf(ClientId client) {
        return new RoundContext(runId, round, Optional.of(client), seed, globalAdapter, settings);
    }

    /** The round as the server sees it. */
    public RoundContext context() {
        return new RoundContext(runId, round, Optional.empty(), seed, globalAdapter, settings, clients);
    }
}
