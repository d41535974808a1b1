package io.github.fedhds.examples.comparison;

import io.github.fedhds.privacy.Bound;
import io.github.fedhds.privacy.CentralNoise;
import io.github.fedhds.privacy.CentroidNoise;
import io.github.fedhds.privacy.NoiseSource;
import io.github.fedhds.privacy.PrivacyBudget;
import io.github.fedhds.privacy.PrivacyLedger;
import io.github.fedhds.privacy.UpdateNoise;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.setup.FedHdsBuilder;
import io.github.fedhds.simulation.Federation;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import picocli.CommandLine.Option;

/**
 * Noise of a comparison: where it is added, and what it may spend. It is repeatable, so it protects nothing. Points are bounded as rows
 * of unit length a layer, so choose with {@link Method#UNIT_LENGTH}.
 */
final class NoiseOptions {
    private static final int DIMENSIONS = 128; // of the recommended selection's frame
    private static final long SEED = 7;

    /** Where noise is added. */
    enum Place {
        CENTROIDS,
        UPDATES,
        BOTH,
        /** On the sum of the updates, by the server. */
        SUM
    }

    @Option(names = "--epsilon", description = "privacy budget of a client for all rounds (default: no noise)")
    private Optional<Double> epsilon = Optional.empty();

    @Option(names = "--delta", description = "of the budget")
    private double delta = 1e-5;

    @Option(names = "--noise", description = "among ${COMPLETION-CANDIDATES}")
    private Place place = Place.BOTH;

    @Option(names = "--clip", description = "norm that updates are clipped to")
    private double norm = 1;

    @Option(names = "--report-centroids", description = "centroids of a report with noise")
    private int centroids = 8;

    /** Sets the noise of a run with so many rounds, and clients that hold so many instructions. */
    void on(FedHdsBuilder builder, int layers, int rounds, int clients, double fraction, int samples) {
        if (epsilon.isEmpty()) {
            return;
        }
        builder.repeatableNoise(true);
        int releases = place == Place.BOTH ? 2 * rounds : rounds;
        if (place == Place.CENTROIDS || place == Place.BOTH) {
            builder.centroidNoise(CentroidNoise.spending(
                            budget(), centroids, Bound.clip(Math.sqrt(layers + 1.0)), DIMENSIONS, releases)
                    .publicSamples(samples));
        }
        if (place == Place.UPDATES || place == Place.BOTH) {
            builder.updateNoise(UpdateNoise.spending(budget(), norm, releases));
        }
        if (place == Place.SUM) {
            builder.aggregator(CentralNoise.spending(budget(), norm, fraction, clients, rounds)
                    .from(NoiseSource.repeatable(SEED)));
        }
    }

    /** Gives each client a ledger. */
    void on(Federation.Builder builder) {
        if (epsilon.isPresent()) {
            Map<ClientId, PrivacyLedger> ledgers = new ConcurrentHashMap<>();
            builder.ledgers(client -> ledgers.computeIfAbsent(
                    client, id -> PrivacyLedger.inMemory(budget(), NoiseSource.repeatable(SEED + id.hashCode()))));
        }
    }

    private PrivacyBudget budget() {
        return new PrivacyBudget(epsilon.orElseThrow(), delta);
    }

    /** Adds what the results depend on; nothing without noise, as in results from before these options. */
    void describe(Map<String, String> settings) {
        if (epsilon.isPresent()) {
            settings.put("noise", place.name());
            settings.put("epsilon", String.valueOf(epsilon.get()));
            settings.put("delta", String.valueOf(delta));
            if (place != Place.CENTROIDS) {
                settings.put("clip", String.valueOf(norm));
            }
            if (place == Place.CENTROIDS || place == Place.BOTH) {
                settings.put("centroids of a report", String.valueOf(centroids));
            }
        }
    }
}
