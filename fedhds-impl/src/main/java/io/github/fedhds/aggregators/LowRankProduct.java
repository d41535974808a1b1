package io.github.fedhds.aggregators;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * The best approximation of a sum of low-rank products B A by a product of another rank, in the Frobenius norm. The
 * full matrix is never created: both stacked factors are decomposed by {@link ThinQr}, and the small matrix between
 * them by {@link JacobiSvd}. With R the sum of the ranks: time O((in + out) R² + R³), memory 16 (in + out) R bytes.
 */
final class LowRankProduct {
    private final int inputs;
    private final int outputs;
    private final List<double[]> a = new ArrayList<>(); // rows of A
    private final List<double[]> b = new ArrayList<>(); // columns of B

    LowRankProduct(int inputs, int outputs) {
        this.inputs = inputs;
        this.outputs = outputs;
    }

    /** Adds factor times the outer product of a column of B and a row of A. */
    void add(double[] columnOfB, double[] rowOfA, double factor) {
        double[] scaled = new double[outputs];
        for (int i = 0; i < outputs; i++) {
            scaled[i] = factor * columnOfB[i];
        }
        b.add(scaled);
        a.add(rowOfA);
    }

    /**
     * The best approximation.
     *
     * @param a rows of length one, orthogonal to each other as far as {@code in} allows; the first largest element of an
     *     orthogonal row is positive
     * @param b columns, whose lengths are the singular values
     * @param lost sum of the squares of the discarded singular values
     * @param all sum of the squares of all singular values
     */
    record Nearest(double[][] a, double[][] b, double lost, double all) {}

    /**
     * Computes the approximation of a rank. If the sum has a lower rank, the additional rows of A are random and
     * orthogonal to the others while possible, with columns of zero in B: as in a new adapter, they add nothing but
     * can be trained.
     */
    Nearest nearest(int rank, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        while (a.size() < rank) {
            a.add(random.doubles(inputs, -1, 1).toArray());
            b.add(new double[outputs]);
        }
        ThinQr qrOfB = ThinQr.of(b.toArray(double[][]::new), outputs);
        ThinQr qrOfA = ThinQr.of(a.toArray(double[][]::new), inputs);
        JacobiSvd svd = JacobiSvd.of(core(qrOfB.r(), qrOfA.r()));
        double[][] nextA = new double[rank][inputs];
        double[][] nextB = new double[rank][outputs];
        double lost = 0;
        double all = 0;
        for (int i = svd.values().length - 1; i >= 0; i--) { // the smallest first, for the sums' sake
            double square = svd.values()[i] * svd.values()[i];
            all += square;
            if (i >= rank) {
                lost += square;
                continue;
            }
            nextA[i] = qrOfA.timesQ(svd.right()[i]);
            nextB[i] = qrOfB.timesQ(svd.left()[i]);
            if (largest(nextA[i]) < 0) {
                negate(nextA[i]);
                negate(nextB[i]);
            }
        }
        for (int i = svd.values().length; i < rank; i++) { // more rows than inputs
            nextA[i] = unit(random.doubles(inputs, -1, 1).toArray());
        }
        return new Nearest(nextA, nextB, lost, all);
    }

    /** R of B times the transpose of R of A, by columns. */
    private static double[][] core(double[][] rOfB, double[][] rOfA) {
        int rows = rOfB[0].length;
        double[][] core = new double[rOfA[0].length][rows];
        for (int l = 0; l < rOfB.length; l++) {
            for (int j = 0; j < core.length; j++) {
                double factor = rOfA[l][j];
                for (int i = 0; i < rows; i++) {
                    core[j][i] += rOfB[l][i] * factor;
                }
            }
        }
        return core;
    }

    private static double[] unit(double[] row) {
        double length = Math.sqrt(InnerProduct.of(row, row, 0));
        return Arrays.stream(row).map(value -> value / length).toArray();
    }

    private static double largest(double[] row) {
        double largest = 0;
        for (double value : row) {
            if (Math.abs(value) > Math.abs(largest)) {
                largest = value;
            }
        }
        return largest;
    }

    private static void negate(double[] row) {
        for (int i = 0; i < row.length; i++) {
            row[i] = -row[i];
        }
    }
}
