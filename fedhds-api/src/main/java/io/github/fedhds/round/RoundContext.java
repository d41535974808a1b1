package io.github.fedhds.round;

import io.github.fedhds.adapter.Adapter;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SplittableRandom;

/**
 * The round that a role is called in. Immutable, safe for many threads.
 *
 * @param runId name of the run
 * @param round number of the round, from 1
 * @param client the client; empty on the server
 * @param seed the run's seed; get random numbers from {@link #random}
 * @param globalAdapter the adapter that the round starts from
 * @param settings settings of the application, as sent by the server
 * @param clients the round's clients in registration order, when the server calls its selector or aggregator; empty
 *     otherwise
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
        Objects.requireNonNull(runId, "runId");
        Objects.requireNonNull(client, "client");
        Objects.requireNonNull(globalAdapter, "globalAdapter");
        Objects.requireNonNull(settings, "settings");
        Objects.requireNonNull(clients, "clients");
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

    /** Round 1 of a run named "run" with seed 0, no client, an empty adapter: to use a role outside a federation. */
    public static RoundContext first() {
        return new RoundContext("run", 1, Optional.empty(), 0, Adapter.empty(), Map.of());
    }

    /** The same round with another seed. */
    public RoundContext withSeed(long newSeed) {
        return new RoundContext(runId, round, client, newSeed, globalAdapter, settings, clients);
    }

    /**
     * A separate random stream for this round, client and purpose.
     *
     * @param purpose use of the numbers, such as "dropout"; equal purposes give equal streams
     */
    public SplittableRandom random(String purpose) {
        return new SplittableRandom(seedOf(purpose));
    }

    /** The seed of {@link #random}, for other kinds of generators. */
    public long seedOf(String purpose) {
        return RandomStream.derive(
                seed, "round", round, client.map(ClientId::value).orElse(""), purpose);
    }
}
