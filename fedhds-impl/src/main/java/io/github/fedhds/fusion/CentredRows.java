package io.github.fedhds.fusion;

import io.github.fedhds.feature.FeatureMatrix;

/**
 * Feature rows with the column means taken off, in double, and their inner products. Centring first keeps the distances of
 * near rows exact even where all rows share large values, as hidden states do. Equal rows stay exactly equal, and a column
 * of equal values becomes exactly zero. Immutable.
 */
final class CentredRows {
    /** Largest number of rows whose square is still an array's length. */
    static final int MOST_ROWS = 46_340;
    /** Numbers that are turned into double at a time. */
    private static final int PIECE = 1 << 22;
    /** Squared distances below this part of the squared norms are computed anew, pair by pair: they cancel. */
    private static final double CANCELLED = 1e-6;

    private final int rows;
    private final int columns;
    private final float[] values;
    private final double[] scale;
    private final double[] shift;

    private CentredRows(int rows, int columns, float[] values, double[] scale, double[] shift) {
        this.rows = rows;
        this.columns = columns;
        this.values = values;
        this.scale = scale;
        this.shift = shift;
    }

    /**
     * Centres the columns.
     *
     * @throws IllegalArgumentException if a row holds a NaN or an infinity; the message names the row
     */
    static CentredRows of(FeatureMatrix features) {
        return of(features, false);
    }

    /** Scales the rows to length one, zero rows excepted, then centres the columns. */
    static CentredRows ofUnitRows(FeatureMatrix features) {
        return of(features, true);
    }

    private static CentredRows of(FeatureMatrix features, boolean unit) {
        int bad = features.firstNonFiniteRow();
        if (bad >= 0) {
            throw new IllegalArgumentException("feature row " + bad + " of " + features.rows()
                    + " holds a NaN or an infinity; fusion needs finite numbers");
        }
        int n = features.rows();
        int d = features.columns();
        float[] values = features.toArray();
        double[] scale = new double[n];
        for (int i = 0; i < n; i++) {
            double square = 0;
            for (int c = 0; unit && c < d; c++) {
                square += (double) values[i * d + c] * values[i * d + c];
            }
            scale[i] = square > 0 ? 1 / Math.sqrt(square) : 1;
        }
        double[] shift = new double[d]; // mean of x - x0, so that equal values give exactly 0
        for (int i = 1; i < n; i++) {
            for (int c = 0; c < d; c++) {
                shift[c] += values[i * d + c] * scale[i] - values[c] * scale[0];
            }
        }
        for (int c = 0; c < d; c++) {
            shift[c] /= n;
        }
        return new CentredRows(n, d, values, scale, shift);
    }

    int rows() {
        return rows;
    }

    int columns() {
        return columns;
    }

    /** Row i, column c, less the column's mean. */
    double get(int i, int c) {
        return values[i * columns + c] * scale[i] - values[c] * scale[0] - shift[c];
    }

    /** Inner products of rows, {@code [rows, rows]}. Time O(rows² columns). */
    double[] rowGram() {
        checkSquare(rows, "rows");
        try (DenseAlgebra.GramSum sum = new DenseAlgebra.GramSum(rows)) {
            int step = Math.max(1, Math.min(columns, PIECE / rows));
            for (int from = 0; from < columns; from += step) {
                int width = Math.min(step, columns - from);
                double[] piece = new double[rows * width];
                for (int i = 0; i < rows; i++) {
                    for (int c = 0; c < width; c++) {
                        piece[i * width + c] = get(i, from + c);
                    }
                }
                sum.add(piece, width);
            }
            return sum.toArray();
        }
    }

    /** Inner products of columns, {@code [columns, columns]}. Time O(rows columns²). */
    double[] columnGram() {
        checkSquare(columns, "columns");
        try (DenseAlgebra.GramSum sum = new DenseAlgebra.GramSum(columns)) {
            int step = Math.max(1, Math.min(rows, PIECE / columns));
            for (int from = 0; from < rows; from += step) {
                int width = Math.min(step, rows - from);
                double[] piece = new double[columns * width];
                for (int i = 0; i < width; i++) {
                    for (int c = 0; c < columns; c++) {
                        piece[c * width + i] = get(from + i, c);
                    }
                }
                sum.add(piece, width);
            }
            return sum.toArray();
        }
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
        for (int i = 0; i < rows; i++) {
            for (int c = 0; c < columns; c++) {
                all[i * columns + c] = get(i, c);
            }
        }
        return all;
    }

    private double squaredDistance(int i, int j) {
        double sum = 0;
        for (int c = 0; c < columns; c++) {
            double difference = values[i * columns + c] * scale[i] - values[j * columns + c] * scale[j];
            sum += difference * difference;
        }
        return sum;
    }

    private static void checkSquare(int order, String what) {
        if (order > MOST_ROWS) {
            throw new IllegalArgumentException(
                    "a matrix over all pairs of " + what + " holds at most " + MOST_ROWS + " of them, was " + order);
        }
    }
}
