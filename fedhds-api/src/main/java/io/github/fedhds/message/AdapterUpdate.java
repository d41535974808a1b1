package io.github.fedhds.message;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.training.TrainingCounts;
import java.util.Optional;

/**
 * Client to server: its trained adapter.
 *
 * @param runId name of the run
 * @param round number, from 1
 * @param client the sender
 * @param adapter the trained adapter
 * @param samples number of instructions it was trained on, 1 or more
 * @param meanLoss mean training loss in nats a token; NaN if there was no step
 * @param counts what the training left out
 * @param selectionDigest {@link GroupSelection#digest} of the selection that this answers; empty: not said, and then not
 *     compared
 */
public record AdapterUpdate(
        String runId,
        int round,
        ClientId client,
        Adapter adapter,
        int samples,
        double meanLoss,
        TrainingCounts counts,
        String selectionDigest)
        implements Message {
    /** An update of a training that left nothing out, which does not say what selection it answers. */
    public AdapterUpdate(String runId, int round, ClientId client, Adapter adapter, int samples, double meanLoss) {
        this(runId, round, client, adapter, samples, meanLoss, TrainingCounts.NONE, "");
    }

    @Override
    public Optional<ClientId> party() {
        return Optional.of(client);
    }

    @Override
    public MessageKind kind() {
        return MessageKind.UPDATE;
    }
}
