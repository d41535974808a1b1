package io.github.fedhds.message;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.round.RoundContext;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Server to clients: a round begins.
 *
 * @param runId name of the run
 * @param round number, from 1
 * @param clients the clients that take part, in the order in which they were registered
 * @param seed the run's seed. It goes to every client, so nothing that must stay secret may be derived from it
 * @param globalAdapter the adapter to start from
 * @param settings the round's settings, the application's own, for the roles to read
 * @param agreedSettings settings that a client must have too, by name: a client with another value, with one more or one
 *     less takes no part
 * @param frame coordinates in which the clients send their groups' centres; empty: each in those of its own fusion
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
        if (round < 1) {
            throw new IllegalArgumentException("round must be 1 or more, was " + round);
        }
        clients = List.copyOf(clients);
        settings = Map.copyOf(settings);
        agreedSettings = Map.copyOf(agreedSettings);
    }

    /** An opening that asks for no settings. */
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

    /** An opening without a shared frame that asks for no settings. */
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
     * SHA-256 over all fields, in hexadecimal: equal for equal openings, on every machine. A report carries that of the opening
     * that it answers.
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
