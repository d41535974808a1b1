package io.github.fedhds.examples.paper;

import io.github.fedhds.clustering.ClusterQuality;
import io.github.fedhds.coreset.Candidates;
import io.github.fedhds.coreset.Coreset;
import io.github.fedhds.coreset.CoresetSelector;
import io.github.fedhds.coreset.Group;
import io.github.fedhds.feature.Points;
import io.github.fedhds.instruction.Instruction;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/** Figures of the selections of one run, taken while the selectors work. Safe for many threads. */
final class Observed {
    private final Map<Measure, List<Double>> values = new EnumMap<>(Measure.class);

    private synchronized void add(Measure measure, double value) {
        if (Double.isFinite(value)) {
            values.computeIfAbsent(measure, m -> new ArrayList<>()).add(value);
        }
    }

    /** The mean of each figure that was seen. */
    synchronized Map<Measure, Double> means() {
        Map<Measure, Double> means = new EnumMap<>(Measure.class);
        values.forEach((measure, list) -> means.put(
                measure,
                list.stream().mapToDouble(Double::doubleValue).average().orElseThrow()));
        return means;
    }

    /** A client's selector whose groups and points are observed. */
    CoresetSelector client(CoresetSelector inner) {
        return (candidates, round) -> {
            Coreset coreset = inner.select(candidates, round);
            if (candidates.size() > 0) {
                int grouped = coreset.groups().stream()
                        .mapToInt(group -> group.members().length)
                        .sum();
                add(Measure.NOISE_SHARE, 1 - (double) grouped / candidates.size());
                add(
                        Measure.CALINSKI_HARABASZ,
                        ClusterQuality.of(candidates.points(), tasks(candidates.instructions()))
                                .calinskiHarabasz());
            }
            return coreset;
        };
    }

    private static int[] tasks(List<Instruction> instructions) {
        List<String> names =
                instructions.stream().map(Instruction::task).distinct().toList();
        return instructions.stream()
                .mapToInt(instruction -> names.indexOf(instruction.task()))
                .toArray();
    }

    /**
     * A server's selector that sees centroids with Gaussian noise, whose choice is compared with that without noise.
     *
     * @param noise standard deviation, as a multiple of the centroids' root mean square distance from their mean
     */
    CoresetSelector server(CoresetSelector inner, double noise) {
        return (candidates, round) -> {
            add(Measure.GROUPS, candidates.size());
            if (noise == 0 || candidates.size() == 0) {
                Coreset coreset = inner.select(candidates, round);
                add(Measure.CHOSEN, chosen(coreset));
                return coreset;
            }
            Candidates noisy = Candidates.of(
                    noisy(candidates.points(), noise, round.random("noise on centroids")), candidates.samples());
            Coreset exact = inner.select(candidates, round);
            Coreset coreset = inner.select(noisy, round);
            add(Measure.CHOSEN, chosen(coreset));
            add(Measure.SAME_CLUSTERS, RandIndex.adjusted(exact, coreset, candidates.size()));
            add(Measure.SAME_CHOICE, RandIndex.jaccard(exact, coreset));
            return coreset;
        };
    }

    private static double chosen(Coreset coreset) {
        return coreset.groups().stream().mapToInt(Group::take).sum();
    }

    private static Points noisy(Points points, double noise, SplittableRandom random) {
        int n = points.size();
        int d = points.dimensions();
        double[] values = points.toArray();
        double[] mean = new double[d];
        for (int i = 0; i < values.length; i++) {
            mean[i % d] += values[i] / n;
        }
        double squares = 0;
        for (int i = 0; i < values.length; i++) {
            squares += (values[i] - mean[i % d]) * (values[i] - mean[i % d]) / n;
        }
        double deviation = noise * Math.sqrt(squares);
        for (int i = 0; i < values.length; i++) {
            values[i] += deviation * random.nextGaussian();
        }
        return new Points(n, d, values);
    }
}
