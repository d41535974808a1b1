package io.github.fedhds.internal.algebra;

import org.jspecify.annotations.Nullable;

/**
 * The largest eigenvalues of a symmetric matrix of order m, descending, with their eigenvectors.
 *
 * @param values {@code [k]}
 * @param vectors {@code [k][m]}, each of length one
 */
public record Eigen(double[] values, double[][] vectors) {
    /** Up to this order all eigenvectors are computed at once; above, iteration finds the leading ones. */
    private static final int ITERATED_FROM = 400;

    private static final int OVERSAMPLING = 10; // scikit-learn's default

    private static final int EXACT_STEPS = 24;
    private static final double EXACT_RESIDUAL = 1e-11; // of the largest eigenvalue
    private static final int STEPS = 8;
    private static final double RESIDUAL = 1e-6;
    private static final long SEED = 7;

    /**
     * The k largest eigenvalues of a symmetric matrix that has no large negative ones.
     *
     * @param matrix {@code [m, m]}, not changed
     * @param k 1..m
     * @param exact whether exact up to rounding; else about as exact as scikit-learn's randomised PCA, enough to start
     *     t-SNE
     */
    public static Eigen leading(LinearAlgebra algebra, double[] matrix, int m, int k, boolean exact) {
        if (m == 1) {
            return new Eigen(new double[] {matrix[0]}, new double[][] {{1}});
        }
        if (worthIterating(m, k)) {
            try (LoadedMatrix loaded = algebra.load(matrix, m)) {
                BlockLanczos iteration = new BlockLanczos(algebra, loaded::times, m, k);
                Eigen found = run(iteration, m, k, exact, SEED);
                if (iteration.converged() || !exact) {
                    return found;
                }
            }
        }
        return algebra.eigen(matrix, m, k);
    }

    /** Whether iteration for k eigenvalues of a matrix of order m is faster than computing all of them. */
    public static boolean worthIterating(int m, int k) {
        return m > ITERATED_FROM && k + OVERSAMPLING < m / 8;
    }

    /**
     * The k largest eigenvalues of the Gram matrix of the columns of some rows, or if {@code byRows} of the rows, by
     * products with the rows alone.
     *
     * @param exact as in {@link #leading}
     * @return null if {@code exact} and the iteration did not converge, because many eigenvalues are about equal
     */
    public static @Nullable Eigen leading(
            LinearAlgebra algebra, LoadedRows rows, boolean byRows, int order, int k, boolean exact, long seed) {
        BlockLanczos iteration = new BlockLanczos(
                algebra,
                byRows
                        ? (vectors, count) -> rows.times(rows.transposedTimes(vectors, count), count)
                        : rows::columnGramTimes,
                order,
                k);
        Eigen found = run(iteration, order, k, exact, seed);
        return iteration.converged() || !exact ? found : null;
    }

    private static Eigen run(BlockLanczos iteration, int order, int k, boolean exact, long seed) {
        int block = k + OVERSAMPLING;
        return iteration.run(
                block,
                Math.max(1, Math.min(exact ? EXACT_STEPS : STEPS, order / block / 2)),
                exact ? EXACT_RESIDUAL : RESIDUAL,
                seed);
    }
}
