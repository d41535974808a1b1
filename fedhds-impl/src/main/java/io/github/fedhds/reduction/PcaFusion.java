package io.github.fedhds.reduction;

import io.github.fedhds.feature.FeatureMatrix;
import io.github.fedhds.feature.Points;
import io.github.fedhds.fusion.Fusion;
import io.github.fedhds.internal.algebra.Eigen;
import io.github.fedhds.internal.algebra.LinearAlgebra;
import io.github.fedhds.internal.algebra.LoadedRows;
import io.github.fedhds.round.RoundContext;
import java.util.OptionalLong;

/**
 * PCA: reduces feature rows to the axes of largest variance.
 *
 * <p>Takes {@code [n, d]} (n instructions), returns {@code [n, dimensions]} in the features' unit, centred on zero, the
 * axis of largest variance first. On each axis the score of largest magnitude is positive, so signs are deterministic.
 * Axes beyond the features' rank are zero, and so is a single row. In exact arithmetic these are the scores of
 * scikit-learn's {@code PCA}; axes with a spread under
 * 1e-7 of the first one's are lost in rounding. Few axes of many rows are found by block Lanczos iteration, in double, of
 * O(n d (dimensions + 10)) a step and at most 24 steps, with 4 n d bytes off the heap (8 n d
 * of up to 8 million numbers). Otherwise, or if that does not
 * converge, the smaller Gram matrix is decomposed: time O(n d min(n, d)), another 8 min(n, d)² bytes on and off the heap,
 * and the smaller of n and d at most 46,340; {@link #randomised} has no limit. Immutable, safe for many threads; equal input gives equal
 * output on one machine with one {@link #backend} and number of threads.
 *
 * <p>Equal rows get exactly equal points, in any row order. The same rows in another order get the same points up to
 * rounding, and up to the sign of an axis on which the two largest scores have opposite signs and equal magnitudes
 * within 1e-9. Ignores the round and its seed.
 *
 * <p>To use only the last layer: {@code fusion.compose(FeatureMatrix::lastBlock)}.
 *
 * @see <a href="https://doi.org/10.1080/14786440109462720">Pearson 1901; Hotelling 1933</a>
 */
public final class PcaFusion implements Fusion {
    /** Up to this order of the smaller Gram matrix the randomised PCA is the exact one. */
    private static final int RANDOMISED_FROM = 1000;
    /** With fewer rows than the columns divided by this, vectors are iterated that have one number per row. */
    private static final int ROWS_SIDE = 4;

    private final int dimensions;
    private final OptionalLong seed; // if present, randomised

    private PcaFusion(int dimensions, OptionalLong seed) {
        this.dimensions = checkDimensions(dimensions);
        this.seed = seed;
    }

    /**
     * Exact PCA to a number of axes.
     *
     * @param dimensions number of axes, 1 or more; 2 in the ablation of the FedHDS paper
     */
    public PcaFusion(int dimensions) {
        this(dimensions, OptionalLong.empty());
    }

    /** Exact PCA to 2 axes. */
    public PcaFusion() {
        this(2);
    }

    /**
     * PCA in float without a Gram matrix, for many rows: block Lanczos iteration from random vectors, 10 more than
     * axes as in scikit-learn's randomised solver. Up to 8 passes over the rows of O(n d (dimensions + 10)) each, memory
     * off the heap 4 n d bytes; any number of rows. ND4J computes in double. The error of the scores is
     * about 1e-5 of an axis if the spreads of the wanted axes differ from each other and from the next ten; if spreads
     * are similar, the axes are interchangeable, and the seed decides which are found. If the smaller of n and d is at
     * most 1,000, or 8 (dimensions + 10), it uses exact PCA, which is then faster.
     *
     * @param dimensions number of axes, 1 or more
     * @param seed any number; equal seeds give equal points on one machine
     */
    public static PcaFusion randomised(int dimensions, long seed) {
        return new PcaFusion(dimensions, OptionalLong.of(seed));
    }

    /**
     * Name of the linear algebra backend, such as {@code PyTorch (cpu)} or {@code CPU (OPENBLAS)} of ND4J. PyTorch is used
     * if its engine is on the class path, else ND4J; the system property {@code fedhds.algebra}, {@code torch} or {@code
     * nd4j}, chooses. PyTorch runs on the device of the system property {@code fedhds.algebra.device} (model, auto, cpu, cuda
     * or cuda:N), by default model: the device of the first model that the process loaded, the CPU if there is none.
     *
     * @throws io.github.fedhds.FedHdsException if its library is missing; the message names it
     */
    public static String backend() {
        return LinearAlgebra.chosen().name();
    }

    @Override
    public int dimensions() {
        return dimensions;
    }

    /**
     * The rows' scores on the principal axes.
     *
     * @throws IllegalArgumentException if a row has a NaN or an infinity; the message names the row
     */
    @Override
    public Points fuse(FeatureMatrix features, RoundContext round) {
        CentredRows rows = CentredRows.of(features);
        return new Points(rows.rows(), dimensions, EqualRows.samePoints(features, scores(rows), dimensions));
    }

    static int checkDimensions(int dimensions) {
        if (dimensions < 1) {
            throw new IllegalArgumentException("dimensions must be 1 or more, was " + dimensions);
        }
        return dimensions;
    }

    @Override
    public String toString() {
        return "PcaFusion[dimensions=" + dimensions
                + (seed.isPresent() ? ", randomised with seed " + seed.getAsLong() : "") + "]";
    }

    private double[] scores(CentredRows rows) {
        return scores(rows, dimensions, seed);
    }

    /** Scores of centred rows, {@code [n, dimensions]}, in float if there is a seed. */
    static double[] scores(CentredRows rows, int dimensions, OptionalLong seed) {
        int n = rows.rows();
        int d = rows.columns();
        int k = Math.min(dimensions, Math.min(n - 1, d)); // centred rows have a rank of n - 1 at most
        if (k < 1) {
            return new double[n * dimensions];
        }
        LinearAlgebra algebra = LinearAlgebra.chosen();
        int order = Math.min(n, d);
        boolean randomised = seed.isPresent() && order > RANDOMISED_FROM && Eigen.worthIterating(order, k);
        // A pass multiplies with both sides at once if it is by columns; long vectors cost more.
        boolean byRows = (long) n * ROWS_SIDE < d;
        try (LoadedRows loaded = rows.load(randomised)) {
            Eigen eigen = Eigen.worthIterating(order, k)
                    ? Eigen.leading(algebra, loaded, byRows, byRows ? n : d, k, !randomised, seed.orElse(1))
                    : null;
            if (eigen == null) {
                byRows = n <= d;
                CentredRows.checkOrder(order, byRows ? "rows" : "columns");
                eigen = Eigen.leading(algebra, byRows ? loaded.rowGram() : loaded.columnGram(), order, k, true);
            }
            double[] scores = byRows ? scores(eigen, n, dimensions) : projections(loaded, eigen, n, dimensions);
            return orient(scores, n, dimensions);
        }
    }

    /**
     * Scores from a Gram matrix of centred rows: eigenvectors times the roots of the eigenvalues.
     *
     * @return {@code [n, dimensions]}, zero beyond k axes or the rank
     */
    static double[] scores(double[] gram, int n, int k, int dimensions, boolean exact) {
        return scores(Eigen.leading(LinearAlgebra.chosen(), gram, n, k, exact), n, dimensions);
    }

    private static double[] scores(Eigen eigen, int n, int dimensions) {
        double[] scores = new double[n * dimensions];
        for (int c = 0; c < eigen.values().length; c++) {
            if (eigen.values()[c] > noise(eigen, n)) {
                double root = Math.sqrt(eigen.values()[c]);
                for (int i = 0; i < n; i++) {
                    scores[i * dimensions + c] = eigen.vectors()[c][i] * root;
                }
            }
        }
        return scores;
    }

    private static double[] projections(LoadedRows rows, Eigen eigen, int n, int dimensions) {
        double[] scores = new double[n * dimensions];
        for (int c = 0; c < eigen.values().length; c++) {
            if (eigen.values()[c] > noise(eigen, Math.max(n, eigen.vectors()[c].length))) {
                double[] products = rows.times(eigen.vectors()[c], 1);
                for (int i = 0; i < n; i++) {
                    scores[i * dimensions + c] = products[i];
                }
            }
        }
        return scores;
    }

    /** Eigenvalues up to this value are rounding errors. */
    private static double noise(Eigen eigen, int order) {
        return Math.max(0, eigen.values()[0]) * order * 10 * Math.ulp(1.0);
    }

    /**
     * Flips each axis so that its score of largest magnitude, the first among nearly equal ones, is positive. In place.
     */
    static double[] orient(double[] scores, int n, int dimensions) {
        for (int c = 0; c < dimensions; c++) {
            double largest = 0;
            for (int i = 0; i < n; i++) {
                double score = scores[i * dimensions + c];
                if (Math.abs(score) > Math.abs(largest) * (1 + 1e-9)) {
                    largest = score;
                }
            }
            if (largest < 0) {
                for (int i = 0; i < n; i++) {
                    scores[i * dimensions + c] = 0 - scores[i * dimensions + c]; // 0 stays +0
                }
            }
        }
        return scores;
    }
}
