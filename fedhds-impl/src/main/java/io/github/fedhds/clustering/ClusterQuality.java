package io.github.fedhds.clustering;

import io.github.fedhds.feature.Points;
import io.github.fedhds.internal.Euclidean;
import java.util.Arrays;

/**
 * How well clusters separate their points: three indices that need no true labels, as scikit-learn defines them. They
 * have no unit and compare clusterings of the same points.
 *
 * <p>Points labelled {@link Clustering#NOISE} are left out, so an index may be high with few clustered points: consider
 * the share of noise too. An index is NaN with fewer than two clusters, or with one cluster per point. Immutable, safe
 * for many threads.
 */
public final class ClusterQuality {
    private final int n;
    private final int d;
    private final double[] values; // [n, d], without noise
    private final int[] cluster; // of each row, 0 to k - 1
    private final int[] sizes;
    private final double[] centres; // [k, d]

    private ClusterQuality(int d, double[] values, int[] cluster, int k) {
        this.n = cluster.length;
        this.d = d;
        this.values = values;
        this.cluster = cluster;
        this.sizes = new int[k];
        this.centres = new double[k * d];
        int[] first = new int[k];
        for (int i = n - 1; i >= 0; i--) {
            sizes[cluster[i]]++;
            first[cluster[i]] = i;
        }
        for (int i = 0; i < n; i++) { // the mean of differences, so that equal points have no spread
            for (int a = 0; a < d; a++) {
                centres[cluster[i] * d + a] += values[i * d + a] - values[first[cluster[i]] * d + a];
            }
        }
        for (int c = 0; c < centres.length; c++) {
            centres[c] = centres[c] / sizes[c / d] + values[first[c / d] * d + c % d];
        }
    }

    /**
     * Points and their clusters.
     *
     * @param points {@code [n, d]}, finite; n may be 0
     * @param labels the cluster of each point, any number from 0, or {@link Clustering#NOISE}
     * @throws IllegalArgumentException if the numbers of points and labels differ, a label is below -1, or a coordinate
     *     is NaN or infinite; the message names the point
     */
    public static ClusterQuality of(Points points, int[] labels) {
        if (labels.length != points.size()) {
            throw new IllegalArgumentException(
                    "each point needs its label, was " + points.size() + " points, " + labels.length + " labels");
        }
        int bad = points.firstNonFinite();
        if (bad >= 0) {
            throw new IllegalArgumentException("point " + bad + " of " + points.size() + " holds a NaN or an infinity");
        }
        int[] used = Arrays.stream(labels)
                .filter(label -> label != Clustering.NOISE)
                .sorted()
                .distinct()
                .toArray();
        int d = points.dimensions();
        double[] all = points.toArray();
        double[] values = new double[all.length];
        int[] cluster = new int[labels.length];
        int n = 0;
        for (int i = 0; i < labels.length; i++) {
            if (labels[i] < Clustering.NOISE) {
                throw new IllegalArgumentException("label of point " + i + " must be -1 or more, was " + labels[i]);
            }
            if (labels[i] != Clustering.NOISE) {
                System.arraycopy(all, i * d, values, n * d, d);
                cluster[n++] = Arrays.binarySearch(used, labels[i]);
            }
        }
        return new ClusterQuality(d, scaled(Arrays.copyOf(values, n * d)), Arrays.copyOf(cluster, n), used.length);
    }

    /** Scales by a power of two to at most 1, so that no square overflows. */
    private static double[] scaled(double[] values) {
        double largest = 0;
        for (double value : values) {
            largest = Math.max(largest, Math.abs(value));
        }
        for (int i = 0; i < values.length && largest > 0; i++) {
            values[i] = Math.scalb(values[i], -Math.getExponent(largest) - 1);
        }
        return values;
    }

    /**
     * Mean silhouette: -1 to 1, higher is better; how much nearer a point is to its own cluster than to the next one. A
     * point that is alone in its cluster counts 0. Time O(n² d), memory O(n d).
     *
     * @see <a href="https://doi.org/10.1016/0377-0427(87)90125-7">Rousseeuw 1987</a>
     */
    public double silhouette() {
        if (isUndefined()) {
            return Double.NaN;
        }
        double sum = 0;
        double[] distances = new double[sizes.length];
        for (int i = 0; i < n; i++) {
            Arrays.fill(distances, 0);
            for (int j = 0; j < n; j++) {
                distances[cluster[j]] += Math.sqrt(squaredDistance(values, i, values, j));
            }
            int own = cluster[i];
            if (sizes[own] > 1) {
                double next = Double.POSITIVE_INFINITY;
                for (int c = 0; c < sizes.length; c++) {
                    next = c == own ? next : Math.min(next, distances[c] / sizes[c]);
                }
                double within = distances[own] / (sizes[own] - 1);
                double larger = Math.max(within, next);
                sum += larger > 0 ? (next - within) / larger : 0;
            }
        }
        return sum / n;
    }

    /**
     * Calinski-Harabasz index: 0 or more, higher is better; the variance between clusters divided by the variance
     * within, each by its degrees of freedom. 1 if no cluster has a variance. Time O(n d).
     *
     * @see <a href="https://doi.org/10.1080/03610927408827101">Calinski, Harabasz 1974</a>
     */
    public double calinskiHarabasz() {
        if (isUndefined()) {
            return Double.NaN;
        }
        double[] mean = new double[d];
        for (int i = 0; i < n; i++) {
            for (int a = 0; a < d; a++) {
                mean[a] += values[i * d + a] / n;
            }
        }
        int k = sizes.length;
        double between = 0;
        for (int c = 0; c < k; c++) {
            between += sizes[c] * squaredDistance(centres, c, mean, 0);
        }
        double within = 0;
        for (int i = 0; i < n; i++) {
            within += squaredDistance(values, i, centres, cluster[i]);
        }
        return within == 0 ? 1 : between * (n - k) / (within * (k - 1));
    }

    /**
     * Davies-Bouldin index: 0 or more, lower is better; the mean over clusters of the worst similarity to another
     * cluster: the sum of their mean distances from the centre, divided by the distance of the centres. Pairs of equal
     * centres do not count, as in scikit-learn. Time O((n + k²) d) for k clusters.
     *
     * @see <a href="https://doi.org/10.1109/TPAMI.1979.4766909">Davies, Bouldin 1979</a>
     */
    public double daviesBouldin() {
        if (isUndefined()) {
            return Double.NaN;
        }
        int k = sizes.length;
        double[] spread = new double[k];
        for (int i = 0; i < n; i++) {
            spread[cluster[i]] += Math.sqrt(squaredDistance(values, i, centres, cluster[i])) / sizes[cluster[i]];
        }
        double sum = 0;
        for (int c = 0; c < k; c++) {
            double worst = 0;
            for (int other = 0; other < k; other++) {
                double apart = Math.sqrt(squaredDistance(centres, c, centres, other));
                worst = apart > 0 ? Math.max(worst, (spread[c] + spread[other]) / apart) : worst;
            }
            sum += worst;
        }
        return sum / k;
    }

    private boolean isUndefined() {
        return sizes.length < 2 || sizes.length >= n;
    }

    private double squaredDistance(double[] a, int i, double[] b, int j) {
        return Euclidean.squared(a, i, b, j, d);
    }
}
