package io.github.fedhds.reduction;

import io.github.fedhds.feature.FeatureMatrix;
import io.github.fedhds.feature.Points;
import io.github.fedhds.internal.algebra.LoadedRows;

/**
 * Trustworthiness of reduced points: whether rows that are near after the reduction are near among the features. As in
 * scikit-learn's {@code trustworthiness} with Euclidean distances, if no distances are equal; of equal distances, the
 * lower row counts as nearer.
 *
 * @see <a href="https://doi.org/10.1007/3-540-44668-0_68">Venna, Kaski 2001</a>
 */
public final class Trustworthiness {
    /** Number of distances stored at a time. */
    private static final int BLOCK = 1 << 23;

    private Trustworthiness() {}

    /**
     * From 0 to 1, higher is better: 1 minus the scaled ranks, beyond k, of rows that the reduction moved among
     * another's k nearest. No unit. Time O(n² (d + k)), memory 160 MiB and 16 (n + d) bytes in addition to the rows, so
     * n may be large.
     *
     * @param features {@code [n, d]}, finite
     * @param points {@code [n, dimensions]}, finite: the point of each row
     * @param k number of neighbours, 1 or more and below n / 2; scikit-learn's default is 5
     * @throws IllegalArgumentException if k is out of range, the numbers of rows differ, or a row or point is not
     *     finite
     */
    public static double of(FeatureMatrix features, Points points, int k) {
        int n = features.rows();
        if (points.size() != n) {
            throw new IllegalArgumentException(
                    "each feature row needs its point, was " + n + " rows, " + points.size() + " points");
        }
        if (k < 1 || k >= n / 2.0) {
            throw new IllegalArgumentException(
                    "k must be 1 or more and below half the rows, was " + k + " of " + n + " rows");
        }
        int bad = points.firstNonFinite();
        if (bad >= 0) {
            throw new IllegalArgumentException("point " + bad + " of " + n + " holds a NaN or an infinity");
        }
        CentredRows rows = CentredRows.of(features);
        double[] lengths = rows.squaredLengths();
        double[] places = points.toArray();
        double beyond = 0;
        int step = Math.max(1, Math.min(n, BLOCK / n));
        try (LoadedRows loaded = rows.load(false)) {
            for (int from = 0; from < n; from += step) {
                int to = Math.min(n, from + step);
                double[] squares = rows.squaredDistances(loaded, from, to, lengths);
                for (int i = from; i < to; i++) {
                    for (int j : nearest(places, points.dimensions(), i, k)) {
                        beyond += Math.max(0, rank(squares, (i - from) * n, i, j, n) - k);
                    }
                }
            }
        }
        return 1 - 2 * beyond / (n * (double) k * (2.0 * n - 3.0 * k - 1));
    }

    /** The k nearest points to point i. */
    private static int[] nearest(double[] places, int dimensions, int i, int k) {
        int[] nearest = new int[k];
        double[] squares = new double[k];
        int count = 0;
        for (int j = 0; j < places.length / dimensions; j++) {
            double square = 0;
            for (int a = 0; a < dimensions; a++) {
                double difference = places[i * dimensions + a] - places[j * dimensions + a];
                square += difference * difference;
            }
            if (j != i && (count < k || square < squares[k - 1])) {
                int at = Math.min(count, k - 1);
                for (; at > 0 && square < squares[at - 1]; at--) {
                    squares[at] = squares[at - 1];
                    nearest[at] = nearest[at - 1];
                }
                squares[at] = square;
                nearest[at] = j;
                count = Math.min(k, count + 1);
            }
        }
        return nearest;
    }

    /** The rank of row j, from 1, by distance from row i. */
    private static int rank(double[] squares, int at, int i, int j, int n) {
        double square = squares[at + j];
        int rank = 1;
        for (int l = 0; l < n; l++) {
            boolean nearer = squares[at + l] < square || (squares[at + l] == square && l < j);
            rank += nearer && l != i ? 1 : 0;
        }
        return rank;
    }
}
