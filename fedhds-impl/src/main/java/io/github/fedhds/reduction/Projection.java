package io.github.fedhds.reduction;

import io.github.fedhds.feature.FeatureMatrix;
import io.github.fedhds.feature.Points;
import io.github.fedhds.fusion.Fusion;
import io.github.fedhds.round.RoundContext;
import java.util.Objects;
import java.util.OptionalLong;

/**
 * A fixed linear map of feature rows to few axes: the same for every row and every party, so that points of different
 * clients lie in one frame. A fusion fits its axes to the rows it is given; a projection was fitted before, or never.
 *
 * <p>Takes {@code [n, columns]}, gives {@code [n, dimensions]}: the row less the mean, times each component. Time O(n
 * columns dimensions) on one thread, memory of the points; rows are placed one by one, so a row's point does not depend on
 * the rows beside it. Equal projections of equal rows have equal bits on every machine. Immutable, safe for many threads.
 */
public final class Projection implements Fusion {
    /** Columns taken at a time; even, for random numbers come in pairs. */
    private static final int BLOCK = 256;

    private final int columns;
    private final int dimensions;
    private final double[] mean; // empty: zero
    private final Coefficients coefficients;

    /** The numbers by which columns are multiplied. */
    private interface Coefficients {
        /** Writes those of columns {@code from} (even) to before {@code to}: of each column, one an axis. */
        void write(int from, int to, double[] into);
    }

    private Projection(int columns, int dimensions, double[] mean, Coefficients coefficients) {
        this.columns = columns;
        this.dimensions = dimensions;
        this.mean = mean;
        this.coefficients = coefficients;
    }

    /**
     * A random projection: independent normal coefficients of variance 1 / dimensions, without a mean, so that squared
     * distances of rows are kept on average. They are computed from the seed wherever they are needed and never stored;
     * equal arguments give equal bits on every machine, and the axes of fewer dimensions are the first of more, up to
     * scale. A projection hides nothing from a party that knows the seed.
     *
     * @param columns numbers in a feature row, 1 or more
     * @param dimensions axes, 1 or more
     * @param seed any number
     * @see <a href="https://doi.org/10.1002/rsa.10073">Dasgupta, Gupta 2003 (Johnson, Lindenstrauss 1984)</a>
     */
    public static Projection random(int columns, int dimensions, long seed) {
        if (columns < 1 || dimensions < 1) {
            throw new IllegalArgumentException("a projection has columns >= 1 and dimensions >= 1, was columns "
                    + columns + ", dimensions " + dimensions);
        }
        checkBlock(dimensions);
        NormalNumbers numbers = new NormalNumbers(seed);
        double scale = 1 / Math.sqrt(dimensions);
        return new Projection(columns, dimensions, new double[0], (from, to, into) -> {
            for (int a = 0; a < dimensions; a++) {
                for (int c = from; c < to; c += 2) {
                    double radius = scale * numbers.radius(a, c);
                    double angle = numbers.angle(a, c);
                    into[(c - from) * dimensions + a] = radius * StrictMath.cos(angle);
                    if (c + 1 < to) {
                        into[(c + 1 - from) * dimensions + a] = radius * StrictMath.sin(angle);
                    }
                }
            }
        });
    }

    /**
     * The principal axes of some rows, for use on others: {@code pca(anchors, k).fuse(anchors, round)} is what {@link
     * PcaFusion} gives, signs included. Exact; time and memory as there, and 8 columns dimensions bytes. The fit is equal
     * on one machine only: fit once and hand on {@link #mean} and {@link #component components} where parties must agree.
     *
     * @param anchors rows of which two differ at least
     * @param dimensions axes, 1 or more; those beyond the anchors' rank are zero
     * @throws IllegalArgumentException if a row holds a NaN or an infinity (the message names it), or no two rows differ
     */
    public static Projection pca(FeatureMatrix anchors, int dimensions) {
        double[][] components = new double[PcaFusion.checkDimensions(dimensions)][anchors.columns()];
        CentredRows rows = CentredRows.of(anchors);
        PcaFusion.Axes axes = PcaFusion.axes(rows, dimensions, OptionalLong.empty());
        if (axes.rank() == 0) {
            throw new IllegalArgumentException("a PCA needs anchors of which two differ at least, was " + anchors.rows()
                    + (anchors.rows() < 2 ? " rows" : " equal rows"));
        }
        for (int a = 0; a < axes.rank(); a++) {
            components[a] = axes.component(rows, a);
        }
        return of(rows.means(), components);
    }

    /**
     * A projection of known numbers, such as one that another party fitted.
     *
     * @param mean {@code [columns]}, finite
     * @param components {@code [dimensions][columns]}, finite, each as long as the mean
     */
    public static Projection of(double[] mean, double[][] components) {
        int columns = mean.length;
        int dimensions = components.length;
        if (columns < 1 || dimensions < 1) {
            throw new IllegalArgumentException("a projection has columns >= 1 and dimensions >= 1, was columns "
                    + columns + ", dimensions " + dimensions);
        }
        checkBlock(dimensions);
        if ((long) columns * dimensions > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException("a projection holds at most " + (Integer.MAX_VALUE - 8)
                    + " coefficients, was " + columns + " columns x " + dimensions + " dimensions");
        }
        checkFinite("mean", mean);
        double[] all = new double[columns * dimensions];
        for (int a = 0; a < dimensions; a++) {
            double[] component = components[a];
            if (component.length != columns) {
                throw new IllegalArgumentException("component " + a + " has " + component.length
                        + " numbers, the mean has " + columns + "; all must have the same");
            }
            checkFinite("component " + a, component);
            for (int c = 0; c < columns; c++) {
                all[c * dimensions + a] = component[c];
            }
        }
        return new Projection(
                columns,
                dimensions,
                mean.clone(),
                (from, to, into) -> System.arraycopy(all, from * dimensions, into, 0, (to - from) * dimensions));
    }

    /** Numbers in a row that it takes. */
    public int columns() {
        return columns;
    }

    @Override
    public int dimensions() {
        return dimensions;
    }

    /** What is taken off each row, {@code [columns]}; zeros of a random one. */
    public double[] mean() {
        return mean.length == 0 ? new double[columns] : mean.clone();
    }

    /** The coefficients of an axis, {@code [columns]}; of a PCA, of length one or all zero. */
    public double[] component(int axis) {
        Objects.checkIndex(axis, dimensions);
        double[] component = new double[columns];
        double[] block = new double[BLOCK * dimensions];
        for (int from = 0; from < columns; from += BLOCK) {
            int to = Math.min(columns, from + BLOCK);
            coefficients.write(from, to, block);
            for (int c = from; c < to; c++) {
                component[c] = block[(c - from) * dimensions + axis];
            }
        }
        return component;
    }

    /**
     * The rows' points.
     *
     * @param features rows of {@link #columns} numbers; none give no points
     * @throws IllegalArgumentException if rows have another length, or one holds a NaN or an infinity; the message names it
     */
    @Override
    public Points fuse(FeatureMatrix features, RoundContext round) {
        if (features.columns() != columns) {
            throw new IllegalArgumentException(
                    "feature rows have " + features.columns() + " columns, this projection takes " + columns
                            + "; were they made by another model, or of other layers?");
        }
        CentredRows.checkFinite(features);
        int n = features.rows();
        double[] points = new double[Math.multiplyExact(n, dimensions)];
        double[] block = new double[BLOCK * dimensions];
        for (int from = 0; from < columns && n > 0; from += BLOCK) {
            int to = Math.min(columns, from + BLOCK);
            coefficients.write(from, to, block);
            for (int i = 0; i < n; i++) {
                for (int c = from; c < to; c++) {
                    double x = features.get(i, c) - (mean.length == 0 ? 0 : mean[c]);
                    int at = (c - from) * dimensions;
                    for (int a = 0; a < dimensions; a++) {
                        points[i * dimensions + a] += x * block[at + a];
                    }
                }
            }
        }
        return new Points(n, dimensions, points);
    }

    private static void checkBlock(int dimensions) {
        if (dimensions > Integer.MAX_VALUE / BLOCK / 2) {
            throw new IllegalArgumentException(
                    "a projection has at most " + Integer.MAX_VALUE / BLOCK / 2 + " dimensions, was " + dimensions);
        }
    }

    private static void checkFinite(String what, double[] values) {
        for (double value : values) {
            if (!Double.isFinite(value)) {
                throw new IllegalArgumentException(what + " must hold finite numbers, was " + value);
            }
        }
    }

    @Override
    public String toString() {
        return "Projection[" + columns + " -> " + dimensions + "]";
    }
}
