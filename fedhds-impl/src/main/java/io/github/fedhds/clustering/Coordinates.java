package io.github.fedhds.clustering;

import io.github.fedhds.feature.Points;
import io.github.fedhds.internal.Euclidean;
import java.util.Arrays;

/** Validated points, and the distance function that all hierarchies share. Immutable, safe for many threads. */
final class Coordinates {
    private final int size;
    private final int dimensions;
    private final double[] values;

    /**
     * Copies the points; O(n d).
     *
     * @throws IllegalArgumentException if a coordinate is NaN or infinite
     */
    Coordinates(Points points) {
        int bad = points.firstNonFinite();
        if (bad >= 0) {
            throw new IllegalArgumentException("row " + bad + " holds a NaN or infinite coordinate: "
                    + Arrays.toString(points.point(bad)) + "; only finite points can be clustered");
        }
        size = points.size();
        dimensions = points.dimensions();
        values = points.toArray();
    }

    private Coordinates(int size, int dimensions, double[] values) {
        this.size = size;
        this.dimensions = dimensions;
        this.values = values;
    }

    /** All coordinates times 2 to the power of {@code exponent}: exact unless a number underflows. */
    Coordinates scaled(int exponent) {
        double[] scaled = new double[values.length];
        for (int i = 0; i < values.length; i++) {
            scaled[i] = Math.scalb(values[i], exponent);
        }
        return new Coordinates(size, dimensions, scaled);
    }

    /**
     * Scales every row to length 1. Half the squared distance of two such rows is 1 - cos of the angle between them.
     *
     * @throws IllegalArgumentException if a row is zero, which has no direction
     */
    Coordinates directions() {
        double[] unit = values.clone();
        for (int row = 0; row < size; row++) {
            int begin = row * dimensions;
            int end = begin + dimensions;
            double largest = 0; // divisor, so that no square overflows
            for (int i = begin; i < end; i++) {
                largest = Math.max(largest, Math.abs(unit[i]));
            }
            if (largest == 0) {
                throw new IllegalArgumentException("row " + row
                        + " is zero and has no direction; the cosine metric needs one, leave such rows out or take the"
                        + " Euclidean metric");
            }
            double squares = 0;
            for (int i = begin; i < end; i++) {
                unit[i] /= largest;
                squares += unit[i] * unit[i];
            }
            double length = Math.sqrt(squares);
            for (int i = begin; i < end; i++) {
                unit[i] /= length;
            }
        }
        return new Coordinates(size, dimensions, unit);
    }

    /** Number of rows. */
    int size() {
        return size;
    }

    /** Number of coordinates of a row. */
    int dimensions() {
        return dimensions;
    }

    /** One coordinate. */
    double get(int row, int axis) {
        return values[row * dimensions + axis];
    }

    /**
     * The squared Euclidean distance of two rows, O(d). All hierarchies use this function, so equal heights are equal
     * to the last bit in every tree. {@link SpanningTree} takes one root per edge: roots preserve the order, so a
     * minimum spanning tree of squares is one of distances.
     *
     * <p>Always finite, at most the largest number: points may be untrusted, and a very distant one must not affect the
     * others.
     */
    double squaredDistance(int a, int b) {
        return squaredDistance(a, values, b);
    }

    /** The same between a row and a row of other {@code [n, d]} points. */
    double squaredDistance(int row, double[] points, int point) {
        return Math.min(Euclidean.squared(values, row, points, point, dimensions), Double.MAX_VALUE);
    }

    /** The coordinates axis by axis, {@code [d][n]}. */
    double[][] columns() {
        double[][] columns = new double[dimensions][size];
        for (int i = 0; i < values.length; i++) {
            columns[i % dimensions][i / dimensions] = values[i];
        }
        return columns;
    }
}
