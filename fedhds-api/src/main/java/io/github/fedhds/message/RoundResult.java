package io.github.fedhds.message;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.training.TrainingCounts;
import java.util.Objects;
import java.util.Optional;

/**
 * The result of a round.
 *
 * @param round number, from 1
 * @param adapter the next global adapter; the previous one if no update was accepted or the round is void
 * @param clients clients that the opening named
 * @param reports centroid reports accepted
 * @param centroids centroids in all reports
 * @param chosen groups chosen
 * @param updates adapter updates accepted
 * @param samples instructions trained on in all updates
 * @param meanLoss mean of the clients' mean losses, weighted by samples; values that are not finite are left out; NaN
 *     if there is no finite value
 * @param withdrawals clients that withdrew, including those that came back
 * @param counts counts of left-out and cut samples, over accepted updates and withdrawals
 * @param voidReason why the round is void; empty if it is not
 */
public record RoundResult(
        int round,
        Adapter adapter,
        int clients,
        int reports,
        int centroids,
        int chosen,
        int updates,
        long samples,
        double meanLoss,
        int withdrawals,
        TrainingCounts counts,
        Optional<String> voidReason) {
    public RoundResult {
        Objects.requireNonNull(adapter, "adapter");
        Objects.requireNonNull(counts, "counts");
        Objects.requireNonNull(voidReason, "voidReason");
    }

    /** A round that is not void, without withdrawals and with nothing left out. */
    public RoundResult(
            int round,
            Adapter adapter,
            int clients,
            int reports,
            int centroids,
            int chosen,
            int updates,
            long samples,
            double meanLoss) {
        this(
                round,
                adapter,
                clients,
                reports,
                centroids,
                chosen,
                updates,
                samples,
                meanLoss,
                0,
                TrainingCounts.NONE,
                Optional.empty());
    }

    /** This result with an empty adapter, to save memory in lists of past rounds. */
    public RoundResult withoutAdapter() {
        return new RoundResult(
                round,
                Adapter.empty(),
                clients,
                reports,
                centroids,
                chosen,
                updates,
                samples,
                meanLoss,
                withdrawals,
                counts,
                voidReason);
    }

    /** True if the adapter is unchanged: no update was accepted, or the round is void. */
    public boolean isEmpty() {
        return updates == 0 || isVoid();
    }

    /** True if fewer clients answered than required, so that the adapter is unchanged. */
    public boolean isVoid() {
        return voidReason.isPresent();
    }
}
