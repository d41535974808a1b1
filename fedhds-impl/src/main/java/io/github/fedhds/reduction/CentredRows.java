package io.github.fedhds.reduction;

import io.github.fedhds.feature.FeatureMatrix;
import io.github.fedhds.internal.algebra.Matrix;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * Feature rows minus the column means, in double, and their inner products. Centring first keeps the distances of close
 * rows exact even if all rows have large common values, as hidden states do. Equal rows stay exactly equal, and a
 * column of equal values becomes exactly zero. Stores no copy of the rows, but converts some of them at a time to
 * double. Immutable.
 */
final class CentredRows {
    /** Largest number of rows whose square is a valid array length. */
    static final int MOST_ROWS = 46_340;
    /** Values converted to double at a time for products with each other. */
    private static final int PIECE = 1 << 22;
    /** The same for two products with few columns: small enough to stay in the cache. */
    private static final int SMALL_PIECE = 1 << 18;
    /** Up to this order a Gram matrix is computed as a whole. */
    private static final int ONE_STRIP = 512;

    private static final int STRIPS = 12;
    /**
     * Squared distances below this share of the squared norms suffer from cancellation and are computed again, pair by
     * pair.
     */
    private static final double CANCELLED = 1e-6;

    private final FeatureMatrix features;
    private final int rows;
    private final int columns;
    private final double[] scale;
    private final double[] first; // row 0, scaled
    private final double[] shift;

    private CentredRows(FeatureMatrix features, double[] scale, double[] first, double[] shift) {
        this.features = features;
        this.rows = features.rows();
        this.columns = features.columns();
        this.scale = scale;
        this.first = first;
        this.shift = shift;
    }

    /**
     * Centres the columns.
     *
     * @throws IllegalArgumentException if a row has a NaN or an infinity; the message names the row
     */
    static CentredRows of(FeatureMatrix features) {
        return of(features, false);
    }

    /** Scales the rows to length one, except zero rows, then centres the columns. */
    static CentredRows ofUnitRows(FeatureMatrix features) {
        return of(features, true);
    }

    /** Throws if a row has a NaN or an infinity. */
    static void checkFinite(FeatureMatrix features) {
        int bad = features.firstNonFiniteRow();
        if (bad >= 0) {
            throw new IllegalArgumentException("feature row " + bad + " of " + features.rows()
                    + " holds a NaN or an infinity; fusion needs finite numbers");
        }
    }

    private static CentredRows of(FeatureMatrix features, boolean unit) {
        checkFinite(features);
        int n = features.rows();
        int d = features.columns();
        float[] row = new float[d];
        double[] scale = new double[n];
        double[] first = new double[d];
        double[] shift = new double[d]; // mean of x - x0, so that equal values give exactly 0
        for (int i = 0; i < n; i++) {
            features.copy(i, 0, row);
            double square = 0;
            for (int c = 0; unit && c < d; c++) {
                square += (double) row[c] * row[c];
            }
            scale[i] = square > 0 ? 1 / Math.sqrt(square) : 1;
            for (int c = 0; c < d; c++) {
                if (i == 0) {
                    first[c] = row[c] * scale[0];
                } else {
                    shift[c] += row[c] * scale[i] - first[c];
                }
            }
        }
        for (int c = 0; c < d; c++) {
            shift[c] /= n;
        }
        return new CentredRows(features, scale, first, shift);
    }

    int rows() {
        return rows;
    }

    int columns() {
        return columns;
    }

    /** Reads rows, some columns at a time; not safe for many threads. */
    private final class Reader {
        private final int from;
        private final float[] part;

        /** Reads columns {@code from} to before {@code from + width}. */
        Reader(int from, int width) {
            this.from = from;
            this.part = new float[width];
        }

        /** Writes a centred part of a row to every {@code stride}th index, starting at {@code at}. */
        void read(int row, double[] into, int at, int stride) {
            features.copy(row, from, part);
            for (int c = 0; c < part.length; c++) {
                into[at + c * stride] = part[c] * scale[row] - first[from + c] - shift[from + c];
            }
        }
    }

    /** One number per centred row; the array is reused for the next row. */
    private double[] forEachRow(ToDoubleFunction<double[]> number) {
        Reader reader = new Reader(0, columns);
        double[] row = new double[columns];
        double[] numbers = new double[rows];
        for (int i = 0; i < rows; i++) {
            reader.read(i, row, 0, 1);
            numbers[i] = number.applyAsDouble(row);
        }
        return numbers;
    }

    /** The columns' means, {@code [columns]}. */
    double[] means() {
        double[] means = new double[columns];
        for (int c = 0; c < columns && rows > 0; c++) {
            means[c] = first[c] + shift[c];
        }
        return means;
    }

    /** Produces a matrix in parts of about {@code size} numbers. */
    @FunctionalInterface
    private interface Pieces {
        void forEach(int size, PieceUse use);
    }

    /** Takes some columns of a matrix: {@code piece} has {@code width} numbers of each row. */
    @FunctionalInterface
    private interface PieceUse {
        void accept(double[] piece, int width);
    }

    /** Inner products of rows, {@code [rows, rows]}. Time O(rows² columns). */
    double[] rowGram() {
        return gram(rows, "rows", this::forEachColumnPiece);
    }

    /** Inner products of columns, {@code [columns, columns]}. Time O(rows columns²). */
    double[] columnGram() {
        return gram(columns, "columns", this::forEachRowPiece);
    }

    /** For a large order, computes only the lower half, in strips of rows up to the diagonal. */
    private static double[] gram(int order, String what, Pieces pieces) {
        if (order > MOST_ROWS) {
            throw new IllegalArgumentException("a matrix over all pairs of " + what + " holds at most " + MOST_ROWS
                    + " of them, was " + order + "; PcaFusion.randomised needs none");
        }
        int strips = order <= ONE_STRIP ? 1 : STRIPS;
        int[] bounds = new int[strips + 1];
        Arrays.setAll(bounds, s -> (int) ((long) order * s / strips));
        List<Matrix> sums = new ArrayList<>();
        try {
            for (int s = 0; s < strips; s++) {
                sums.add(Matrix.zeros(bounds[s + 1] - bounds[s], bounds[s + 1]));
            }
            pieces.forEach(PIECE, (piece, width) -> {
                try (Matrix a = Matrix.ofRows(piece, order, width)) {
                    for (int s = 0; s < strips; s++) {
                        sums.get(s).addProduct(a.rows(bounds[s], bounds[s + 1]), false, a.rows(0, bounds[s + 1]), true);
                    }
                }
            });
            double[] gram = new double[order * order];
            for (int s = 0; s < strips; s++) {
                double[] strip = sums.get(s).toArray();
                int height = bounds[s + 1] - bounds[s];
                for (int i = bounds[s]; i < bounds[s + 1]; i++) {
                    for (int j = 0; j <= i; j++) {
                        gram[i * order + j] = strip[j * height + i - bounds[s]];
                        gram[j * order + i] = gram[i * order + j];
                    }
                }
            }
            return gram;
        } finally {
            sums.forEach(Matrix::close);
        }
    }

    /** {@link #rowGram} times {@code count} columns of {@code [rows]} each, without the Gram matrix. */
    double[] rowGramTimes(double[] vectors, int count) {
        return gramTimes(vectors, rows, count, this::forEachColumnPiece);
    }

    /** {@link #columnGram} times {@code count} columns of {@code [columns]} each, without the Gram matrix. */
    double[] columnGramTimes(double[] vectors, int count) {
        return gramTimes(vectors, columns, count, this::forEachRowPiece);
    }

    /** Sum of {@code A (Aᵀ V)} over the pieces A. */
    private static double[] gramTimes(double[] vectors, int order, int count, Pieces pieces) {
        try (Matrix v = Matrix.ofColumns(vectors, order, count);
                Matrix sum = Matrix.zeros(order, count)) {
            pieces.forEach(SMALL_PIECE, (piece, width) -> {
                try (Matrix a = Matrix.ofRows(piece, order, width);
                        Matrix inner = Matrix.zeros(width, count)) {
                    inner.addProduct(a, true, v, false);
                    sum.addProduct(a, false, inner, false);
                }
            });
            return sum.toArray();
        }
    }

    /** The centred rows, some columns at a time. */
    private void forEachColumnPiece(int size, PieceUse use) {
        int step = Math.max(1, Math.min(columns, size / rows));
        for (int from = 0; from < columns; from += step) {
            int width = Math.min(step, columns - from);
            double[] piece = new double[rows * width];
            Reader reader = new Reader(from, width);
            for (int i = 0; i < rows; i++) {
                reader.read(i, piece, i * width, 1);
            }
            use.accept(piece, width);
        }
    }

    /** The centred rows' transpose, some rows at a time. */
    private void forEachRowPiece(int size, PieceUse use) {
        int step = Math.max(1, Math.min(rows, size / columns));
        Reader reader = new Reader(0, columns);
        for (int from = 0; from < rows; from += step) {
            int width = Math.min(step, rows - from);
            double[] piece = new double[columns * width];
            for (int i = 0; i < width; i++) {
                reader.read(from + i, piece, i, width);
            }
            use.accept(piece, width);
        }
    }

    /** Squared lengths of the centred rows, {@code [rows]}. */
    double[] squaredLengths() {
        return forEachRow(row -> dot(row, row));
    }

    /** Inner products of the centred rows with a vector, {@code [rows]}. */
    double[] productsWith(double[] vector) {
        return forEachRow(row -> dot(row, vector));
    }

    private static double dot(double[] one, double[] other) {
        double sum = 0;
        for (int c = 0; c < one.length; c++) {
            sum += one[c] * other[c];
        }
        return sum;
    }

    /** Inner products of some rows with all rows, {@code [to - from, rows]}. Time O((to - from) rows columns). */
    double[] products(int from, int to) {
        try (Matrix sum = Matrix.zeros(rows, to - from)) { // stored by columns, so the result is row by row
            forEachColumnPiece(PIECE, (piece, width) -> {
                try (Matrix a = Matrix.ofRows(piece, rows, width)) {
                    sum.addProduct(a, false, a.rows(from, to), true);
                }
            });
            return sum.toArray();
        }
    }

    /**
     * Squared distances of some rows from all rows. Time O((to - from) rows columns).
     *
     * @param lengths from {@link #squaredLengths}
     * @return {@code [to - from, rows]}, finite, 0 for equal rows
     */
    double[] squaredDistances(int from, int to, double[] lengths) {
        double[] squares = products(from, to);
        for (int i = from; i < to; i++) {
            for (int j = 0; j < rows; j++) {
                int at = (i - from) * rows + j;
                double norms = lengths[i] + lengths[j];
                double square = norms - 2 * squares[at];
                squares[at] = square <= CANCELLED * norms ? squaredDistance(i, j) : square;
            }
        }
        return squares;
    }

    /**
     * Squared distances of all pairs, rounded to float as scikit-learn does.
     *
     * @param gram from {@link #rowGram}
     * @return {@code [rows, rows]}, symmetric, finite, 0 for equal rows
     */
    float[] squaredDistances(double[] gram) {
        float[] distances = new float[rows * rows];
        for (int i = 0; i < rows; i++) {
            double own = gram[i * rows + i];
            for (int j = 0; j < i; j++) {
                float rounded = squaredDistance(i, j, gram[i * rows + j], own + gram[j * rows + j]);
                distances[i * rows + j] = rounded;
                distances[j * rows + i] = rounded;
            }
        }
        return distances;
    }

    /** Squared distance of two rows from their inner product and the sum of their squared norms. */
    float squaredDistance(int i, int j, double product, double norms) {
        double square = norms - 2 * product;
        if (square <= CANCELLED * norms) {
            square = squaredDistance(i, j);
        }
        return (float) Math.min(square, Float.MAX_VALUE);
    }

    /** All centred values, {@code [rows, columns]}. */
    double[] toArray() {
        double[] all = new double[Math.multiplyExact(rows, columns)];
        Reader reader = new Reader(0, columns);
        for (int i = 0; i < rows; i++) {
            reader.read(i, all, i * columns, 1);
        }
        return all;
    }

    private double squaredDistance(int i, int j) {
        double sum = 0;
        for (int c = 0; c < columns; c++) {
            double difference = features.get(i, c) * scale[i] - features.get(j, c) * scale[j];
            sum += difference * difference;
        }
        return sum;
    }
}
