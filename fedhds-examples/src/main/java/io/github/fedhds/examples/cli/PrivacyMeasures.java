package io.github.fedhds.examples.cli;

import io.github.fedhds.features.LayerScaling;
import io.github.fedhds.privacy.Bound;
import io.github.fedhds.privacy.CentralNoise;
import io.github.fedhds.privacy.CentroidNoise;
import io.github.fedhds.privacy.PrivacyBudget;
import io.github.fedhds.privacy.UpdateNoise;
import io.github.fedhds.round.RoundContext;
import io.github.fedhds.secure.MaskedAggregation;
import io.github.fedhds.selection.Selection;
import io.github.fedhds.setup.FedHdsBuilder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * What the main job does for privacy: noise that spends the budget of {@code --epsilon} and {@code --delta} over all rounds, on what clients
 * send or on the sum of their adapters, and secure aggregation.
 *
 * @param budget what may be spent; empty without noise
 * @param centroids noise on centroids
 * @param centroidMu sensitivity by deviation of one report; 0 without noise on centroids
 * @param updates noise on each client's adapter
 * @param sum noise of the server on the sum of the adapters
 * @param secure secure aggregation
 * @param parameters of an adapter
 * @param active clients of a round
 */
record PrivacyMeasures(
        int rounds,
        Optional<PrivacyBudget> budget,
        Optional<CentroidNoise> centroids,
        double centroidMu,
        Optional<UpdateNoise> updates,
        Optional<CentralNoise> sum,
        Optional<MaskedAggregation> secure,
        long parameters,
        double active) {
    /** With {@code --selection fedhds}: t-SNE's coordinates are some tens, and are divided by this before tanh. */
    private static final double TSNE_SCALE = 20;

    /** How the points that clients send are bounded, and their number of coordinates. */
    private record Points(Bound bound, int dimensions) {
        /** Rows of unit length a layer, placed in a random frame, which keeps lengths: nearly all points are in this ball. */
        static Points ofUnitLayers(int layers, Selection selection) {
            int dimensions =
                    selection.frame().apply(RoundContext.first()).orElseThrow().dimensions();
            return new Points(Bound.clip(Math.sqrt(layers + 1.0)), dimensions);
        }

        static Points ofTsne() {
            return new Points(Bound.tanh(TSNE_SCALE), 2);
        }
    }

    /**
     * The measures that the options ask for; the options have been checked.
     *
     * @param layers of the model that computes the features
     * @param parameters of an adapter
     */
    static PrivacyMeasures of(OwnOptions own, int rounds, double fraction, int clients, int layers, long parameters) {
        Optional<PrivacyBudget> budget = own.epsilon.map(epsilon -> new PrivacyBudget(epsilon, own.delta));
        boolean byServer = own.noiseBy == OwnOptions.NoiseBy.SERVER;
        Optional<PrivacyBudget> ofClients = budget.filter(b -> !byServer);
        int releases = own.clip.isPresent() ? 2 * rounds : rounds;
        Points points = own.selection == SelectionName.RECOMMENDED
                ? Points.ofUnitLayers(own.featureLayers.orElse(layers), Selection.recommended(own.share))
                : Points.ofTsne();
        Optional<CentroidNoise> centroids = ofClients.map(
                b -> CentroidNoise.spending(b, own.reportCentroids, points.bound(), points.dimensions(), releases)
                        .publicSamples(own.publicSamples));
        Optional<UpdateNoise> updates =
                ofClients.flatMap(b -> own.clip.map(norm -> UpdateNoise.spending(b, norm, releases)));
        Optional<CentralNoise> sum = budget.filter(b -> byServer)
                .map(b -> CentralNoise.spending(b, own.clip.orElseThrow(), fraction, clients, rounds));
        Optional<MaskedAggregation> secure = own.secureAggregation
                ? Optional.of(updates.map(noise -> longest(noise, parameters))
                        .or(() -> own.clip)
                        .map(MaskedAggregation::of)
                        .orElseGet(MaskedAggregation::defaults))
                : Optional.empty();
        return new PrivacyMeasures(
                rounds,
                budget,
                centroids,
                centroids.map(noise -> noise.mu(points.dimensions())).orElse(0.0),
                updates,
                sum,
                secure,
                parameters,
                Math.max(1, fraction * clients));
    }

    /** The norm that an update has with its noise, which a secure sum must not clip. */
    private static double longest(UpdateNoise noise, long parameters) {
        return noise.norm() + noise.deviation() * (Math.sqrt(parameters) + 7);
    }

    boolean isAny() {
        return budget.isPresent() || secure.isPresent();
    }

    /** Sets the measures. With noise on means in a frame, layers have unit length, so that the bound of a point is known without the data. */
    void on(FedHdsBuilder builder, SelectionName selection) {
        if (centroids.isPresent() && selection == SelectionName.RECOMMENDED) {
            builder.layerScaling(LayerScaling.UNIT_LENGTH);
        }
        centroids.ifPresent(builder::centroidNoise);
        updates.ifPresent(builder::updateNoise);
        sum.ifPresent(noise ->
                builder.aggregator(noise).selection(Selection.everything())); // the run sets what each client takes
        secure.ifPresent(builder::secureAggregation);
    }

    /** Whether each client needs a ledger. */
    boolean isOfClients() {
        return centroids.isPresent();
    }

    /** What is promised, in one or two sentences. */
    String promise() {
        List<String> all = new ArrayList<>();
        budget.ifPresent(b -> all.add(sum.map(noise -> ofSum(b, noise)).orElseGet(() -> ofClients(b))));
        secure.ifPresent(
                how -> all.add("the server learns the mean of the adapters of the clients of a round, at least 3,"
                        + " and no single adapter"));
        return String.join("; ", all);
    }

    /** Says it if the noise on the mean of the adapters is far longer than their change can be. */
    Optional<String> warning() {
        double ofMean = updates.map(noise -> noise.deviation() / Math.sqrt(active) / noise.norm())
                        .or(() -> sum.map(noise -> noise.deviation() / noise.norm()))
                        .orElse(0.0)
                * Math.sqrt(parameters);
        return ofMean > 3
                ? Optional.of(String.format(
                        Locale.ROOT,
                        "WARNING: the noise on the mean of the adapters is %.0f times as long as their greatest change, so expect"
                                + " nothing to be learnt; take more clients or a larger --epsilon, or --secure-aggregation without"
                                + " noise on adapters",
                        ofMean))
                : Optional.empty();
    }

    private String ofClients(PrivacyBudget b) {
        return String.format(
                Locale.ROOT,
                "in %d rounds each client spends at most epsilon %s at delta %s, against the server and everyone who sees its"
                        + " messages; noise of deviation %.4g on centroids%s",
                rounds,
                b.epsilon(),
                b.delta(),
                centroids.orElseThrow().deviation(),
                updates.map(noise -> String.format(Locale.ROOT, ", of %.4g on adapters", noise.deviation()))
                        .orElse("; its adapters are sent without noise and are NOT covered, set --clip for that"));
    }

    private String ofSum(PrivacyBudget b, CentralNoise noise) {
        return String.format(
                Locale.ROOT,
                "the adapters of %d rounds spend at most epsilon %s at delta %s for each client, against everyone who sees them but not"
                        + " against the server, which sees what clients send and adds noise of deviation %.4g to the mean%s",
                rounds,
                b.epsilon(),
                b.delta(),
                noise.deviation(),
                noise.epsilon(rounds) < noise.epsilonOfKnownSamples(rounds)
                        ? String.format(
                                Locale.ROOT,
                                "; against the clients of a round, which know who took part in it, epsilon is %.3g",
                                noise.epsilonOfKnownSamples(rounds))
                        : "");
    }

    /** The measures and their numbers, for the statement. */
    Map<String, Object> numbers() {
        Map<String, Object> all = new LinkedHashMap<>();
        budget.ifPresent(b -> {
            all.put("epsilon", b.epsilon());
            all.put("delta", b.delta());
        });
        all.put("rounds", rounds);
        centroids.ifPresent(noise -> {
            all.put("centroids", noise.toString());
            all.put("centroids_mu_per_report", centroidMu);
        });
        updates.ifPresent(noise -> {
            all.put("adapters", noise.toString());
            all.put("adapters_mu_per_update", noise.mu());
        });
        sum.ifPresent(noise -> {
            all.put("sum_of_adapters", noise.toString());
            all.put("epsilon_against_clients_of_a_round", noise.epsilonOfKnownSamples(rounds));
        });
        secure.ifPresent(how -> all.put("secure_aggregation", how.toString()));
        if (isOfClients()) {
            all.put(
                    "a_record",
                    "all instructions of a client: whatever they are, its messages would have been about as likely");
        } else if (sum.isPresent()) {
            all.put(
                    "a_record",
                    "what a client contributes: with it or with nothing in its place, the adapters would have been about as likely");
        }
        return all;
    }

    /** What the promise leaves out. */
    List<String> notCovered() {
        List<String> all = new ArrayList<>();
        all.add(
                sum.isPresent()
                        ? "that a client is registered"
                        : "that a client takes part, and in which rounds it answers");
        if (!isOfClients()) {
            all.add("the centroids and each client's number of instructions, which the server sees without noise");
        }
        if (updates.isEmpty() && sum.isEmpty()) {
            all.add(
                    secure.isPresent()
                            ? "what the mean of the adapters reveals, and the sums of losses and samples"
                            : "the adapters, losses, counts of samples, and that nothing could be trained, which the server sees"
                                    + " without noise");
        } else {
            all.add("what users of the final adapter see beyond the promise");
        }
        if (budget.isPresent()) {
            all.add(
                    "counts and losses in the output of this program, in rounds.jsonl and in the model card, which are exact: do"
                            + " not publish them");
        }
        if (secure.isPresent()) {
            all.add("a server that colludes with a third of the clients, or does not follow the protocol");
        }
        if (budget.isPresent()) {
            all.add("other runs on the same data, whose epsilons add up");
        }
        all.add("this program holds the data of all clients in one process; it simulates the federation");
        return all;
    }
}
