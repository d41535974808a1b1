package io.github.fedhds.monitoring;

import io.github.fedhds.features.FeatureCache;
import io.github.fedhds.message.RoundResult;
import io.github.fedhds.privacy.PrivacySpent;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.setup.FedHds;
import io.github.fedhds.simulation.Federation;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * One round of a federation in one process.
 *
 * @param result the server's result; its adapter is empty in lists of past rounds, to save memory
 * @param adapterSha256 {@link io.github.fedhds.adapter.Adapter#digest} of the round's adapter
 * @param clients the clients that took part, in registered order
 * @param seconds time of each step
 * @param bytes bytes of the messages if they were sent over a network
 * @param featureRows rows found in {@link FedHds#featureCache} and rows computed for it during the round, by any
 *     caller; zeros if there is no cache
 * @param failedClients clients that dropped out because they threw an exception, in registered order; see
 *     {@link Federation.Builder#failedClients}
 * @param score score of the adapter, if the round was {@linkplain Federation.Builder#evaluation evaluated}
 * @param privacy what was spent so far of the privacy budget, if the run has noise
 * @param findings what {@link Diagnosis} found in this round
 */
public record RoundReport(
        RoundResult result,
        String adapterSha256,
        List<ClientId> clients,
        Seconds seconds,
        Bytes bytes,
        FeatureCache.Statistics featureRows,
        List<ClientId> failedClients,
        OptionalDouble score,
        Optional<PrivacySpent> privacy,
        List<Finding> findings) {
    public RoundReport {
        clients = List.copyOf(clients);
        failedClients = List.copyOf(failedClients);
        findings = List.copyOf(findings);
    }

    /** A round without findings. */
    public RoundReport(
            RoundResult result,
            String adapterSha256,
            List<ClientId> clients,
            Seconds seconds,
            Bytes bytes,
            FeatureCache.Statistics featureRows,
            List<ClientId> failedClients,
            OptionalDouble score,
            Optional<PrivacySpent> privacy) {
        this(result, adapterSha256, clients, seconds, bytes, featureRows, failedClients, score, privacy, List.of());
    }

    /** A round without noise. */
    public RoundReport(
            RoundResult result,
            String adapterSha256,
            List<ClientId> clients,
            Seconds seconds,
            Bytes bytes,
            FeatureCache.Statistics featureRows,
            List<ClientId> failedClients,
            OptionalDouble score) {
        this(result, adapterSha256, clients, seconds, bytes, featureRows, failedClients, score, Optional.empty());
    }

    /** Number of the round, from 1. */
    public int round() {
        return result.round();
    }

    public RoundReport withScore(double newScore) {
        return new RoundReport(
                result,
                adapterSha256,
                clients,
                seconds,
                bytes,
                featureRows,
                failedClients,
                OptionalDouble.of(newScore),
                privacy,
                findings);
    }

    public RoundReport withFindings(List<Finding> newFindings) {
        return new RoundReport(
                result,
                adapterSha256,
                clients,
                seconds,
                bytes,
                featureRows,
                failedClients,
                score,
                privacy,
                newFindings);
    }

    public RoundReport withoutAdapter() {
        return new RoundReport(
                result.withoutAdapter(),
                adapterSha256,
                clients,
                seconds,
                bytes,
                featureRows,
                failedClients,
                score,
                privacy,
                findings);
    }

    /**
     * Seconds of work, summed over the clients, regardless of how many ran in parallel.
     *
     * @param features passes through the model
     * @param selection fusion and clustering on clients, and the server's selection
     * @param training training on the chosen samples
     * @param aggregation aggregation of the adapters
     * @param wall seconds from the opening of the round to its end
     */
    public record Seconds(double features, double selection, double training, double aggregation, double wall) {}

    /**
     * Bytes of the round's messages, counted as in {@link Federation#traffic}.
     *
     * @param toClients the opening, once per client, selections and receipts
     * @param toServer centroids and trained adapters, accepted or not
     */
    public record Bytes(long toClients, long toServer) {}
}
