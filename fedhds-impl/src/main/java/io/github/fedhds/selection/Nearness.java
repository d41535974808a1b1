package io.github.fedhds.selection;

import io.github.fedhds.feature.Points;
import java.util.Arrays;
import java.util.Comparator;

/** Means of members, and the order of members by their distance from a centre. */
final class Nearness {
    private record Member(int index, double distance) {}

    private Nearness() {}

    /**
     * The members, nearest first; of equally near ones the lower index first. "Equal within a tolerance" is no order: a
     * may equal b and b equal c while a is nearer than c. So equals are counted from the nearest that is left: it and
     * all within the tolerance of it come next, by index, and so on.
     */
    static int[] order(Points points, int[] members, double[] centre) {
        Member[] sorted = new Member[members.length];
        for (int i = 0; i < members.length; i++) {
            sorted[i] = new Member(members[i], distance(points, members[i], centre));
        }
        Arrays.sort(sorted, Comparator.comparingDouble(Member::distance));
        for (int from = 0, to; from < sorted.length; from = to) {
            double equal = sorted[from].distance() * (1 + 1e-9) + 1e-12;
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

    static double distance(Points points, int member, double[] centre) {
        double sum = 0;
        for (int axis = 0; axis < centre.length; axis++) {
            double difference = points.get(member, axis) - centre[axis];
            sum += difference * difference;
        }
        return Math.sqrt(sum);
    }
}
