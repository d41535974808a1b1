package io.github.fedhds.reduction;

import io.github.fedhds.internal.Workers;
import io.github.fedhds.internal.algebra.LoadedRows;
import java.util.Arrays;

/**
 * Squared distances of all pairs of rows, row by row: from all inner products if they are stored, else from blocks of
 * them. Immutable.
 */
final class SquaredDistances {
    /** Inner products per block: 64 MiB. */
    private static final int BLOCK = 1 << 23;

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

    private SquaredDistances(CentredRows rows, double[] gram, int blockSize) {
        this.rows = rows;
        this.gram = gram;
        this.blockSize = blockSize;
    }

    /** From the inner products of {@link CentredRows#rowGram}. */
    static SquaredDistances of(CentredRows rows, double[] gram) {
        return new SquaredDistances(rows, gram, BLOCK);
    }

    /** By blocks; each {@link #forEachRow} takes O(n² d) time, 4 n d bytes off the heap and 128 MiB. */
    static SquaredDistances byBlocks(CentredRows rows) {
        return byBlocks(rows, BLOCK);
    }

    /** By blocks of at most {@code blockSize} inner products or one row. */
    static SquaredDistances byBlocks(CentredRows rows, int blockSize) {
        return new SquaredDistances(rows, new double[0], blockSize);
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
        int block = Math.max(1, blockSize / n);
        double[] lengths = rows.squaredLengths();
        try (LoadedRows loaded = rows.load(rows.single())) {
            for (int first = 0; first < n; first += block) {
                int end = Math.min(n, first + block);
                visit(first, end, loaded.products(first, end), lengths, workers, visitor);
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
