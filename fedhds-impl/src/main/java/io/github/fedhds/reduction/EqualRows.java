package io.github.fedhds.reduction;

import io.github.fedhds.feature.FeatureMatrix;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

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
        int[] first = new int[features.rows()];
        float[] row = new float[features.columns()];
        float[] other = new float[features.columns()];
        Map<Integer, List<Integer>> byHash = new HashMap<>();
        for (int i = 0; i < first.length; i++) {
            features.copy(i, 0, row);
            List<Integer> alike = byHash.computeIfAbsent(hash(row), h -> new ArrayList<>());
            first[i] = i;
            for (int candidate : alike) {
                features.copy(candidate, 0, other);
                if (equal(row, other)) {
                    first[i] = candidate;
                    break;
                }
            }
            if (first[i] == i) {
                alike.add(i);
            }
        }
        return first;
    }

    private static int hash(float[] row) {
        int hash = 1;
        for (float x : row) {
            hash = 31 * hash + Float.floatToIntBits(x + 0f); // -0 equals 0
        }
        return hash;
    }

    private static boolean equal(float[] row, float[] other) {
        for (int c = 0; c < row.length; c++) {
            if (row[c] != other[c]) {
                return false;
            }
        }
        return true;
    }
}
