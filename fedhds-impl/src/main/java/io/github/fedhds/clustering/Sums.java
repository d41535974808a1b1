package io.github.fedhds.clustering;

import java.util.Arrays;

/** Sums that do not depend on the order of the values. */
final class Sums {
    private Sums() {}

    /** The sum of all values; sorts them. */
    static double sum(double[] values) {
        return sum(values, 0, values.length);
    }

    /** The sum of values[from] to values[to - 1]; sorts them, so that the order changes no bit. */
    static double sum(double[] values, int from, int to) {
        Arrays.sort(values, from, to);
        double sum = 0;
        for (int i = from; i < to; i++) {
            sum += values[i];
        }
        return sum;
    }
}
