package io.github.fedhds;

import io.github.fedhds.aggregation.SecureClient;
import io.github.fedhds.message.MessageKind;
import io.github.fedhds.message.SumPart;
import io.github.fedhds.round.ClientId;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;

/**
 * The secure sum of one round on a client. The same message again gives the same answer again; another message of a kind that was answered
 * gives none, as it would mask or reveal for two sums. For one thread at a time.
 */
final class ClientSum {
    private final SecureClient part;
    private final SumPart keys;
    private final Map<MessageKind, Answered> answered = new EnumMap<>(MessageKind.class);

    private record Answered(String request, SumPart answer) {}

    /** @param client the sender of the parts */
    ClientSum(SecureClient part, String runId, int round, ClientId client) {
        this.part = part;
        this.keys = new SumPart(
                runId,
                round,
                client,
                MessageKind.KEYS,
                Map.of(client, Objects.requireNonNull(part.keys(), "keys of a secure sum")));
    }

    /** The first part, with which the sum begins. */
    SumPart keys() {
        return keys;
    }

    /** Whether shares were revealed: then no other sum of the same round may be. */
    boolean hasRevealed() {
        return answered.containsKey(MessageKind.SURVIVORS);
    }

    /**
     * The answer to a message of the server.
     *
     * @throws IllegalArgumentException if the message does not fit the sum, or would make it reveal more
     * @throws IllegalStateException if it comes before its turn, or another one of its kind was answered
     */
    SumPart answer(SumPart request) {
        Answered before = answered.get(request.kind());
        String digest = request.digest();
        if (before != null) {
            if (before.request().equals(digest)) {
                return before.answer();
            }
            throw new IllegalStateException("another message of kind " + request.kind()
                    + " was answered in this round; an answer to a second one could reveal this client's update");
        }
        SumPart answer = switch (request.kind()) {
            case KEY_LIST -> answer(MessageKind.SHARES, part.shares(request.parts()));
            case SHARE_LIST -> answer(MessageKind.MASKED_UPDATE, Map.of(keys.client(), part.masked(request.parts())));
            case SURVIVORS ->
                answer(
                        MessageKind.REVEALED_SHARES,
                        part.revealed(request.parts().keySet()));
            default -> throw new IllegalArgumentException("clients send messages of kind " + request.kind());
        };
        answered.put(request.kind(), new Answered(digest, answer));
        return answer;
    }

    private SumPart answer(MessageKind kind, Map<ClientId, byte[]> parts) {
        return new SumPart(keys.runId(), keys.round(), keys.client(), kind, parts);
    }
}
