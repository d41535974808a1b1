package io.github.fedhds.fusion;

import io.github.fedhds.feature.FeatureMatrix;
import io.github.fedhds.feature.Points;
import java.util.Random;
import java.util.function.Function;

/**
 * Places long feature rows on a few axes with exact t-SNE, so that near rows stay near.
 *
 * <p>Takes {@code [n, d]} (n instructions), gives {@code [n, dimensions]}; no unit, centred on zero. Follows scikit-learn's
 * defaults (start on the principal axes, learning rate n / 48 but at least 50, 1,000 iterations, stopped early without
 * progress), with every repulsion computed, not approximated by a tree. Above 512 rows attraction acts between each row and
 * its 3 x perplexity nearest ones only, as scikit-learn's default does. Time O(n² d) once and O(n²) an iteration; memory 20
 * n² bytes while the affinities are found, 8 n² off the heap; 46,340 rows at most. Equal input gives equal output on one
 * machine, by any number of {@link Builder#threads threads}. Immutable, safe for many threads.
 *
 * <p>Departs from the paper in one point: with few rows the perplexity is lowered to n - 1. One row is placed at zero, and
 * so are rows that are all equal. The Student kernel has one degree of freedom for any number of axes.
 *
 * <p>Only the last layer: {@code fusion.compose(FeatureMatrix::lastBlock)}.
 *
 * @see <a href="https://jmlr.org/papers/v9/vandermaaten08a.html">van der Maaten, Hinton 2008, sections 2-3</a>
 */
public final class TsneFusion implements Function<FeatureMatrix, Points> {
    /** Up to this many rows all pairs attract: it is as fast, and exact. */
    static final int ALL_PAIRS = 512;

    private static final double START_DEVIATION = 1e-4;

    private final int dimensions;
    private final double perplexity;
    private final double earlyExaggeration;
    private final double learningRate;
    private final int iterations;
    private final int threads;

    private TsneFusion(Builder builder) {
        this.dimensions = builder.dimensions;
        this.perplexity = builder.perplexity;
        this.earlyExaggeration = builder.earlyExaggeration;
        this.learningRate = builder.learningRate;
        this.iterations = builder.iterations;
        this.threads = builder.threads;
    }

    /** Settings, each with the default of the paper or of scikit-learn. */
    public static Builder builder() {
        return new Builder();
    }

    /** Settings of a {@link TsneFusion}; not safe for many threads. */
    public static final class Builder {
        private int dimensions = 2;
        private double perplexity = 30;
        private double earlyExaggeration = 12;
        private double learningRate; // 0: by the number of rows
        private int iterations = 1000;
        private int threads = Math.min(2, Runtime.getRuntime().availableProcessors());

        private Builder() {}

        /** Number of axes, 1 or more; 2 by default. */
        public Builder dimensions(int dimensions) {
            this.dimensions = atLeastOne("dimensions", dimensions);
            return this;
        }

        /** Effective number of neighbours, finite and above 1; 30 by default, and never above the number of rows less 1. */
        public Builder perplexity(double perplexity) {
            if (!(perplexity > 1) || Double.isInfinite(perplexity)) {
                throw new IllegalArgumentException("perplexity must be finite and above 1, was " + perplexity);
            }
            this.perplexity = perplexity;
            return this;
        }

        /** Factor of the affinities in the first 250 iterations, finite and 1 or more; 12 by default. */
        public Builder earlyExaggeration(double earlyExaggeration) {
            if (!(earlyExaggeration >= 1) || Double.isInfinite(earlyExaggeration)) {
                throw new IllegalArgumentException(
                        "earlyExaggeration must be finite and 1 or more, was " + earlyExaggeration);
            }
            this.earlyExaggeration = earlyExaggeration;
            return this;
        }

        /** Step size, finite and above 0; by default rows / earlyExaggeration / 4, but at least 50. */
        public Builder learningRate(double learningRate) {
            if (!(learningRate > 0) || Double.isInfinite(learningRate)) {
                throw new IllegalArgumentException("learningRate must be finite and above 0, was " + learningRate);
            }
            this.learningRate = learningRate;
            return this;
        }

        /** Most iterations, 1 or more, the 250 exaggerated ones included; 1,000 by default. */
        public Builder iterations(int iterations) {
            this.iterations = atLeastOne("iterations", iterations);
            return this;
        }

        /** Threads that share the work, 1 or more; 2 by default. The result is the same for any number. */
        public Builder threads(int threads) {
            this.threads = atLeastOne("threads", threads);
            return this;
        }

        /** The fusion. */
        public TsneFusion build() {
            return new TsneFusion(this);
        }

        private static int atLeastOne(String name, int value) {
            if (value < 1) {
                throw new IllegalArgumentException(name + " must be 1 or more, was " + value);
            }
            return value;
        }
    }

    /**
     * The rows' places.
     *
     * @throws IllegalArgumentException if a row holds a NaN or an infinity; the message names the row
     */
    @Override
    public Points apply(FeatureMatrix features) {
        CentredRows rows = CentredRows.of(features);
        int n = rows.rows();
        if (n < 2) {
            return new Points(n, dimensions, new double[n * dimensions]);
        }
        try (Workers workers = new Workers(n, threads)) {
            double[] gram = rows.rowGram();
            double[] start = start(gram, n);
            float[] distances = rows.squaredDistances(gram);
            double[] joint = Affinities.joint(distances, n, perplexity(n), workers);
            int neighbours = (int) Math.min(n - 1, 3 * perplexity(n) + 1);
            Forces forces = n <= ALL_PAIRS
                    ? Forces.overAllPairs(joint, n, dimensions)
                    : Forces.overNeighbours(joint, n, dimensions, neighbours);
            double rate = learningRate > 0 ? learningRate : Math.max(n / earlyExaggeration / 4, 50);
            TsneDescent descent = new TsneDescent(forces, start, rate, workers);
            return new Points(n, dimensions, descent.run(iterations, earlyExaggeration));
        }
    }

    /**
     * How badly places keep the rows' neighbourhoods: the Kullback-Leibler divergence over all pairs, exact, 0 or more. It
     * compares maps of the same rows. Time and memory as for the affinities of {@link #apply}.
     *
     * @param features the rows
     * @param points their places, as many
     */
    public double divergence(FeatureMatrix features, Points points) {
        if (points.size() != features.rows()) {
            throw new IllegalArgumentException(
                    "each feature row needs its point, was " + features.rows() + " rows, " + points.size() + " points");
        }
        if (points.size() < 2) {
            return 0;
        }
        return Affinities.divergence(affinities(features), points.toArray(), points.size(), points.dimensions());
    }

    /** Joint affinities of all pairs of rows, {@code [n, n]}. */
    double[] affinities(FeatureMatrix features) {
        CentredRows rows = CentredRows.of(features);
        int n = rows.rows();
        if (n < 2) {
            return new double[n * n];
        }
        try (Workers workers = new Workers(n, threads)) {
            return Affinities.joint(rows.squaredDistances(rows.rowGram()), n, perplexity(n), workers);
        }
    }

    private double perplexity(int n) {
        return Math.min(perplexity, n - 1);
    }

    /** Scores on the principal axes, scaled to a standard deviation of 1e-4 on the first. */
    private double[] start(double[] gram, int n) {
        double[] start = PcaFusion.scores(gram, n, Math.min(dimensions, n - 1), dimensions, false);
        PcaFusion.orient(start, n, dimensions);
        double square = 0;
        for (int i = 0; i < n; i++) {
            square += start[i * dimensions] * start[i * dimensions];
        }
        if (square == 0) {
            return start; // all rows are equal
        }
        double scale = START_DEVIATION / Math.sqrt(square / n);
        for (int i = 0; i < start.length; i++) {
            start[i] *= scale;
        }
        Random random = new Random(0);
        for (int a = 1; a < dimensions; a++) {
            if (isZero(start, a)) { // on an axis without a spread nothing could ever move
                for (int i = 0; i < n; i++) {
                    start[i * dimensions + a] = 1e-4 * START_DEVIATION * random.nextGaussian();
                }
            }
        }
        return start;
    }

    private boolean isZero(double[] start, int axis) {
        for (int at = axis; at < start.length; at += dimensions) {
            if (start[at] != 0) {
                return false;
            }
        }
        return true;
    }
}
