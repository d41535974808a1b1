package io.github.fedhds.message;

import io.github.fedhds.training.Adapter;

/**
 * What a round came to.
 *
 * @param round number, from 1
 * @param adapter the next global adapter; the old one where no update came
 * @param clients clients that were named
 * @param reports centroid reports accepted
 * @param centroids centroids in all reports
 * @param chosen groups chosen
 * @param updates adapter updates accepted
 * @param samples instructions trained on in all updates
 * @param meanLoss mean of the clients' mean losses, weighted by samples; those that are NaN or infinite are left out, and
 *     it is NaN where none is left
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
        double meanLoss) {
    /** True if no update came, so that the adapter is the old one. */
    public boolean isEmpty() {
        return updates == 0;
    }
}
