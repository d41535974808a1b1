package io.github.fedhds.internal.algebra;

/**
 * Rows to load: row i is {@code scale[i]} times the values that are read, minus the mean.
 *
 * @param scale {@code [rows]}
 * @param mean {@code [columns]}
 * @param reader fills an array with consecutive values of a row
 */
public record CentredSource(double[] scale, double[] mean, Reader reader) {
    /** Reads a part of a row. */
    @FunctionalInterface
    public interface Reader {
        /** Fills {@code into} with the values of a row from a column on. */
        void read(int row, int from, float[] into);
    }

    int rows() {
        return scale.length;
    }

    int columns() {
        return mean.length;
    }
}
