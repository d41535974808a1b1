package io.github.fedhds.clustering;

import io.github.fedhds.feature.Points;
import java.util.Arrays;

/** Points, checked, and the one distance that all hierarchies measure with. Immutable, safe for many threads. */
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

    /** All coordinates times 2 to the power of {@code exponent}: exact, but for numbers that get very small. */
    Coordinates scaled(int exponent) {
        double[] scaled = new double[values.length];
        for (int i = 0; i < values.length; i++) {
            scaled[i] = Math.scalb(values[i], exponent);
        }
        return new Coordinates(size, dimensions, scaled);
    }

    /**
     * Every row at length 1. Half the squared distance of two such rows is 1 - cos of the angle between them.
     *
     * @throws IllegalArgumentException if a row is zero, and so has no direction
     */
    Coordinates directions() {
        double[] unit = values.clone();
        for (int row = 0; row < size; row++) {
            int begin = row * dimensions;
            int end = begin + dimensions;
            double largest = 0; // divided by first, so that no square overflows
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

    /** Coordinates of a row. */
    int dimensions() {
        return dimensions;
    }

    /** One coordinate. */
    double get(int row, int axis) {
        return values[row * dimensions + axis];
    }

    /**
     * The squared Euclidean distance of two rows, O(d). Every hierarchy measures with this function, so that heights
     * which are equal are equal to the last bit, whoever built the tree. The root is taken once an edge ({@link
     * SpanningTree}): it never turns the order round, so a least tree of squares is a least tree of distances.
     *
     * <p>Finite always: rows farther apart than 1e154 are just very far apart. Points may come from outside, and a far
     * one shall cost the others nothing.
     */
    double squaredDistance(int a, int b) {
        int i = a * dimensions;
        int j = b * dimensions;
        double sum = 0;
        for (int axis = 0; axis < dimensions; axis++) {
            double difference = values[i + axis] - values[j + axis];
            sum += difference * difference;
        }
        return Math.min(sum, Double.MAX_VALUE);
    }
}
