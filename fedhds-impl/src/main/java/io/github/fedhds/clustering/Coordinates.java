package io.github.fedhds.clustering;

import io.github.fedhds.feature.Points;
import java.util.Arrays;

/**
 * Points times a power of two, such that the largest coordinate lies between 1 and 2. Such a factor changes no digit, so
 * every comparison of distances comes out as before, but no square overflows: a single far point, which may come from
 * outside, then costs nobody his clusters. Immutable, safe for many threads.
 */
final class Coordinates {
    private final int size;
    private final int dimensions;
    private final double[] values;
    private final int exponent;

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
        double largest = 0;
        for (double v : values) {
            largest = Math.max(largest, Math.abs(v));
        }
        exponent = largest == 0 ? 0 : Math.getExponent(largest);
        for (int i = 0; i < values.length; i++) {
            values[i] = Math.scalb(values[i], -exponent);
        }
    }

    /** Number of rows. */
    int size() {
        return size;
    }

    /** Coordinates of a row. */
    int dimensions() {
        return dimensions;
    }

    /** One scaled coordinate. */
    double get(int row, int axis) {
        return values[row * dimensions + axis];
    }

    /**
     * The squared Euclidean distance of two rows in scaled coordinates. Every hierarchy measures with this function, so
     * that heights which are equal are equal to the last bit, whoever built the tree. The root is taken once an edge
     * ({@link SpanningTree}): it never turns the order round, so a least tree of squares is a least tree of distances.
     */
    double squaredDistance(int a, int b) {
        int i = a * dimensions;
        int j = b * dimensions;
        double sum = 0;
        for (int axis = 0; axis < dimensions; axis++) {
            double difference = values[i + axis] - values[j + axis];
            sum += difference * difference;
        }
        return sum;
    }

    /** A length of the points' own scale in scaled coordinates. */
    double toScaled(double length) {
        return Math.scalb(length, -exponent);
    }

    /** A length or coordinate in the points' own scale. */
    double toOriginal(double length) {
        return Math.scalb(length, exponent);
    }
}
