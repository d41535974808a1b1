package io.github.fedhds.reduction;

import io.github.fedhds.feature.FeatureMatrix;
import io.github.fedhds.internal.algebra.CentredSource;
import io.github.fedhds.internal.algebra.LinearAlgebra;
import io.github.fedhds.internal.algebra.LoadedRows;
import java.util.Arrays;
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
    /** Up to this number of multiplications, inner products of all pairs are computed in double. */
    private static final double DOUBLE_PRODUCTS = 1 << 26;
    /**
     * Squared distances below this share of the squared norms suffer from cancellation and are computed again, pair by
     * pair.
     */
    private static final double CANCELLED = 1e-6;

    private static final double CANCELLED_IN_FLOAT = 1e-3;

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
            if (!Double.isFinite(shift[c]) || n > 0 && !Double.isFinite(first[c])) {
                checkFinite(features); // a sum of finite floats is finite
            }
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

    /**
     * Loads the rows for products, in the chosen linear algebra.
     *
     * @param single whether products are computed in float, where the backend can; else in double
     */
    LoadedRows load(boolean single) {
        double[] mean = new double[columns];
        Arrays.setAll(mean, c -> first[c] + shift[c]);
        return LinearAlgebra.chosen().load(new CentredSource(scale, mean, features::copy), single);
    }

    /** Whether inner products of all pairs are computed in float: double takes as little time for few rows. */
    boolean single() {
        return (double) rows * rows * columns > DOUBLE_PRODUCTS;
    }

    /**
     * Inner products of rows, {@code [rows, rows]}; above 2^26 multiplications in float, with an error of at most
     * about 6e-7 of the product of the two lengths. Distances of {@link #squaredDistance(int, int, double, double)} then
     * differ from those in double by 1.6e-4 of themselves at most and by 1.4e-7 in the mean (1,980 rows of
     * SmolLM2-135M, 17,856 columns, from several poolings of about 320 texts). Time O(rows² columns).
     */
    double[] rowGram() {
        return rowGram(single());
    }

    double[] rowGram(boolean inFloat) {
        checkOrder(rows, "rows");
        try (LoadedRows loaded = load(inFloat)) {
            return loaded.rowGram();
        }
    }

    /** Throws if a matrix over all pairs has more numbers than an array. */
    static void checkOrder(int order, String what) {
        if (order > MOST_ROWS) {
            throw new IllegalArgumentException("a matrix over all pairs of " + what + " holds at most " + MOST_ROWS
                    + " of them, was " + order + "; PcaFusion.randomised needs none");
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

    /**
     * Squared distances of some rows from all rows. Time O((to - from) rows columns).
     *
     * @param loaded these rows, loaded for products in double
     * @param lengths from {@link #squaredLengths}
     * @return {@code [to - from, rows]}, finite, 0 for equal rows
     */
    double[] squaredDistances(LoadedRows loaded, int from, int to, double[] lengths) {
        double[] squares = loaded.products(from, to);
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
        if (square <= (single() ? CANCELLED_IN_FLOAT : CANCELLED) * norms) {
            square = squaredDistance(i, j);
        }
        return (float) Math.min(square, Float.MAX_VALUE);
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
