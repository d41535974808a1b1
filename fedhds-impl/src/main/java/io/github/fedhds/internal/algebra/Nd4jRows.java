package io.github.fedhds.internal.algebra;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Rows that ND4J multiplies, some of them at a time: only these are converted to double. */
final class Nd4jRows implements LoadedRows {
    /** Values converted to double at a time for products with each other. */
    private static final int PIECE = 1 << 22;
    /** The same for products with few vectors: small enough to stay in the cache. */
    private static final int SMALL_PIECE = 1 << 18;
    /** Up to this order a Gram matrix is computed as a whole. */
    private static final int ONE_STRIP = 512;

    private static final int STRIPS = 12;

    private final CentredSource source;
    private final int n;
    private final int d;

    Nd4jRows(CentredSource source) {
        this.source = source;
        this.n = source.rows();
        this.d = source.columns();
    }

    /** A part of the centred matrix, row by row. */
    @FunctionalInterface
    private interface Use {
        void accept(double[] piece, int from, int count);
    }

    private void read(int row, int from, float[] part, double[] into, int at) {
        source.reader().read(row, from, part);
        for (int c = 0; c < part.length; c++) {
            into[at + c] = part[c] * source.scale()[row] - source.mean()[from + c];
        }
    }

    private void forEachRows(int size, Use use) {
        int step = Math.max(1, Math.min(n, size / d));
        float[] row = new float[d];
        for (int from = 0; from < n; from += step) {
            int count = Math.min(step, n - from);
            double[] piece = new double[count * d];
            for (int i = 0; i < count; i++) {
                read(from + i, 0, row, piece, i * d);
            }
            use.accept(piece, from, count);
        }
    }

    private void forEachColumns(int size, Use use) {
        int step = Math.max(1, Math.min(d, size / n));
        for (int from = 0; from < d; from += step) {
            int count = Math.min(step, d - from);
            double[] piece = new double[n * count];
            float[] part = new float[count];
            for (int i = 0; i < n; i++) {
                read(i, from, part, piece, i * count);
            }
            use.accept(piece, from, count);
        }
    }

    @Override
    public double[] times(double[] vectors, int count) {
        double[] all = new double[count * n];
        try (Matrix v = Matrix.ofColumns(vectors, d, count)) {
            forEachRows(SMALL_PIECE, (piece, from, height) -> {
                try (Matrix a = Matrix.ofRows(piece, height, d);
                        Matrix product = Matrix.zeros(height, count)) {
                    product.addProduct(a, false, v, false);
                    double[] part = product.toArray();
                    for (int c = 0; c < count; c++) {
                        System.arraycopy(part, c * height, all, c * n + from, height);
                    }
                }
            });
        }
        return all;
    }

    @Override
    public double[] transposedTimes(double[] vectors, int count) {
        double[] all = new double[count * d];
        try (Matrix v = Matrix.ofColumns(vectors, n, count)) {
            forEachColumns(SMALL_PIECE, (piece, from, width) -> {
                try (Matrix a = Matrix.ofRows(piece, n, width);
                        Matrix product = Matrix.zeros(width, count)) {
                    product.addProduct(a, true, v, false);
                    double[] part = product.toArray();
                    for (int c = 0; c < count; c++) {
                        System.arraycopy(part, c * width, all, c * d + from, width);
                    }
                }
            });
        }
        return all;
    }

    @Override
    public double[] columnGramTimes(double[] vectors, int count) {
        try (Matrix v = Matrix.ofColumns(vectors, d, count);
                Matrix sum = Matrix.zeros(d, count)) {
            forEachRows(SMALL_PIECE, (piece, from, height) -> {
                try (Matrix a = Matrix.ofRows(piece, height, d);
                        Matrix inner = Matrix.zeros(height, count)) {
                    inner.addProduct(a, false, v, false);
                    sum.addProduct(a, true, inner, false);
                }
            });
            return sum.toArray();
        }
    }

    @Override
    public double[] columnGram() {
        try (Matrix sum = Matrix.zeros(d, d)) {
            forEachRows(PIECE, (piece, from, height) -> {
                try (Matrix a = Matrix.ofRows(piece, height, d)) {
                    sum.addProduct(a, true, a, false);
                }
            });
            return sum.toArray();
        }
    }

    /** For a large order, computes only the lower half, in strips of rows up to the diagonal. */
    @Override
    public double[] rowGram() {
        int strips = n <= ONE_STRIP ? 1 : STRIPS;
        int[] bounds = new int[strips + 1];
        Arrays.setAll(bounds, s -> (int) ((long) n * s / strips));
        List<Matrix> sums = new ArrayList<>();
        try {
            for (int s = 0; s < strips; s++) {
                sums.add(Matrix.zeros(bounds[s + 1] - bounds[s], bounds[s + 1]));
            }
            forEachColumns(PIECE, (piece, from, width) -> {
                try (Matrix a = Matrix.ofRows(piece, n, width)) {
                    for (int s = 0; s < strips; s++) {
                        sums.get(s).addProduct(a.rows(bounds[s], bounds[s + 1]), false, a.rows(0, bounds[s + 1]), true);
                    }
                }
            });
            double[] gram = new double[n * n];
            for (int s = 0; s < strips; s++) {
                double[] strip = sums.get(s).toArray();
                int height = bounds[s + 1] - bounds[s];
                for (int i = bounds[s]; i < bounds[s + 1]; i++) {
                    for (int j = 0; j <= i; j++) {
                        gram[i * n + j] = strip[j * height + i - bounds[s]];
                        gram[j * n + i] = gram[i * n + j];
                    }
                }
            }
            return gram;
        } finally {
            sums.forEach(Matrix::close);
        }
    }

    @Override
    public double[] products(int from, int to) {
        try (Matrix sum = Matrix.zeros(n, to - from)) { // stored by columns, so the result is row by row
            forEachColumns(PIECE, (piece, first, width) -> {
                try (Matrix a = Matrix.ofRows(piece, n, width)) {
                    sum.addProduct(a, false, a.rows(from, to), true);
                }
            });
            return sum.toArray();
        }
    }

    @Override
    public void close() {
        // Native memory is freed by each product.
    }
}
