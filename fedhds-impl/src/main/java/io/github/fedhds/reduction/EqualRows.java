package io.github.fedhds.reduction;

import io.github.fedhds.feature.FeatureMatrix;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Gives equal rows exactly equal points. A method's points of equal rows differ by rounding, or more if ties are broken
 * by row order, and density clustering would take such differences for groups.
 */
final class EqualRows {
    /** Number of values that a row's hash is computed from. */
    private static final int HASHED = 64;

    private EqualRows() {}

    /**
     * Gives each row the point of the first equal row, in place. Time O(n columns).
     *
     * @param points {@code [n, dimensions]}
     */
    static double[] samePoints(FeatureMatrix features, double[] points, int dimensions) {
        int[] first = first(features);
        for (int i = 0; i < first.length; i++) {
            System.arraycopy(points, first[i] * dimensions, points, i * dimensions, dimensions);
        }
        return points;
    }

    /** For each row, the first equal row, which may be the row itself. */
    static int[] first(FeatureMatrix features) {
        Map<Row, Integer> firsts = new HashMap<>();
        int[] first = new int[features.rows()];
        Arrays.setAll(first, i -> firsts.computeIfAbsent(new Row(features, i), row -> i));
        return first;
    }

    private record Row(FeatureMatrix features, int index) {
        private float[] values() {
            float[] values = new float[features.columns()];
            features.copy(index, 0, values);
            for (int c = 0; c < values.length; c++) {
                values[c] += 0f; // -0 equals 0
            }
            return values;
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Row row && Arrays.equals(values(), row.values());
        }

        @Override
        public int hashCode() {
            int step = Math.max(1, features.columns() / HASHED); // few values tell most rows apart
            int hash = 1;
            for (int c = 0; c < features.columns(); c += step) {
                hash = 31 * hash + Float.hashCode(features.get(index, c) + 0f); // -0 equals 0
            }
            return hash;
        }
    }
}
