package io.github.fedhds.round;

import io.github.fedhds.adapter.Adapter;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;

/**
 * What every role knows of the round that it works in. Immutable, safe for many threads.
 *
 * @param runId name of the run
 * @param round number of the round, from 1
 * @param client the client that works; empty on the server
 * @param seed the run's seed; draw through {@link #random}
 * @param globalAdapter the adapter that the round starts from
 * @param settings the round's settings as the server sent them; names and values are the application's
 * @param clients the round's clients in the order in which they are registered, where the server calls its selector and
 *     its aggregator; empty everywhere else
 */
public record RoundContext(
        String runId,
        int round,
        Optional<ClientId> client,
        long seed,
        Adapter globalAdapter,
        Map<String, String> settings,
        List<ClientId> clients) {
    public RoundContext {
        if (round < 1) {
            throw new IllegalArgumentException("round must be 1 or more, was " + round);
        }
        settings = Map.copyOf(settings);
        clients = List.copyOf(clients);
    }

    /** A round without a list of clients. */
    public RoundContext(
            String runId,
            int round,
            Optional<ClientId> client,
            long seed,
            Adapter globalAdapter,
            Map<String, String> settings) {
        this(runId, round, client, seed, globalAdapter, settings, List.of());
    }

    /** Round 1 of a run named "run" with seed 0, no client, an empty adapter: for use of a role outside a federation. */
    public static RoundContext first() {
        return new RoundContext("run", 1, Optional.empty(), 0, Adapter.empty(), Map.of());
    }

    /** The same round with another seed. */
    public RoundContext withSeed(long newSeed) {
        return new RoundContext(runId, round, client, newSeed, globalAdapter, settings, clients);
    }

    /**
     * A random stream of its own for this round, this client and this purpose.
     *
     * @param purpose what the numbers are for, such as "dropout"; equal purposes give equal streams
     */
    public SplittableRandom random(String purpose) {
        return new SplittableRandom(seedOf(purpose));
    }

    /** The seed of {@link #random}, for generators of another kind. */
    public long seedOf(String purpose) {
        return RandomStream.derive(
                seed, "round", round, client.map(ClientId::value).orElse(""), purpose);
    }
}
