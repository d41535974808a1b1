package io.github.fedhds;

import io.github.fedhds.aggregation.Aggregator;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.message.Centroid;
import io.github.fedhds.message.CentroidReport;
import io.github.fedhds.message.Receipt;
import io.github.fedhds.message.Receipt.Refusal;
import io.github.fedhds.training.Adapter;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * What a message must hold to count, whatever came before it, and how many answers a step needs. Immutable, safe for many
 * threads.
 *
 * @param maxCentroids centroids of a client
 * @param maxCoordinate largest coordinate of a centroid, either side of zero
 * @param maxGroups groups of a client that are chosen
 * @param maxSamples samples of a client
 * @param maxNorm distance of a client's adapter from the global one
 * @param minAnswers answers that a step needs
 * @param minShare share of the clients asked that a step needs the answers of
 */
record Limits(
        int maxCentroids,
        double maxCoordinate,
        int maxGroups,
        int maxSamples,
        double maxNorm,
        int minAnswers,
        double minShare) {
    /** Answers that a step needs of so many clients that it asks. */
    int answersOf(int asked) {
        return Math.max(minAnswers, (int) Math.ceil(minShare * asked - 1e-9)); // 0.07 * 100 is 7.000000000000001
    }

    /** Says that so many clients can never give the answers that a round needs, if they cannot. */
    Optional<String> tooFew(int clients, Aggregator aggregator) {
        if (clients < minAnswers) {
            return Optional.of(clients + " clients, and a round needs the answers of " + minAnswers);
        }
        return clients < aggregator.leastUpdates()
                ? Optional.of(
                        clients + " clients, and " + aggregator + " needs the updates of " + aggregator.leastUpdates())
                : Optional.empty();
    }

    Optional<Receipt> refusal(CentroidReport report, int dimensions) {
        List<Centroid> centroids = report.centroids();
        if (centroids.size() > maxCentroids) {
            return refused(
                    Refusal.TOO_MANY,
                    "client " + report.client() + " sends " + centroids.size()
                            + " centroids, this server takes at most " + maxCentroids + " of a client");
        }
        if (report.samples() > maxSamples) {
            return refused(
                    Refusal.SAMPLES,
                    "client " + report.client() + " says that it holds " + report.samples()
                            + " samples, this server takes at most " + maxSamples + " of a client");
        }
        for (int i = 0; i < centroids.size(); i++) {
            double[] point = centroids.get(i).point();
            if (centroids.get(i).group() != i) {
                return refused(
                        Refusal.WRONG_GROUPS,
                        "centroids are in group order from 0; place " + i + " holds group "
                                + centroids.get(i).group());
            }
            if (point.length != dimensions) {
                return refused(
                        Refusal.WRONG_SHAPE,
                        "centroid " + i + " has " + point.length + " coordinates, this run has " + dimensions
                                + "; set FedHdsServer.Builder.dimensions to the clients' Fusion.dimensions (a shared"
                                + " frame has its own, Frame.dimensions)");
            }
            if (!Arrays.stream(point).allMatch(Double::isFinite)) {
                return refused(Refusal.NOT_FINITE, "centroid " + i + " is not finite: " + Arrays.toString(point));
            }
            for (double coordinate : point) {
                if (Math.abs(coordinate) > maxCoordinate) {
                    return refused(
                            Refusal.TOO_FAR,
                            "centroid " + i + " of client " + report.client() + " has a coordinate of " + coordinate
                                    + ", this server takes at most " + maxCoordinate);
                }
            }
        }
        return Optional.empty();
    }

    Optional<Receipt> refusal(AdapterUpdate update, Adapter global, Aggregator aggregator) {
        if (update.samples() < 1) {
            return refused(Refusal.SAMPLES, "an adapter is trained on 1 sample or more, was " + update.samples());
        }
        if (update.samples() > maxSamples) {
            return refused(
                    Refusal.SAMPLES,
                    "client " + update.client() + " claims " + update.samples() + " samples, this server takes at most "
                            + maxSamples + " of a client");
        }
        Adapter adapter = update.adapter();
        Optional<String> fault;
        try {
            fault = aggregator.refusal(global, adapter);
        } catch (RuntimeException e) {
            return refused(Refusal.RULE, "the aggregator does not take it: " + e);
        }
        if (fault.isPresent()) {
            return refused(kindOf(fault.get(), global, adapter), fault.get());
        }
        double norm = maxNorm == Double.POSITIVE_INFINITY ? 0 : Math.sqrt(global.squaredDistance(adapter));
        if (!(norm <= maxNorm)) { // NaN too, if the aggregator let one through
            return refused(
                    Refusal.TOO_FAR,
                    "the adapter of client " + update.client() + " is " + norm
                            + " from the global one, this server takes at most " + maxNorm);
        }
        return Optional.empty();
    }

    private static Refusal kindOf(String fault, Adapter global, Adapter adapter) {
        if (adapter.firstNonFinite().filter(fault::equals).isPresent()) {
            return Refusal.NOT_FINITE;
        }
        if (!global.tensors().keySet().equals(adapter.tensors().keySet())) {
            return Refusal.WRONG_NAMES;
        }
        return global.differenceInForm(adapter).isPresent() ? Refusal.WRONG_SHAPE : Refusal.RULE;
    }

    private static Optional<Receipt> refused(Refusal refusal, String reason) {
        return Optional.of(Receipt.refused(refusal, reason));
    }
}
