package io.github.fedhds.internal.algebra;

import io.github.fedhds.FedHdsException;
import java.util.Arrays;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The largest eigenvalues of a symmetric matrix of order m, descending, with their eigenvectors.
 *
 * @param values {@code [k]}
 * @param vectors {@code [k][m]}, each of length one
 */
public record Eigen(double[] values, double[][] vectors) {
    /** Up to this order all eigenvectors are computed at once; above, iteration finds the leading ones. */
    private static final int EXACT_FROM = 400;
    /** Above this order, iteration for approximate eigenvectors is faster than computing all exact ones. */
    private static final int ROUGH_FROM = 200;
    /** Additional columns; they speed up convergence, as in Halko et al. 2011. */
    private static final int EXACT_OVERSAMPLING = 30;

    private static final int EXACT_STEPS = 80;
    private static final double EXACT_RESIDUAL = 1e-10; // of the largest eigenvalue

    /** Up to this order, products with few columns take longer than computing the matrix. */
    private static final int RANDOMISED_FROM = 1000;

    private static final int OVERSAMPLING = 10; // this and the steps are scikit-learn's defaults
    private static final int STEPS = 8;
    private static final double RESIDUAL = 1e-6;

    /** A symmetric matrix, defined by its products. */
    @FunctionalInterface
    public interface SymmetricOperator {
        /** The matrix times {@code count} columns, one after the other in {@code columns}. */
        double[] times(double[] columns, int count);
    }

    /**
     * The k largest eigenvalues of a symmetric matrix that has no large negative ones.
     *
     * @param matrix {@code [m, m]}, not changed
     * @param k 1..m
     * @param exact whether exact up to rounding; else about as exact as scikit-learn's randomised PCA, enough to start
     *     t-SNE
     */
    public static Eigen leading(double[] matrix, int m, int k, boolean exact) {
        if (m == 1) {
            return new Eigen(new double[] {matrix[0]}, new double[][] {{1}});
        }
        int block = k + (exact ? EXACT_OVERSAMPLING : OVERSAMPLING);
        if (m > (exact ? EXACT_FROM : ROUGH_FROM) && block < m / 4) {
            try (Matrix a = Matrix.ofColumns(matrix, m, m)) {
                SubspaceIteration iteration = new SubspaceIteration((columns, count) -> times(a, columns), m, k, block);
                Eigen found = iteration.run(exact ? EXACT_STEPS : STEPS, exact ? EXACT_RESIDUAL : RESIDUAL, 7);
                if (iteration.converged() || !exact) {
                    return found;
                }
            }
        }
        return full(matrix, m, k);
    }

    private static double[] times(Matrix a, double[] columns) {
        int m = a.values.rows();
        int count = columns.length / m;
        try (Matrix b = Matrix.ofColumns(columns, m, count);
                Matrix product = Matrix.zeros(m, count)) {
            product.addProduct(a, false, b, false);
            return product.toArray();
        }
    }

    /**
     * The k largest eigenvalues of a matrix that is not stored, about as exact as scikit-learn's randomised solver.
     *
     * @param k number of eigenvalues; {@link #worthRandomising} must hold
     */
    public static Eigen randomised(SymmetricOperator matrix, int m, int k, long seed) {
        return new SubspaceIteration(matrix, m, k, k + OVERSAMPLING).run(STEPS, RESIDUAL, seed);
    }

    /** Whether finding k eigenvalues of a matrix of order m is faster without the matrix. */
    public static boolean worthRandomising(int m, int k) {
        return m > RANDOMISED_FROM && k + OVERSAMPLING < m / 4;
    }

    /** Computes all of them with LAPACK. */
    static Eigen full(double[] matrix, int m, int k) {
        try (Matrix a = Matrix.ofColumns(matrix, m, m); // overwritten by the vectors
                Matrix values = Matrix.zeros(m, 1)) {
            int info = Nd4j.getBlasWrapper().lapack().syev('V', 'U', a.values, values.values.reshape(m));
            if (info != 0) {
                throw new FedHdsException(
                        "the eigen-decomposition of a " + m + " x " + m + " matrix failed, code " + info);
            }
            double[] rising = values.toArray();
            double[] columns = a.toArray();
            double[] largest = new double[k];
            double[][] vectors = new double[k][];
            for (int c = 0; c < k; c++) {
                int from = m - 1 - c;
                largest[c] = rising[from];
                vectors[c] = Arrays.copyOfRange(columns, from * m, (from + 1) * m);
            }
            return new Eigen(largest, vectors);
        }
    }
}
