package io.github.fedhds.selection;

import io.github.fedhds.feature.Points;
import java.util.Arrays;
import java.util.Comparator;

/** Means of points, and the order of points by their distance from a centre. */
final class Nearness {
    private record Member(int index, double distance) {}

    private Nearness() {}

    /**
     * The members ordered by distance; equally near members by index. Distances are equal within 1e-9 of themselves, or
     * within 1e-12 of the largest coordinate, whose rounding they may have. Equality within a tolerance is not transitive,
     * so each run of equals starts at the nearest remaining member, and all members within the tolerance of it follow
     * by index.
     */
    static int[] order(Points points, int[] members, double[] centre) {
        Member[] sorted = new Member[members.length];
        double largest = 0;
        for (double coordinate : centre) {
            largest = Math.max(largest, Math.abs(coordinate));
        }
        for (int i = 0; i < members.length; i++) {
            sorted[i] = new Member(members[i], distance(points, members[i], centre));
            for (int axis = 0; axis < centre.length; axis++) {
                largest = Math.max(largest, Math.abs(points.get(members[i], axis)));
            }
        }
        Arrays.sort(sorted, Comparator.comparingDouble(Member::distance));
        for (int from = 0, to; from < sorted.length; from = to) {
            double equal = sorted[from].distance() * (1 + 1e-9) + 1e-12 * largest;
            for (to = from + 1; to < sorted.length && sorted[to].distance() <= equal; ) {
                to++;
            }
            Arrays.sort(sorted, from, to, Comparator.comparingInt(Member::index));
        }
        return Arrays.stream(sorted).mapToInt(Member::index).toArray();
    }

    /** Mean of the members, summed in their order. */
    static double[] mean(Points points, int[] members) {
        double[] mean = new double[points.dimensions()];
        for (int member : members) {
            for (int axis = 0; axis < mean.length; axis++) {
                mean[axis] += points.get(member, axis) / members.length;
            }
        }
        return mean;
    }

    /** The points scaled to unit length; one at the origin stays there. */
    static Points unitLength(Points points) {
        double[] values = points.toArray();
        int d = points.dimensions();
        for (int from = 0; from < values.length; from += d) {
            double largest = 0;
            for (int c = from; c < from + d; c++) {
                largest = Math.max(largest, Math.abs(values[c]));
            }
            if (largest == 0) {
                continue;
            }
            double squares = 0;
            for (int c = from; c < from + d; c++) {
                values[c] /= largest; // so that no square overflows
                squares += values[c] * values[c];
            }
            for (int c = from; c < from + d; c++) {
                values[c] /= Math.sqrt(squares);
            }
        }
        return new Points(points.size(), d, values);
    }

    static double distance(Points points, int member, double[] centre) {
        double sum = 0;
        for (int axis = 0; axis < centre.length; axis++) {
            double difference = points.get(member, axis) - centre[axis];
            sum += difference * difference;
        }
        return Math.sqrt(sum);
    }
}
