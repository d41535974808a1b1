package io.github.fedhds.fusion;

import io.github.fedhds.feature.FeatureMatrix;
import io.github.fedhds.feature.Points;
import java.util.function.Function;

/**
 * Places long feature rows on the principal axes of a kernel's feature space.
 *
 * <p>Takes {@code [n, d]} (n instructions), gives {@code [n, dimensions]}, centred on zero, the axis of largest variance
 * first; the unit is the features' (linear) or none (rbf, cosine). Signs, ranks and rounding as {@link PcaFusion} has them,
 * values as scikit-learn's {@code KernelPCA}. Time O(n² d) and the eigenvectors, memory 16 n² bytes on and off the heap;
 * 46,340 rows at most. Immutable, safe for many threads; equal input gives equal output on one machine with one number of
 * BLAS threads.
 *
 * @see <a href="https://doi.org/10.1162/089976698300017467">Schoelkopf, Smola, Mueller 1998</a>
 */
public final class KernelPcaFusion implements Function<FeatureMatrix, Points> {
    private enum Kernel {
        LINEAR,
        RBF,
        COSINE
    }

    private final Kernel kernel;
    private final int dimensions;
    private final double gamma; // 0: one by the number of columns

    private KernelPcaFusion(Kernel kernel, int dimensions, double gamma) {
        if (dimensions < 1) {
            throw new IllegalArgumentException("dimensions must be 1 or more, was " + dimensions);
        }
        this.kernel = kernel;
        this.dimensions = dimensions;
        this.gamma = gamma;
    }

    /** Inner products of rows; gives what {@link PcaFusion} gives. {@code dimensions}: axes, 1 or more. */
    public static KernelPcaFusion linear(int dimensions) {
        return new KernelPcaFusion(Kernel.LINEAR, dimensions, 0);
    }

    /** Cosines of the angles between rows; a zero row is at right angles to all. {@code dimensions}: axes, 1 or more. */
    public static KernelPcaFusion cosine(int dimensions) {
        return new KernelPcaFusion(Kernel.COSINE, dimensions, 0);
    }

    /** The Gaussian kernel with gamma 1 / d, d being the number of columns. {@code dimensions}: axes, 1 or more. */
    public static KernelPcaFusion rbf(int dimensions) {
        return new KernelPcaFusion(Kernel.RBF, dimensions, 0);
    }

    /**
     * The Gaussian kernel, exp(-gamma squared distance).
     *
     * @param dimensions axes, 1 or more
     * @param gamma inverse of the features' unit squared, finite and above 0
     */
    public static KernelPcaFusion rbf(int dimensions, double gamma) {
        if (!(gamma > 0) || Double.isInfinite(gamma)) {
            throw new IllegalArgumentException("gamma must be finite and above 0, was " + gamma);
        }
        return new KernelPcaFusion(Kernel.RBF, dimensions, gamma);
    }

    /**
     * The rows' scores on the principal axes.
     *
     * @throws IllegalArgumentException if a row holds a NaN or an infinity; the message names the row
     */
    @Override
    public Points apply(FeatureMatrix features) {
        CentredRows rows = kernel == Kernel.COSINE ? CentredRows.ofUnitRows(features) : CentredRows.of(features);
        int n = rows.rows();
        if (n < 2) {
            return new Points(n, dimensions, new double[n * dimensions]);
        }
        double[] gram = rows.rowGram();
        if (kernel == Kernel.RBF) {
            gram = gaussian(rows.squaredDistances(gram), n, gamma > 0 ? gamma : 1.0 / rows.columns());
        }
        double[] scores = PcaFusion.scores(gram, n, Math.min(dimensions, n - 1), dimensions, true);
        return new Points(n, dimensions, PcaFusion.orient(scores, n, dimensions));
    }

    /** The kernel, less its row and column means: centred in the kernel's space. */
    private static double[] gaussian(float[] distances, int n, double gamma) {
        double[] kernel = new double[n * n];
        double[] means = new double[n];
        double mean = 0;
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < n; j++) {
                kernel[i * n + j] = Math.expm1(-gamma * distances[i * n + j]); // less 1: centring takes it off anyway
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
