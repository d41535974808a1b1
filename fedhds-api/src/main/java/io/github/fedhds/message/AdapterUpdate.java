package io.github.fedhds.message;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.training.TrainingCounts;
import java.util.Objects;
import java.util.Optional;

/**
 * Client to server: its trained adapter.
 *
 * @param runId name of the run
 * @param round number, from 1
 * @param client the sender
 * @param adapter the trained adapter
 * @param samples number of instructions it was trained on, 1 or more
 * @param meanLoss mean training loss in nats a token; NaN if no step was made
 * @param counts how many samples were left out or cut
 * @param selectionDigest {@link GroupSelection#digest} of the selection that this answers; empty if not given, and then not
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
    public AdapterUpdate {
        Objects.requireNonNull(runId, "runId");
        Objects.requireNonNull(client, "client");
        Objects.requireNonNull(adapter, "adapter");
        Objects.requireNonNull(counts, "counts");
        Objects.requireNonNull(selectionDigest, "selectionDigest");
    }

    /** An update without counts and without the digest of its selection. */
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
