package io.github.fedhds.message;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.round.RoundContext;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * Server to clients: opens a round.
 *
 * @param runId name of the run
 * @param round number, from 1
 * @param clients the clients that take part, in the order in which they were registered
 * @param seed the run's seed. Every client receives it, so never derive a secret from it
 * @param globalAdapter the adapter to start from
 * @param settings settings of the application, which roles can read
 * @param agreedSettings settings that each client must have with equal values, by name; a client with a different, an additional or a
 *     missing setting withdraws
 * @param frame coordinates of the centroids that clients send; if empty, each client uses the coordinates of its fusion
 */
public record RoundOpening(
        String runId,
        int round,
        List<ClientId> clients,
        long seed,
        Adapter globalAdapter,
        Map<String, String> settings,
        Map<String, String> agreedSettings,
        Optional<Frame> frame)
        implements Message {
    public RoundOpening {
        Objects.requireNonNull(runId, "runId");
        Objects.requireNonNull(clients, "clients");
        Objects.requireNonNull(globalAdapter, "globalAdapter");
        Objects.requireNonNull(settings, "settings");
        Objects.requireNonNull(agreedSettings, "agreedSettings");
        Objects.requireNonNull(frame, "frame");
        if (round < 1) {
            throw new IllegalArgumentException("round must be 1 or more, was " + round);
        }
        clients = List.copyOf(clients);
        settings = Map.copyOf(settings);
        agreedSettings = Map.copyOf(agreedSettings);
    }

    /** An opening without agreed settings. */
    public RoundOpening(
            String runId,
            int round,
            List<ClientId> clients,
            long seed,
            Adapter globalAdapter,
            Map<String, String> settings,
            Optional<Frame> frame) {
        this(runId, round, clients, seed, globalAdapter, settings, Map.of(), frame);
    }

    /** An opening without agreed settings and without a shared frame. */
    public RoundOpening(
            String runId,
            int round,
            List<ClientId> clients,
            long seed,
            Adapter globalAdapter,
            Map<String, String> settings) {
        this(runId, round, clients, seed, globalAdapter, settings, Optional.empty());
    }

    @Override
    public Optional<ClientId> party() {
        return Optional.empty();
    }

    @Override
    public MessageKind kind() {
        return MessageKind.OPENING;
    }

    /**
     * SHA-256 over all fields, in hexadecimal; the same on every machine. A report carries the digest of the opening that it
     * answers.
     */
    public String digest() {
        MessageDigests digest = new MessageDigests().text(runId).number(round).number(seed);
        digest.number(clients.size());
        clients.forEach(client -> digest.text(client.value()));
        digest.text(globalAdapter.digest()).texts(settings).texts(agreedSettings);
        frame.ifPresent(shared -> {
            if (shared instanceof Frame.Signs signs) {
                digest.text("signs").number(signs.dimensions()).number(signs.seed());
            } else if (shared instanceof Frame.Axes axes) {
                digest.text("axes").numbers(axes.mean()).numbers(axes.axes());
            }
        });
        return digest.hexadecimal();
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
