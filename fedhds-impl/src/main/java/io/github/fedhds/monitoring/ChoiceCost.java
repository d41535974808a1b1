package io.github.fedhds.monitoring;

import io.github.fedhds.features.FeatureCache;
import java.util.List;
import java.util.OptionalDouble;

/**
 * What choosing the samples of a run cost, and what training on all of them would have cost.
 *
 * @param rows feature rows that were computed; those from a cache cost almost nothing and do not count
 * @param featureSeconds seconds of the features, summed over the clients
 * @param selectionSeconds seconds of fusion and clustering on the clients, and of the server's selection
 * @param bytes bytes that left the clients for choosing
 * @param trainingSeconds seconds of training on the chosen samples, summed over the clients
 * @param samples samples trained on, counted once per round
 * @param held instructions of the clients of each round, counted once per round
 */
public record ChoiceCost(
        long rows,
        double featureSeconds,
        double selectionSeconds,
        long bytes,
        double trainingSeconds,
        long samples,
        long held) {
    /**
     * The cost of some rounds.
     *
     * @param held instructions of the clients of each round, counted once per round
     * @param bytes bytes of the clients' reports, as {@link Traffic#of(io.github.fedhds.message.MessageKind)} counts them
     */
    public static ChoiceCost of(List<RoundReport> rounds, long held, long bytes) {
        double features = 0;
        double selection = 0;
        double training = 0;
        long computed = 0;
        long samples = 0;
        boolean cached = false;
        for (RoundReport round : rounds) {
            features += round.seconds().features();
            selection += round.seconds().selection();
            training += round.seconds().training();
            computed += round.featureRows().misses();
            cached |= !round.featureRows().equals(FeatureCache.Statistics.NONE);
            samples += round.result().samples();
        }
        long rows = cached ? computed : features > 0 ? held : 0;
        return new ChoiceCost(rows, features, selection, bytes, training, samples, held);
    }

    /** Seconds of choosing: features and selection. */
    public double seconds() {
        return featureSeconds + selectionSeconds;
    }

    /**
     * An estimate of the seconds that training on all instructions of each round's clients would have taken: their
     * number times this run's seconds per sample trained on. Too high if the chosen samples are longer than the others;
     * empty if nothing was trained.
     */
    public OptionalDouble fullTrainingSeconds() {
        return samples > 0 ? OptionalDouble.of(trainingSeconds / samples * held) : OptionalDouble.empty();
    }
}
