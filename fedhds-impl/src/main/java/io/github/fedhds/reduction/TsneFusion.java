package io.github.fedhds.reduction;

import io.github.fedhds.feature.FeatureMatrix;
import io.github.fedhds.feature.Points;
import io.github.fedhds.fusion.Fusion;
import io.github.fedhds.internal.Workers;
import io.github.fedhds.round.RoundContext;
import java.util.Objects;
import java.util.Random;
import java.util.function.Consumer;

/**
 * t-SNE: reduces long feature rows to a few axes, so that near rows stay near.
 *
 * <p>Takes {@code [n, d]} (n instructions), returns {@code [n, dimensions]}; no unit, centred on zero. Follows
 * scikit-learn's defaults (start on the principal axes, learning rate n / 48 but at least 50, up to 1,000 iterations).
 * But after the first 250 iterations the learning rate is n / 4, which needs fewer iterations for the same quality, and
 * {@link Builder#minimumProgress} may end them. Up to 512 rows it is exact. With more, only each row and its 3 x
 * perplexity exact nearest neighbours attract each other, as in scikit-learn's default; with more than {@link
 * Builder#exactRows} rows (1,500), on two axes, a tree also approximates the repulsion of distant points. On two axes
 * forces are computed in float and summed in double.
 *
 * <p>Time O(n² d) once; an iteration takes O(n²), or about O(n log n) with the tree. Memory off the heap 4 n d bytes (8 n d of up to 8 million numbers);
 * up to 5,000 rows another 8 n² bytes on the heap and 8 n² off it; above, 128 MiB on and off the heap, and what
 * {@link PcaFusion} needs for the start. Equal input gives equal output on one machine with one
 * {@link PcaFusion#backend}, with any number of {@link Builder#threads threads}. Immutable, safe for many threads if the listener is. An
 * interrupt of the thread ends the fusion, between iterations or blocks of rows.
 *
 * <p>Equal rows get exactly the same point, in any row order. The same rows in another order get a different result of
 * the same quality, because of rounding. Ignores the round and its seed.
 *
 * <p>Differs from the FedHDS paper in one point: with few rows the perplexity is lowered to n - 1. A single row, or
 * rows that are all equal, get the point zero. The Student kernel has one degree of freedom for any number of axes.
 *
 * <p>To use only the last layer: {@code fusion.compose(FeatureMatrix::lastBlock)}.
 *
 * @see <a href="https://jmlr.org/papers/v9/vandermaaten08a.html">van der Maaten, Hinton 2008, sections 2-3</a>
 * @see <a href="https://doi.org/10.1038/s41467-019-13055-y">Belkina et al. 2019: the learning rate of many rows</a>
 * @see <a href="https://jmlr.org/papers/v15/vandermaaten14a.html">van der Maaten 2014, section 4</a>
 */
public final class TsneFusion implements Fusion {
    /** Up to this number of rows all pairs attract, which is as fast, and exact. */
    static final int ALL_PAIRS = 512;

    /** Up to this number of rows all inner products are stored; above, blocks of them. */
    private static final int HELD = 5000;

    /** Minimum number of rows per thread; with fewer, another thread costs more than it saves. */
    private static final int ROWS_PER_THREAD = 192;

    private static final double START_DEVIATION = 1e-4;

    static final Workers.Task TSNE = new Workers.Task(
            "tsne",
            "a fusion thread failed",
            "t-SNE was interrupted while the rows were compared; nothing of it is kept");

    private final int dimensions;
    private final double perplexity;
    private final double earlyExaggeration;
    private final double learningRate;
    private final int iterations;
    private final double minimumProgress;
    private final int exactRows;
    private final int threads;
    private final Consumer<TsneProgress> listener;

    private TsneFusion(Builder builder) {
        this.dimensions = builder.dimensions;
        this.perplexity = builder.perplexity;
        this.earlyExaggeration = builder.earlyExaggeration;
        this.learningRate = builder.learningRate;
        this.iterations = builder.iterations;
        this.minimumProgress = builder.minimumProgress;
        this.exactRows = builder.exactRows;
        this.listener = builder.listener;
        this.threads = builder.threads;
    }

    /** Starts with the default settings, from the FedHDS paper or scikit-learn. */
    public static Builder builder() {
        return new Builder();
    }

    /** Settings of {@link TsneFusion}. Not thread-safe. */
    public static final class Builder {
        private int dimensions = 2;
        private double perplexity = 30;
        private double earlyExaggeration = 12;
        private double learningRate; // 0 for the default by number of rows
        private int iterations = 1000;
        private double minimumProgress = 0.005;
        private int exactRows = 1500;
        private Consumer<TsneProgress> listener = progress -> {};
        private int threads = Math.min(2, Runtime.getRuntime().availableProcessors());

        private Builder() {}

        /** Number of axes, 1 or more; 2 by default. */
        public Builder dimensions(int dimensions) {
            this.dimensions = atLeastOne("dimensions", dimensions);
            return this;
        }

        /** Effective number of neighbours, finite and above 1; 30 by default, lowered to the number of rows minus 1. */
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

        /**
         * Step size of all iterations, finite and above 0. By default rows / earlyExaggeration / 4 in the first 250,
         * then rows / 4, but at least 50.
         */
        public Builder learningRate(double learningRate) {
            if (!(learningRate > 0) || Double.isInfinite(learningRate)) {
                throw new IllegalArgumentException("learningRate must be finite and above 0, was " + learningRate);
            }
            this.learningRate = learningRate;
            return this;
        }

        /**
         * Maximum number of iterations, 1 or more, including the 250 exaggerated ones; 1,000 by default. {@link
         * #minimumProgress} may end them earlier.
         */
        public Builder iterations(int iterations) {
            this.iterations = atLeastOne("iterations", iterations);
            return this;
        }

        /**
         * Minimum relative decrease of the divergence in 50 iterations, 0 to below 1; 0.005 by default. A smaller
         * decrease after iteration 500 ends the fusion. With 0, as in scikit-learn, only 300 iterations without any
         * decrease end it.
         */
        public Builder minimumProgress(double minimumProgress) {
            if (!(minimumProgress >= 0 && minimumProgress < 1)) {
                throw new IllegalArgumentException("minimumProgress must be 0 to below 1, was " + minimumProgress);
            }
            this.minimumProgress = minimumProgress;
            return this;
        }

        /**
         * Maximum number of rows with exact repulsion, 0 or more; 1,500 by default. For more rows the repulsion of
         * distant points is approximated, but only on two axes.
         */
        public Builder exactRows(int exactRows) {
            if (exactRows < 0) {
                throw new IllegalArgumentException("exactRows must be 0 or more, was " + exactRows);
            }
            this.exactRows = exactRows;
            return this;
        }

        /**
         * Called with the progress, on the thread that fuses; no listener by default. Its exception ends the fusion.
         */
        public Builder listener(Consumer<TsneProgress> listener) {
            this.listener = Objects.requireNonNull(listener, "listener");
            return this;
        }

        /** Maximum number of threads, 1 or more; 2 by default. Does not change the result. */
        public Builder threads(int threads) {
            this.threads = atLeastOne("threads", threads);
            return this;
        }

        /** Creates the fusion. */
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

    @Override
    public int dimensions() {
        return dimensions;
    }

    /**
     * The rows' points.
     *
     * @throws IllegalArgumentException if a row has a NaN or an infinity; the message names the row
     * @throws io.github.fedhds.FedHdsException if the thread is interrupted; it keeps its interrupt flag, and no work
     *     continues
     */
    @Override
    public Points fuse(FeatureMatrix features, RoundContext round) {
        CentredRows rows = CentredRows.of(features);
        int n = rows.rows();
        if (n < 2) {
            return new Points(n, dimensions, new double[n * dimensions]);
        }
        try (Workers workers = workers(n)) {
            double[] gram = keepsGram(rows) ? rows.rowGram() : new double[0];
            double[] start = gram.length > 0
                    ? PcaFusion.scores(gram, n, Math.min(dimensions, n - 1), dimensions, false)
                    : new PcaFusion(dimensions).fuse(features, round).toArray();
            scale(start, n);
            Forces forces = forces(rows, gram, workers);
            TsneDescent descent = new TsneDescent(
                    forces, start, rate(n, earlyExaggeration), rate(n, 1), minimumProgress, workers, listener);
            double[] places = descent.run(iterations, earlyExaggeration);
            return new Points(n, dimensions, EqualRows.samePoints(features, places, dimensions));
        }
    }

    /** All settings that the result depends on. */
    @Override
    public String toString() {
        return "TsneFusion[dimensions=" + dimensions + ", perplexity=" + perplexity + ", earlyExaggeration="
                + earlyExaggeration + ", learningRate=" + (learningRate > 0 ? learningRate : "by rows")
                + ", iterations=" + iterations + ", minimumProgress=" + minimumProgress + ", exactRows=" + exactRows
                + "]";
    }

    private Workers workers(int n) {
        return new Workers(TSNE, Math.max(1, Math.min(threads, n / ROWS_PER_THREAD)));
    }

    private double rate(int n, double exaggeration) {
        return learningRate > 0 ? learningRate : Math.max(n / exaggeration / 4, 50);
    }

    private Forces forces(CentredRows rows, double[] gram, Workers workers) {
        int n = rows.rows();
        if (n <= ALL_PAIRS) {
            double[] joint = Affinities.joint(rows.squaredDistances(gram), n, perplexity(n), workers);
            return Forces.overAllPairs(joint, n, dimensions);
        }
        int count = (int) Math.min(n - 1, 3 * perplexity(n) + 1);
        Neighbours near = Neighbours.among(distances(rows, gram), count, workers);
        return Forces.overNeighbours(Affinities.between(near, n, perplexity(n), workers), n, dimensions, n > exactRows);
    }

    /** Whether all inner products are stored, for the initial position and the distances. */
    private static boolean keepsGram(CentredRows rows) {
        return rows.rows() <= HELD;
    }

    private static SquaredDistances distances(CentredRows rows, double[] gram) {
        return gram.length > 0 ? SquaredDistances.of(rows, gram) : SquaredDistances.byBlocks(rows);
    }

    /**
     * How much the points distort the rows' neighbourhoods: the exact Kullback-Leibler divergence over all pairs, 0 or
     * more, lower is better. Compares points of the same rows. Time O(n² d) and about thirty exponentials per pair;
     * memory as in {@link #fuse}.
     *
     * @param features the rows
     * @param points one point per row
     */
    public double divergence(FeatureMatrix features, Points points) {
        if (points.size() != features.rows()) {
            throw new IllegalArgumentException(
                    "each feature row needs its point, was " + features.rows() + " rows, " + points.size() + " points");
        }
        if (points.size() < 2) {
            return 0;
        }
        CentredRows rows = CentredRows.of(features);
        SquaredDistances distances = distances(rows, keepsGram(rows) ? rows.rowGram() : new double[0]);
        try (Workers workers = workers(points.size())) {
            return Affinities.divergence(
                    distances, perplexity(points.size()), points.toArray(), points.dimensions(), workers);
        }
    }

    /** Joint affinities of all pairs of rows, {@code [n, n]}. */
    double[] affinities(FeatureMatrix features) {
        CentredRows rows = CentredRows.of(features);
        int n = rows.rows();
        if (n < 2) {
            return new double[n * n];
        }
        try (Workers workers = workers(n)) {
            return Affinities.joint(rows.squaredDistances(rows.rowGram()), n, perplexity(n), workers);
        }
    }

    private double perplexity(int n) {
        return Math.min(perplexity, n - 1);
    }

    /** Scales scores on the principal axes to a standard deviation of 1e-4 on the first, in place. */
    private void scale(double[] start, int n) {
        PcaFusion.orient(start, n, dimensions);
        double square = 0;
        for (int i = 0; i < n; i++) {
            square += start[i * dimensions] * start[i * dimensions];
        }
        if (square == 0) {
            return; // all rows are equal
        }
        double scale = START_DEVIATION / Math.sqrt(square / n);
        for (int i = 0; i < start.length; i++) {
            start[i] *= scale;
        }
        Random random = new Random(0);
        for (int a = 1; a < dimensions; a++) {
            if (isZero(start, a)) { // on an axis without spread no point could move
                for (int i = 0; i < n; i++) {
                    start[i * dimensions + a] = 1e-4 * START_DEVIATION * random.nextGaussian();
                }
            }
        }
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
