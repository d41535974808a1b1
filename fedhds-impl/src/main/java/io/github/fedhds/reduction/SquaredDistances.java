package io.github.fedhds.reduction;

import io.github.fedhds.internal.Workers;
import io.github.fedhds.internal.algebra.Matrix;
import java.util.Arrays;

/**
 * Squared distances of all pairs of rows, row by row: from all inner products if they are stored, else from blocks of
 * them. Immutable.
 */
final class SquaredDistances {
    /** Inner products per block: 64 MiB. */
    private static final int BLOCK = 1 << 23;
    /** Maximum number of values converted to double at once, 2 GiB; beyond it, some columns at a time. */
    private static final long AT_ONCE = 1L << 28;

    private final CentredRows rows;
    /** {@code [n, n]}, or empty. */
    private final double[] gram;

    /** Processes one row; called on many threads. */
    @FunctionalInterface
    interface Visitor {
        /**
         * Takes a row.
         *
         * @param i index of the row
         * @param squares {@code [n]}, zero at i, rounded as in {@link CentredRows#squaredDistances}; reused for the
         *     next row
         */
        void visit(int i, float[] squares);
    }

    private final int blockSize;
    private final long atOnce;

    private SquaredDistances(CentredRows rows, double[] gram, int blockSize, long atOnce) {
        this.rows = rows;
        this.gram = gram;
        this.blockSize = blockSize;
        this.atOnce = atOnce;
    }

    /** From the inner products of {@link CentredRows#rowGram}. */
    static SquaredDistances of(CentredRows rows, double[] gram) {
        return new SquaredDistances(rows, gram, BLOCK, AT_ONCE);
    }

    /**
     * By blocks; each {@link #forEachRow} takes O(n² d) time, 8 n d bytes on and off the heap, but at most 2 GiB, plus
     * 128 MiB.
     */
    static SquaredDistances byBlocks(CentredRows rows) {
        return byBlocks(rows, BLOCK, AT_ONCE);
    }

    /**
     * By blocks of at most {@code blockSize} inner products or one row; at most {@code atOnce} values in double at
     * once.
     */
    static SquaredDistances byBlocks(CentredRows rows, int blockSize, long atOnce) {
        return new SquaredDistances(rows, new double[0], blockSize, atOnce);
    }

    int rows() {
        return rows.rows();
    }

    /** Visits every row once. */
    void forEachRow(Workers workers, Visitor visitor) {
        int n = rows();
        double[] norms = new double[n];
        if (gram.length > 0) {
            Arrays.setAll(norms, i -> gram[i * n + i]);
            visit(0, n, gram, norms, workers, visitor);
            return;
        }
        int d = rows.columns();
        int block = Math.max(1, blockSize / n);
        if ((long) n * d > atOnce) {
            double[] lengths = rows.squaredLengths();
            for (int first = 0; first < n; first += block) {
                int end = Math.min(n, first + block);
                visit(first, end, rows.products(first, end), lengths, workers, visitor);
            }
            return;
        }
        double[] values = rows.toArray();
        for (int i = 0; i < n; i++) {
            for (int c = 0; c < d; c++) {
                norms[i] += values[i * d + c] * values[i * d + c];
            }
        }
        try (Matrix all = Matrix.ofRows(values, n, d)) {
            for (int first = 0; first < n; first += block) {
                int end = Math.min(n, first + block);
                try (Matrix products = Matrix.zeros(n, end - first)) {
                    products.addProduct(all, false, all.rows(first, end), true);
                    visit(first, end, products.toArray(), norms, workers, visitor);
                }
            }
        }
    }

    private void visit(int first, int end, double[] products, double[] norms, Workers workers, Visitor visitor) {
        int n = norms.length;
        workers.run(end - first, (from, to) -> {
            float[] squares = new float[n];
            for (int i = first + from; i < first + to && !workers.isInterrupted(); i++) {
                for (int j = 0; j < n; j++) {
                    squares[j] = rows.squaredDistance(i, j, products[(i - first) * n + j], norms[i] + norms[j]);
                }
                squares[i] = 0;
                visitor.visit(i, squares);
            }
        });
    }
}
