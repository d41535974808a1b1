package io.github.fedhds.internal;

/** The Euclidean distance of rows in arrays. */
public final class Euclidean {
    private Euclidean() {}

    /**
     * Squared distance of two rows, summed in the order of the axes.
     *
     * @param a array of {@code [rows, dimensions]}
     * @param i row in a
     * @param b array of {@code [rows, dimensions]}
     * @param j row in b
     */
    public static double squared(double[] a, int i, double[] b, int j, int dimensions) {
        int fromA = i * dimensions;
        int fromB = j * dimensions;
        double sum = 0;
        for (int axis = 0; axis < dimensions; axis++) {
            double difference = a[fromA + axis] - b[fromB + axis];
            sum += difference * difference;
        }
        return sum;
    }
}
