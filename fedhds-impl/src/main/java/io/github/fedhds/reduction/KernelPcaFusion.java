package io.github.fedhds.reduction;

import io.github.fedhds.feature.FeatureMatrix;
import io.github.fedhds.feature.Points;
import io.github.fedhds.fusion.Fusion;
import io.github.fedhds.round.RoundContext;
import java.util.OptionalLong;
import java.util.function.Function;

/**
 * Kernel PCA: reduces feature rows to the principal axes of a kernel's feature space.
 *
 * <p>Takes {@code [n, d]} (n instructions), returns {@code [n, dimensions]}, centred on zero, the axis of largest
 * variance first; the unit is the features' (linear) or none (the others). Signs, ranks and rounding as in
 * {@link PcaFusion}, values as in scikit-learn's {@code KernelPCA}. The linear and the cosine kernel need no kernel
 * matrix: time, memory and number of rows as in {@link PcaFusion}. Others take time O(n² d) and the eigenvectors, memory
 * 16 n² bytes on and off the heap together and off it that of the rows in {@link PcaFusion}, and 46,340 rows at most. Equal rows and row order as in
 * {@link PcaFusion}. Immutable, safe for many threads; equal input gives equal output on one machine with one
 * {@link PcaFusion#backend} and number of threads.
 *
 * @see <a href="https://doi.org/10.1162/089976698300017467">Schoelkopf, Smola, Mueller 1998</a>
 */
public final class KernelPcaFusion implements Fusion {
    /** The kernel of which PCA needs no matrix. */
    private static final Function<CentredRows, double[]> LINEAR = CentredRows::rowGram;

    /** Inner products of all pairs of rows in the feature space, centred there. */
    private final Function<CentredRows, double[]> kernel;

    private final boolean unitRows;
    private final int dimensions;
    private final String description;

    private KernelPcaFusion(
            int dimensions, String description, boolean unitRows, Function<CentredRows, double[]> kernel) {
        this.description = description;
        this.dimensions = PcaFusion.checkDimensions(dimensions);
        this.unitRows = unitRows;
        this.kernel = kernel;
    }

    /** Inner products of rows; gives the same result as {@link PcaFusion}. {@code dimensions}: axes, 1 or more. */
    public static KernelPcaFusion linear(int dimensions) {
        return new KernelPcaFusion(dimensions, "linear", false, LINEAR);
    }

    /** Cosines of the angles between rows; a zero row is orthogonal to all. {@code dimensions}: axes, 1 or more. */
    public static KernelPcaFusion cosine(int dimensions) {
        return new KernelPcaFusion(dimensions, "cosine", true, LINEAR);
    }

    /** The Gaussian kernel with gamma 1 / d, where d is the number of columns. {@code dimensions}: axes, 1 or more. */
    public static KernelPcaFusion rbf(int dimensions) {
        return new KernelPcaFusion(
                dimensions, "rbf, gamma=1/columns", false, rows -> gaussian(rows, 1.0 / rows.columns()));
    }

    /**
     * The Gaussian kernel, exp(-gamma squared distance).
     *
     * @param dimensions axes, 1 or more
     * @param gamma inverse of the features' unit squared, finite and above 0
     */
    public static KernelPcaFusion rbf(int dimensions, double gamma) {
        checkGamma(gamma);
        return new KernelPcaFusion(dimensions, "rbf, gamma=" + gamma, false, rows -> gaussian(rows, gamma));
    }

    /**
     * The polynomial kernel of degree 3, with gamma 1 / d, where d is the number of columns, and coef0 1.
     * {@code dimensions}: axes, 1 or more.
     */
    public static KernelPcaFusion polynomial(int dimensions) {
        return new KernelPcaFusion(
                dimensions,
                "polynomial, gamma=1/columns, coef0=1.0, degree=3",
                false,
                rows -> power(rows, 1.0 / rows.columns(), 1, 3));
    }

    /**
     * The polynomial kernel, (gamma inner product + coef0) to the power of degree.
     *
     * @param dimensions axes, 1 or more
     * @param gamma inverse of the features' unit squared, finite and above 0
     * @param coef0 finite and 0 or more, because below 0 it may not be a kernel
     * @param degree 1 or more
     */
    public static KernelPcaFusion polynomial(int dimensions, double gamma, double coef0, int degree) {
        checkGamma(gamma);
        if (!(coef0 >= 0) || Double.isInfinite(coef0)) {
            throw new IllegalArgumentException("coef0 must be finite and 0 or more, was " + coef0);
        }
        if (degree < 1) {
            throw new IllegalArgumentException("degree must be 1 or more, was " + degree);
        }
        return new KernelPcaFusion(
                dimensions,
                "polynomial, gamma=" + gamma + ", coef0=" + coef0 + ", degree=" + degree,
                false,
                rows -> power(rows, gamma, coef0, degree));
    }

    private static void checkGamma(double gamma) {
        if (!(gamma > 0) || Double.isInfinite(gamma)) {
            throw new IllegalArgumentException("gamma must be finite and above 0, was " + gamma);
        }
    }

    @Override
    public String toString() {
        return "KernelPcaFusion[dimensions=" + dimensions + ", " + description + "]";
    }

    @Override
    public int dimensions() {
        return dimensions;
    }

    /**
     * The rows' scores on the principal axes.
     *
     * @throws IllegalArgumentException if a row has a NaN or an infinity, or a polynomial kernel overflows a double;
     *     the message names the row
     */
    @Override
    public Points fuse(FeatureMatrix features, RoundContext round) {
        CentredRows rows = unitRows ? CentredRows.ofUnitRows(features) : CentredRows.of(features);
        int n = rows.rows();
        if (n < 2) {
            return new Points(n, dimensions, new double[n * dimensions]);
        }
        double[] scores = kernel == LINEAR
                ? PcaFusion.scores(rows, dimensions, OptionalLong.empty())
                : PcaFusion.scores(kernel.apply(rows), n, Math.min(dimensions, n - 1), dimensions, true);
        PcaFusion.orient(scores, n, dimensions);
        return new Points(n, dimensions, EqualRows.samePoints(features, scores, dimensions));
    }

    /** The kernel minus 1, for precision; centring removes constants anyway. */
    private static double[] gaussian(CentredRows rows, double gamma) {
        float[] distances = rows.squaredDistances(rows.rowGram());
        double[] kernel = new double[distances.length];
        int n = rows.rows();
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < i; j++) {
                kernel[i * n + j] = Math.expm1(-gamma * distances[i * n + j]);
            }
        }
        mirror(kernel, n);
        return centred(kernel, rows.rows());
    }

    /**
     * With a row x = m + u, where m is the mean, the base is a + b: a = gamma m m + coef0 for all pairs and b = gamma
     * (u m + u'm + u u') for one. Subtracts a to the power of degree from the kernel, for precision; centring removes
     * it anyway.
     */
    private static double[] power(CentredRows rows, double gamma, double coef0, int degree) {
        int n = rows.rows();
        double[] gram = rows.rowGram();
        double[] withMeans = rows.productsWith(rows.means());
        double a = coef0;
        for (double mean : rows.means()) {
            a += gamma * mean * mean;
        }
        double[] kernel = new double[n * n];
        for (int i = 0; i < n; i++) {
            for (int j = 0; j <= i; j++) {
                double b = gamma * (gram[i * n + j] + (withMeans[i] + withMeans[j]));
                double sum = 0; // ((a + b)^degree - a^degree) / b
                double power = 1;
                for (int e = 0; e < degree; e++) {
                    sum = sum * a + power;
                    power *= a + b;
                }
                kernel[i * n + j] = b * sum;
                if (!Double.isFinite(kernel[i * n + j])) {
                    throw new IllegalArgumentException("the polynomial kernel of feature rows " + i + " and " + j
                            + " is above 1e308 (gamma " + gamma + ", coef0 " + coef0 + ", degree " + degree
                            + "); take a smaller gamma or degree");
                }
            }
        }
        mirror(kernel, n);
        return centred(kernel, n);
    }

    /** Copies the lower half to the upper one. */
    private static void mirror(double[] kernel, int n) {
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < i; j++) {
                kernel[j * n + i] = kernel[i * n + j];
            }
        }
    }

    /** Subtracts row and column means. In place. */
    private static double[] centred(double[] kernel, int n) {
        double[] means = new double[n];
        double mean = 0;
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < n; j++) {
                means[i] += kernel[i * n + j];
            }
            means[i] /= n;
            mean += means[i];
        }
        mean /= n;
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < n; j++) {
                kernel[i * n + j] += mean - (means[i] + means[j]);
            }
        }
        return kernel;
    }
}
