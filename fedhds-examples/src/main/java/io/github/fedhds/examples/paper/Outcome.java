package io.github.fedhds.examples.paper;

import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The result of one run: a line of the results file.
 *
 * @param settings what all runs of the file's experiments have in common
 * @param arm what they differ in
 * @param samples training samples of each round
 * @param held instructions of the clients of each round
 * @param counts training samples of each client in each round, by round and client with a space between
 * @param measures figures of the run; a figure that is not defined for it is absent
 * @param byTask Rouge-L of each unseen task
 */
record Outcome(
        Map<String, String> settings,
        Arm arm,
        long seed,
        List<Long> samples,
        List<Long> held,
        Map<String, Integer> counts,
        Map<Measure, Double> measures,
        Map<String, Double> byTask) {
    /** What makes two runs the same. */
    record Key(Map<String, String> settings, Arm arm, long seed) {
        Key {
            settings = Map.copyOf(settings);
        }
    }

    Outcome {
        settings = Collections.unmodifiableMap(new TreeMap<>(settings));
        samples = List.copyOf(samples);
        held = List.copyOf(held);
        counts = Collections.unmodifiableMap(new TreeMap<>(counts));
        if (samples.size() != held.size()) {
            throw new IllegalArgumentException(
                    "samples and held have a number each round, was " + samples.size() + " and " + held.size());
        }
        measures.forEach((measure, value) -> {
            if (!Double.isFinite(value)) {
                throw new IllegalArgumentException(measure + " must be finite, was " + value);
            }
        });
        Map<Measure, Double> ordered = new EnumMap<>(Measure.class);
        ordered.putAll(measures);
        measures = Collections.unmodifiableMap(ordered);
        byTask = Collections.unmodifiableMap(new TreeMap<>(byTask));
    }

    Key key() {
        return new Key(settings, arm, seed);
    }

    /** A figure; NaN if it is not defined for this run. */
    double get(Measure measure) {
        return measures.getOrDefault(measure, Double.NaN);
    }
}
