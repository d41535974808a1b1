package io.github.fedhds.reduction;

import io.github.fedhds.feature.FeatureMatrix;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Gives equal rows exactly equal points. A method gives them points that differ by rounding, or more where ties are broken
 * by the order of rows, and to a clustering by density such differences look like groups.
 */
final class EqualRows {
    private EqualRows() {}

    /**
     * Gives each row the point of the first row that is equal to it, in place. Time O(n columns).
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

    /** For each row the first row that is equal to it, itself at the latest. */
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
            return Arrays.hashCode(values());
        }
    }
}
