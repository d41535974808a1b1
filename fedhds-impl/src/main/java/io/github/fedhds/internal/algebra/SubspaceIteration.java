package io.github.fedhds.internal.algebra;

import java.util.Arrays;
import java.util.Random;

/**
 * The leading eigenvectors of a symmetric matrix by repeated products with a few columns, and a Rayleigh-Ritz step
 * after each. Columns are stored one after the other. Time per step: the product and O(m block²); memory 24 m block
 * bytes.
 *
 * @see <a href="https://doi.org/10.1137/090771806">Halko, Martinsson, Tropp 2011, section 4.5</a>
 */
final class SubspaceIteration {
    private final Eigen.SymmetricOperator matrix;
    private final int m;
    private final int k;
    private final int block;

    private boolean converged;

    /**
     * An iteration for some eigenvectors.
     *
     * @param m order of the matrix
     * @param k number of eigenvectors
     * @param block columns to iterate, k or more; additional ones speed up convergence
     */
    SubspaceIteration(Eigen.SymmetricOperator matrix, int m, int k, int block) {
        this.matrix = matrix;
        this.m = m;
        this.k = k;
        this.block = block;
    }

    /**
     * Iterates from random columns.
     *
     * @param steps maximum number of steps, 1 or more
     * @param residual length of A v - lambda v at which it stops, as a share of the largest eigenvalue
     */
    Eigen run(int steps, double residual, long seed) {
        double[] basis = new Random(seed).doubles((long) m * block, -1, 1).toArray();
        for (int step = 1; ; step++) {
            orthonormalise(basis);
            double[] image = matrix.times(basis, block);
            Eigen ritz = Eigen.full(products(basis, image), block, block);
            basis = rotate(basis, ritz);
            image = rotate(image, ritz);
            converged = worst(basis, image, ritz) <= residual * Math.abs(ritz.values()[0]);
            if (converged || step >= steps) {
                double[][] vectors = new double[k][];
                for (int c = 0; c < k; c++) {
                    vectors[c] = Arrays.copyOfRange(basis, c * m, (c + 1) * m);
                }
                return new Eigen(Arrays.copyOf(ritz.values(), k), vectors);
            }
            basis = image;
        }
    }

    /** Whether the last run reached the residual. */
    boolean converged() {
        return converged;
    }

    private double[] products(double[] basis, double[] image) {
        double[] products = new double[block * block];
        for (int i = 0; i < block; i++) {
            for (int j = 0; j < block; j++) {
                products[i * block + j] = dot(basis, i * m, image, j * m);
            }
        }
        return products;
    }

    private double worst(double[] basis, double[] image, Eigen ritz) {
        double worst = 0;
        for (int c = 0; c < k; c++) {
            double square = 0;
            for (int i = 0; i < m; i++) {
                double r = image[c * m + i] - ritz.values()[c] * basis[c * m + i];
                square += r * r;
            }
            worst = Math.max(worst, Math.sqrt(square));
        }
        return worst;
    }

    /** Columns transformed to the basis of the Ritz vectors. */
    private double[] rotate(double[] columns, Eigen ritz) {
        double[] turned = new double[columns.length];
        for (int c = 0; c < block; c++) {
            for (int b = 0; b < block; b++) {
                addScaled(turned, c * m, ritz.vectors()[c][b], columns, b * m);
            }
        }
        return turned;
    }

    /** Gram-Schmidt, each column twice; a column that depends on earlier ones becomes zero. */
    private void orthonormalise(double[] columns) {
        for (int c = 0; c < block; c++) {
            double before = Math.sqrt(dot(columns, c * m, columns, c * m));
            for (int pass = 0; pass < 2; pass++) {
                for (int b = 0; b < c; b++) {
                    addScaled(columns, c * m, -dot(columns, b * m, columns, c * m), columns, b * m);
                }
            }
            double length = Math.sqrt(dot(columns, c * m, columns, c * m));
            double scale = length > 1e-14 * before ? 1 / length : 0;
            for (int i = 0; i < m; i++) {
                columns[c * m + i] *= scale;
            }
        }
    }

    private double dot(double[] a, int fromA, double[] b, int fromB) {
        double sum = 0;
        for (int i = 0; i < m; i++) {
            sum += a[fromA + i] * b[fromB + i];
        }
        return sum;
    }

    private void addScaled(double[] a, int fromA, double factor, double[] b, int fromB) {
        for (int i = 0; i < m; i++) {
            a[fromA + i] += factor * b[fromB + i];
        }
    }
}
