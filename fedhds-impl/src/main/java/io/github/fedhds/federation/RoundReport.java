package io.github.fedhds.federation;

import io.github.fedhds.ClientId;
import io.github.fedhds.caching.FeatureCache;
import io.github.fedhds.message.RoundResult;
import java.util.List;

/**
 * One round of a federation in one process.
 *
 * @param result what the server has of it
 * @param clients the clients that took part, in roster order
 * @param seconds time of each step
 * @param featureRows rows that {@link FedHds#featureCache} gave and rows that were computed for it, whoever asked while the
 *     round ran; zeros where there is no cache
 * @param cutPrompts samples trained on whose prompt was cut to fit
 * @param skippedTooLong chosen samples left out because their answer does not fit
 * @param skippedNonFinite training steps left out because their loss was NaN or infinite
 */
public record RoundReport(
        RoundResult result,
        List<ClientId> clients,
        Seconds seconds,
        FeatureCache.Statistics featureRows,
        int cutPrompts,
        int skippedTooLong,
        int skippedNonFinite) {
    public RoundReport {
        clients = List.copyOf(clients);
    }

    /**
     * Seconds of work, summed over the clients, however many of them ran at a time.
     *
     * @param features passes through the model
     * @param selection fusion and clustering on clients, and the server's choice
     * @param training training on the chosen samples
     * @param aggregation averaging
     * @param wall seconds from the round's opening to its end
     */
    public record Seconds(double features, double selection, double training, double aggregation, double wall) {}
}
