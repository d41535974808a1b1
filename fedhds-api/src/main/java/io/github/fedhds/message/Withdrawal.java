package io.github.fedhds.message;

import io.github.fedhds.round.ClientId;
import io.github.fedhds.training.TrainingCounts;
import java.util.Objects;
import java.util.Optional;

/**
 * Client to server: the client leaves the round, with the reason. The server does not wait for it any longer. A report that
 * was accepted before still counts.
 *
 * @param runId name of the run
 * @param round number, from 1
 * @param client the sender
 * @param refusal why, for programs
 * @param reason why, for people; made {@linkplain Receipt printable}
 * @param counts how many samples were left out or cut
 */
public record Withdrawal(
        String runId, int round, ClientId client, Refusal refusal, String reason, TrainingCounts counts)
        implements Message {
    public Withdrawal {
        Objects.requireNonNull(runId, "runId");
        Objects.requireNonNull(client, "client");
        Objects.requireNonNull(refusal, "refusal");
        Objects.requireNonNull(reason, "reason");
        Objects.requireNonNull(counts, "counts");
        reason = Receipt.printable(reason);
    }

    @Override
    public Optional<ClientId> party() {
        return Optional.of(client);
    }

    @Override
    public MessageKind kind() {
        return MessageKind.WITHDRAWAL;
    }
}
