package io.github.fedhds.feature;

import java.util.Arrays;
import java.util.List;

/** Points of few coordinates, {@code [n, d]}; point i belongs to instruction (or centroid) i. Immutable, safe for many threads. */
public final class Points {
    private final int size;
    private final int dimensions;
    private final double[] values;

    /**
     * Copies the values.
     *
     * @param size number of points, 0 or more
     * @param dimensions coordinates of a point, 1 or more
     * @param values {@code [size, dimensions]}, point by point
     */
    public Points(int size, int dimensions, double[] values) {
        if (size < 0 || dimensions < 1) {
            throw new IllegalArgumentException(
                    "points have size >= 0 and dimensions >= 1, was size " + size + ", dimensions " + dimensions);
        }
        if (values.length != (long) size * dimensions) {
            throw new IllegalArgumentException(size + " points of " + dimensions + " dimensions have "
                    + (long) size * dimensions + " coordinates, was " + values.length);
        }
        this.size = size;
        this.dimensions = dimensions;
        this.values = values.clone();
    }

    /** Points from rows of equal length. An empty list gives 0 points of 1 dimension. */
    public static Points of(List<double[]> rows) {
        int dimensions = rows.isEmpty() ? 1 : rows.get(0).length;
        double[] values = new double[rows.size() * dimensions];
        for (int i = 0; i < rows.size(); i++) {
            if (rows.get(i).length != dimensions) {
                throw new IllegalArgumentException("point " + i + " has " + rows.get(i).length
                        + " coordinates, point 0 has " + dimensions + "; all must have the same");
            }
            System.arraycopy(rows.get(i), 0, values, i * dimensions, dimensions);
        }
        return new Points(rows.size(), dimensions, values);
    }

    /** Points from rows of equal length. */
    public static Points of(double[]... rows) {
        return of(List.of(rows));
    }

    /** Number of points. */
    public int size() {
        return size;
    }

    /** Coordinates of a point. */
    public int dimensions() {
        return dimensions;
    }

    /** A copy of point i. */
    public double[] point(int i) {
        if (i < 0 || i >= size) {
            throw new IndexOutOfBoundsException("point " + i + " of " + size);
        }
        return Arrays.copyOfRange(values, i * dimensions, (i + 1) * dimensions);
    }

    /** One coordinate. */
    public double get(int point, int axis) {
        if (point < 0 || point >= size || axis < 0 || axis >= dimensions) {
            throw new IndexOutOfBoundsException(
                    "point " + point + ", axis " + axis + " of [" + size + ", " + dimensions + "]");
        }
        return values[point * dimensions + axis];
    }

    /** A copy of all coordinates, point by point. */
    public double[] toArray() {
        return values.clone();
    }

    /** Index of the first point with a NaN or infinite coordinate, or -1. */
    public int firstNonFinite() {
        for (int i = 0; i < values.length; i++) {
            if (!Double.isFinite(values[i])) {
                return i / dimensions;
            }
        }
        return -1;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Points that
                && size == that.size
                && dimensions == that.dimensions
                && Arrays.equals(values, that.values);
    }

    @Override
    public int hashCode() {
        return 31 * dimensions + Arrays.hashCode(values);
    }

    @Override
    public String toString() {
        return "Points[" + size + ", " + dimensions + "]";
    }
}
