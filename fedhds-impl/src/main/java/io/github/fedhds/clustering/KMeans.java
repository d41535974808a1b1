package io.github.fedhds.clustering;

import io.github.fedhds.feature.Points;
import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * Clusters rows with k-means: Lloyd's algorithm with k-means++ seeds, the best of several starts. Every row is in a
 * cluster, none is noise.
 *
 * <p>Takes {@code [n, d]} of any unit; returns a label per row and a mean per cluster, with probabilities and
 * persistence 1 and a spanning tree weight of 0. Clusters are numbered in the order of their first rows. With fewer
 * than k distinct rows there are as many clusters as distinct rows. No cluster is ever empty: one that loses all rows
 * gets the row farthest from its mean. The same rows in the same order and the same seed give the same output. Time
 * O(starts x iterations x n k d), memory O(n d). Immutable, safe for many threads.
 *
 * @see <a href="https://doi.org/10.1109/TIT.1982.1056489">Lloyd 1982: Least squares quantization in PCM</a>
 * @see <a href="https://dl.acm.org/doi/10.5555/1283383.1283494">Arthur, Vassilvitskii 2007: k-means++</a>
 */
public final class KMeans implements Clusterer {
    private final int clusters;
    private final int starts;
    private final int iterations;
    private final long seed;

    private KMeans(Builder builder) {
        clusters = builder.clusters;
        starts = builder.starts;
        iterations = builder.iterations;
        seed = builder.seed;
    }

    /** Starts with the default settings. */
    public static Builder builder() {
        return new Builder();
    }

    @Override
    public Clustering fit(Points points) {
        int bits = exponent(points);
        Coordinates rows = new Coordinates(points).scaled(-bits); // to at most 1: no sum and no square overflows
        if (rows.size() == 0) {
            return Clustering.allNoise(0, points.dimensions(), 0);
        }
        SplittableRandom random = new SplittableRandom(seed);
        Lloyd best = new Lloyd(rows, clusters, random);
        best.run(iterations);
        for (int start = 1; start < starts; start++) {
            Lloyd other = new Lloyd(rows, clusters, random);
            other.run(iterations);
            if (other.squares() < best.squares()) {
                best = other;
            }
        }
        return describe(best, bits);
    }

    @Override
    public String toString() {
        return "KMeans[clusters=" + clusters + ", starts=" + starts + ", iterations=" + iterations + ", seed=" + seed
                + "]";
    }

    private static int exponent(Points points) {
        double largest = 0;
        for (double value : points.toArray()) {
            largest = Math.max(largest, Math.abs(value));
        }
        return Double.isFinite(largest) && largest > 0 ? Math.getExponent(largest) + 1 : 0;
    }

    private static Clustering describe(Lloyd found, int bits) {
        int[] labels = found.labels();
        int[] number = new int[found.clusters()];
        Arrays.fill(number, Clustering.NOISE);
        int known = 0;
        for (int row = 0; row < labels.length; row++) {
            if (number[labels[row]] == Clustering.NOISE) {
                number[labels[row]] = known++;
            }
            labels[row] = number[labels[row]];
        }
        double[][] means = new double[known][];
        for (int c = 0; c < known; c++) {
            means[number[c]] = found.mean(c);
        }
        double[] ones = new double[labels.length];
        Arrays.fill(ones, 1);
        return new Clustering(labels, ones, unscaled(means, bits), Arrays.copyOf(ones, known), 0);
    }

    private static Points unscaled(double[][] means, int bits) {
        for (double[] mean : means) {
            for (int axis = 0; axis < mean.length; axis++) {
                double value = Math.scalb(mean[axis], bits); // the mean of very large numbers may be rounded up
                mean[axis] = Math.max(-Double.MAX_VALUE, Math.min(value, Double.MAX_VALUE));
            }
        }
        return Points.of(means);
    }

    /** Settings of {@link KMeans}. Not thread-safe. */
    public static final class Builder {
        private int clusters = 8;
        private int starts = 10;
        private int iterations = 300;
        private long seed;

        private Builder() {}

        /** Number of clusters k, 1 or more; 8 by default. */
        public Builder clusters(int clusters) {
            this.clusters = atLeastOne("clusters", clusters);
            return this;
        }

        /**
         * Number of starts from different seeds, 1 or more; 10 by default. The one with the smallest sum of squares
         * wins.
         */
        public Builder starts(int starts) {
            this.starts = atLeastOne("starts", starts);
            return this;
        }

        /**
         * Maximum number of iterations per start, 1 or more; 300 by default. It ends earlier when no row changes its
         * cluster.
         */
        public Builder iterations(int iterations) {
            this.iterations = atLeastOne("iterations", iterations);
            return this;
        }

        /** Seed of the random starts; 0 by default. */
        public Builder seed(long seed) {
            this.seed = seed;
            return this;
        }

        private static int atLeastOne(String name, int value) {
            if (value < 1) {
                throw new IllegalArgumentException(name + " must be 1 or more, was " + value);
            }
            return value;
        }

        /** Creates the clusterer. */
        public KMeans build() {
            return new KMeans(this);
        }
    }
}
