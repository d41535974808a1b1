package io.github.fedhds.internal.algebra;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.BiFunction;

/**
 * The leading eigenvectors of a symmetric matrix from its products with a few vectors at a time: a block Krylov space with
 * full orthogonalisation, and a Rayleigh-Ritz step after each product. Time per step: the product, O(order block columns)
 * for a basis of so many columns, and its eigenvalues.
 *
 * @see <a href="https://doi.org/10.1137/090771806">Halko, Martinsson, Tropp 2011, section 4.5</a>
 */
final class BlockLanczos {
    private static final double DEPENDENT = 1e-13;

    private final LinearAlgebra algebra;
    private final BiFunction<double[], Integer, double[]> matrix;
    private final int order;
    private final int k;

    private final List<double[]> basis = new ArrayList<>();
    /** Products of the basis with the matrix times the basis; row i has i + 1 numbers or more. */
    private final List<double[]> projected = new ArrayList<>();

    private boolean converged;

    /** An iteration for k eigenvectors. {@code matrix}: the products with a number of vectors. */
    BlockLanczos(LinearAlgebra algebra, BiFunction<double[], Integer, double[]> matrix, int order, int k) {
        this.algebra = algebra;
        this.matrix = matrix;
        this.order = order;
        this.k = k;
    }

    /**
     * Iterates from random vectors.
     *
     * @param size number of vectors of a product, k to order
     * @param steps maximum number of products, 1 or more
     * @param residual length of A v - lambda v at which it stops, as a share of the largest eigenvalue
     */
    Eigen run(int size, int steps, double residual, long seed) {
        Random random = new Random(seed);
        double[][] block = new double[size][];
        Arrays.setAll(block, c -> random.doubles(order, -1, 1).toArray());
        block = orthonormal(block, new double[size][size], 0);
        for (int step = 1; ; step++) {
            int first = basis.size();
            basis.addAll(List.of(block));
            double[][] image = split(matrix.apply(join(block), block.length), block.length);
            double largest = 0;
            for (double[] vector : image) {
                double length = Math.sqrt(dot(vector, vector));
                largest = Math.max(largest, length);
                projected.add(project(vector));
            }
            double[][] links = new double[block.length][block.length];
            double[][] next = orthonormal(image, links, DEPENDENT * largest);
            Eigen ritz = algebra.eigen(square(), basis.size(), k);
            converged = next.length == 0 || worst(ritz, links, first) <= residual * Math.abs(ritz.values()[0]);
            if (converged || step >= steps) {
                return new Eigen(ritz.values(), rotate(ritz));
            }
            block = next;
        }
    }

    /** Whether the last run reached the residual. */
    boolean converged() {
        return converged;
    }

    /** Subtracts the part in the basis, twice for precision; returns its coordinates. */
    private double[] project(double[] vector) {
        double[] coordinates = new double[basis.size()];
        for (int pass = 0; pass < 2; pass++) {
            for (int b = 0; b < coordinates.length; b++) {
                double share = dot(basis.get(b), vector);
                coordinates[b] += share;
                addScaled(vector, -share, basis.get(b));
            }
        }
        return coordinates;
    }

    /**
     * Gram-Schmidt, each vector twice, in place; leaves out those that depend on earlier ones.
     *
     * @param links receives the coordinates of vector c in {@code links[c]}
     * @param zero lengths up to this value are rounding errors
     */
    private static double[][] orthonormal(double[][] vectors, double[][] links, double zero) {
        List<double[]> found = new ArrayList<>();
        for (int c = 0; c < vectors.length; c++) {
            for (int pass = 0; pass < 2; pass++) {
                for (int b = 0; b < found.size(); b++) {
                    double share = dot(found.get(b), vectors[c]);
                    links[c][b] += share;
                    addScaled(vectors[c], -share, found.get(b));
                }
            }
            double length = Math.sqrt(dot(vectors[c], vectors[c]));
            if (length > zero) {
                links[c][found.size()] = length;
                for (int i = 0; i < vectors[c].length; i++) {
                    vectors[c][i] /= length;
                }
                found.add(vectors[c]);
            }
        }
        return found.toArray(double[][]::new);
    }

    private double[] square() {
        int m = basis.size();
        double[] square = new double[m * m];
        for (int i = 0; i < m; i++) {
            for (int j = 0; j <= i; j++) {
                square[i * m + j] = projected.get(i)[j];
                square[j * m + i] = projected.get(i)[j];
            }
        }
        return square;
    }

    /** Largest length of A v - lambda v: the part of A v outside of the basis. */
    private double worst(Eigen ritz, double[][] links, int first) {
        double worst = 0;
        for (double[] coordinates : ritz.vectors()) {
            double square = 0;
            for (int b = 0; b < links.length; b++) {
                double sum = 0;
                for (int c = 0; c < links.length; c++) {
                    sum += links[c][b] * coordinates[first + c];
                }
                square += sum * sum;
            }
            worst = Math.max(worst, Math.sqrt(square));
        }
        return worst;
    }

    private double[][] rotate(Eigen ritz) {
        double[][] vectors = new double[k][order];
        for (int c = 0; c < k; c++) {
            for (int b = 0; b < basis.size(); b++) {
                addScaled(vectors[c], ritz.vectors()[c][b], basis.get(b));
            }
        }
        return vectors;
    }

    private double[] join(double[][] vectors) {
        double[] all = new double[vectors.length * order];
        for (int c = 0; c < vectors.length; c++) {
            System.arraycopy(vectors[c], 0, all, c * order, order);
        }
        return all;
    }

    private double[][] split(double[] all, int count) {
        double[][] vectors = new double[count][];
        Arrays.setAll(vectors, c -> Arrays.copyOfRange(all, c * order, (c + 1) * order));
        return vectors;
    }

    /** Four sums that do not wait for each other. */
    private static double dot(double[] a, double[] b) {
        double s0 = 0;
        double s1 = 0;
        double s2 = 0;
        double s3 = 0;
        int i = 0;
        for (; i < a.length - 3; i += 4) {
            s0 += a[i] * b[i];
            s1 += a[i + 1] * b[i + 1];
            s2 += a[i + 2] * b[i + 2];
            s3 += a[i + 3] * b[i + 3];
        }
        for (; i < a.length; i++) {
            s0 += a[i] * b[i];
        }
        return s0 + s1 + (s2 + s3);
    }

    private static void addScaled(double[] a, double factor, double[] b) {
        for (int i = 0; i < a.length; i++) {
            a[i] += factor * b[i];
        }
    }
}
