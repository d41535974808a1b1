package io.github.fedhds.message;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.training.TrainingCounts;
import java.util.Optional;

/**
 * What a round came to.
 *
 * @param round number, from 1
 * @param adapter the next global adapter; the old one where no update came, or the round is void
 * @param clients clients that were named
 * @param reports centroid reports accepted
 * @param centroids centroids in all reports
 * @param chosen groups chosen
 * @param updates adapter updates accepted
 * @param samples instructions trained on in all updates
 * @param meanLoss mean of the clients' mean losses, weighted by samples; those that are NaN or infinite are left out, and
 *     it is NaN where none is left
 * @param withdrawals clients that took no part, or no further part, and said so
 * @param counts what the trainings of accepted updates and of clients that withdrew left out
 * @param voidReason why the round is void; empty where it counts
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
    /** A round that counts, in which nobody withdrew and nothing was left out. */
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

    /** The same without the adapter, for lists of past rounds, which would else hold one each. */
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

    /** True if the adapter is the old one: no update came, or the round is void. */
    public boolean isEmpty() {
        return updates == 0 || isVoid();
    }

    /** True if fewer clients answered than the server was told to ask for, so that the adapter is the old one. */
    public boolean isVoid() {
        return voidReason.isPresent();
    }
}
