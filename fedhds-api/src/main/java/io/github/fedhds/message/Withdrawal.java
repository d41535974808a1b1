package io.github.fedhds.message;

import io.github.fedhds.round.ClientId;
import io.github.fedhds.training.TrainingCounts;
import java.util.Optional;

/**
 * Client to server: the client takes no part in the round, or no further part, and why. The server need not wait for it. A
 * report that was accepted before counts all the same.
 *
 * @param runId name of the run
 * @param round number, from 1
 * @param client the sender
 * @param refusal why, for programs
 * @param reason why, for people; made {@linkplain Receipt printable}
 * @param counts what the training left out
 */
public record Withdrawal(
        String runId, int round, ClientId client, Refusal refusal, String reason, TrainingCounts counts)
        implements Message {
    public Withdrawal {
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
