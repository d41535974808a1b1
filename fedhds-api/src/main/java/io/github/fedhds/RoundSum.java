package io.github.fedhds;

import io.github.fedhds.RoundProgress.Step;
import io.github.fedhds.aggregation.MeanUpdate;
import io.github.fedhds.aggregation.SecureServer;
import io.github.fedhds.message.Message;
import io.github.fedhds.message.MessageKind;
import io.github.fedhds.message.Receipt;
import io.github.fedhds.message.Refusal;
import io.github.fedhds.message.RoundOpening;
import io.github.fedhds.message.SumPart;
import io.github.fedhds.round.ClientId;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * The secure sum of one round on the server: four exchanges in which clients send keys, shares, masked updates and revealed shares. For one
 * thread at a time.
 */
final class RoundSum {
    private static final List<MessageKind> KINDS =
            List.of(MessageKind.KEYS, MessageKind.SHARES, MessageKind.MASKED_UPDATE, MessageKind.REVEALED_SHARES);
    private static final List<Step> STEPS = List.of(Step.KEYS, Step.SHARES, Step.MASKED_UPDATES, Step.REVEALED_SHARES);

    private final RoundOpening opening;
    private final SecureServer server;
    private int exchange;
    private List<ClientId> asked;
    private Map<ClientId, Message> requests = Map.of();
    private final List<Map<ClientId, String>> answers = new ArrayList<>(); // digests, of each exchange
    private final Set<ClientId> refused = new HashSet<>(); // in the present exchange

    /** @param asked the clients with a chosen group, in registered order */
    RoundSum(RoundOpening opening, SecureServer server, List<ClientId> asked) {
        this.opening = opening;
        this.server = server;
        this.asked = asked;
        KINDS.forEach(kind -> answers.add(new HashMap<>()));
    }

    Step step() {
        return STEPS.get(exchange);
    }

    /** The clients whose answer the present exchange takes. */
    List<ClientId> asked() {
        return asked;
    }

    /** Those who have answered. */
    Set<ClientId> answered() {
        return answers.get(exchange).keySet();
    }

    /** Those whose answer was refused for what it holds. */
    Set<ClientId> refused() {
        return refused;
    }

    Optional<Message> requestFor(ClientId client) {
        return Optional.ofNullable(requests.get(client));
    }

    /** A client that refuses a message of the present exchange, for example because it was restarted, is not waited for. */
    void noteRefusal(Receipt receipt) {
        boolean present = receipt.party().map(requests::get).map(Message::kind).equals(receipt.answers());
        if (present) {
            receipt.party().ifPresent(refused::add);
        }
    }

    Receipt accept(SumPart part) {
        int of = KINDS.indexOf(part.kind());
        if (of < 0) {
            return Receipt.refused(part, Refusal.WRONG_KIND, "a server sends this part of a secure sum");
        }
        String before = answers.get(of).get(part.client());
        if (before != null) {
            return before.equals(part.digest())
                    ? Receipt.alreadyHad(part)
                    : Receipt.refused(
                            part,
                            Refusal.CONFLICTING,
                            "client " + part.client() + " has sent another part of this kind in this round");
        }
        if (of != exchange) {
            return Receipt.refused(
                    part,
                    of < exchange ? Refusal.LATE : Refusal.EARLY,
                    "round " + opening.round() + " takes parts of kind " + KINDS.get(exchange) + " now");
        }
        if (!asked.contains(part.client())) {
            return Receipt.refused(
                    part,
                    Refusal.NOT_CHOSEN,
                    "client " + part.client()
                            + " takes no part in this exchange: no group of it was chosen, or its part"
                            + " before this one did not arrive");
        }
        try {
            take(part);
        } catch (RuntimeException e) { // costs this part alone, also if the role of an application fails
            refused.add(part.client()); // asking it again would bring the same
            return Receipt.refused(part, Refusal.SECURE_SUM, String.valueOf(e.getMessage()));
        }
        answers.get(of).put(part.client(), part.digest());
        return Receipt.accepted(part);
    }

    private void take(SumPart part) {
        Map<ClientId, byte[]> parts = part.parts();
        ClientId client = part.client();
        switch (part.kind()) {
            case KEYS -> server.acceptKeys(client, own(part, parts));
            case SHARES -> server.acceptShares(client, parts);
            case MASKED_UPDATE -> server.acceptMasked(client, own(part, parts));
            default -> server.acceptRevealed(client, parts);
        }
    }

    private static byte[] own(SumPart part, Map<ClientId, byte[]> parts) {
        byte[] bytes = parts.get(part.client());
        if (bytes == null || parts.size() != 1) {
            throw new IllegalArgumentException(
                    "a message of kind " + part.kind() + " has one part, of its sender; was of " + parts.keySet());
        }
        return bytes;
    }

    /**
     * Ends the present exchange; what arrives for it later does not count.
     *
     * @return the next message for each client that goes on, in registered order
     * @throws IllegalArgumentException if those that have answered are too few for a sum
     */
    Map<ClientId, Message> next() {
        Map<ClientId, Message> made = new LinkedHashMap<>(); // in registered order
        List<ClientId> on = asked.stream().filter(answered()::contains).toList();
        switch (KINDS.get(exchange)) {
            case KEYS -> {
                Map<ClientId, byte[]> keys = server.keys();
                toAll(on, MessageKind.KEY_LIST, keys, made);
            }
            case SHARES ->
                on.forEach(client -> made.put(client, part(client, MessageKind.SHARE_LIST, server.sharesFor(client))));
            default -> {
                Map<ClientId, byte[]> survivors = new TreeMap<>();
                server.survivors().forEach(client -> survivors.put(client, new byte[0]));
                toAll(on, MessageKind.SURVIVORS, survivors, made);
            }
        }
        requests = made;
        asked = on;
        refused.clear();
        exchange++;
        return made;
    }

    /** One message in memory for all receivers. */
    private void toAll(List<ClientId> on, MessageKind kind, Map<ClientId, byte[]> parts, Map<ClientId, Message> made) {
        if (!on.isEmpty()) {
            SumPart first = part(on.get(0), kind, parts);
            on.forEach(client -> made.put(client, first.to(client)));
        }
    }

    private SumPart part(ClientId client, MessageKind kind, Map<ClientId, byte[]> parts) {
        return new SumPart(opening.runId(), opening.round(), client, kind, parts);
    }

    /**
     * The mean of the updates of the clients {@link #asked} in the last exchange.
     *
     * @throws IllegalStateException if it cannot be known
     */
    MeanUpdate mean() {
        return Objects.requireNonNull(server.mean(), "mean of a secure sum");
    }
}
