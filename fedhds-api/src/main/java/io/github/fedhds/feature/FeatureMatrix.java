package io.github.fedhds.feature;

import java.util.Arrays;
import java.util.function.IntFunction;

/**
 * Features of many instructions: row i belongs to instruction i. A row consists of {@code blocks} vectors of
 * {@code width} numbers: the embeddings, then the output of each layer. Immutable, safe for many threads.
 *
 * <p>Memory: {@code 4 rows columns} bytes, with one array per row, so the matrix may hold more than 2<sup>31</sup> numbers.
 * {@link #blocks} and {@link #lastBlock} are views that share the rows. To read many values, use {@link #get}, or {@link
 * #copy} with a buffer of one row; {@link #toArray} copies everything.
 */
public final class FeatureMatrix {
    private final float[][] values;
    private final int blocks;
    private final int width;
    private final int offset; // of the first number in each of the arrays

    /** Uses the rows without a copy. */
    FeatureMatrix(float[][] values, int blocks, int width, int offset) {
        this.values = values;
        this.blocks = blocks;
        this.width = width;
        this.offset = offset;
    }

    /**
     * Copies the values.
     *
     * @param rows number of instructions, 0 or more
     * @param blocks vectors in a row, 1 or more (layers + 1 for a language model)
     * @param width numbers in a vector, 1 or more
     * @param values {@code [rows, blocks * width]}, row by row
     */
    public FeatureMatrix(int rows, int blocks, int width, float[] values) {
        this(split(rows, blocks, width, values), blocks, width, 0);
    }

    private static float[][] split(int rows, int blocks, int width, float[] values) {
        checkShape(rows, blocks, width);
        if (values.length != (long) rows * blocks * width) {
            throw new IllegalArgumentException("a feature matrix of " + rows + " rows, " + blocks + " blocks and width "
                    + width + " has " + (long) rows * blocks * width + " values, was " + values.length);
        }
        int columns = blocks * width;
        float[][] split = new float[rows][];
        for (int i = 0; i < rows; i++) {
            split[i] = Arrays.copyOfRange(values, i * columns, (i + 1) * columns);
        }
        return split;
    }

    /**
     * Copies the rows one by one, so that the caller need not hold all of them.
     *
     * @param rows number of instructions, 0 or more
     * @param blocks vectors in a row, 1 or more
     * @param width numbers in a vector, 1 or more
     * @param row returns row i, {@code [blocks * width]}; called once for each row, in order
     */
    public static FeatureMatrix of(int rows, int blocks, int width, IntFunction<float[]> row) {
        checkShape(rows, blocks, width);
        float[][] values = new float[rows][];
        for (int i = 0; i < rows; i++) {
            float[] given = row.apply(i);
            if (given.length != blocks * width) {
                throw new IllegalArgumentException("row " + i + " has " + given.length + " numbers, a row of " + blocks
                        + " blocks of width " + width + " has " + blocks * width);
            }
            values[i] = given.clone();
        }
        return new FeatureMatrix(values, blocks, width, 0);
    }

    private static void checkShape(int rows, int blocks, int width) {
        if (rows < 0 || blocks < 1 || width < 1) {
            throw new IllegalArgumentException("a feature matrix has rows >= 0, blocks >= 1 and width >= 1, was rows "
                    + rows + ", blocks " + blocks + ", width " + width);
        }
        if ((long) blocks * width > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(
                    "a row has at most " + Integer.MAX_VALUE + " numbers, was blocks " + blocks + ", width " + width);
        }
    }

    /** Number of instructions. */
    public int rows() {
        return values.length;
    }

    /** Numbers in a row: {@code blocks * width}. */
    public int columns() {
        return blocks * width;
    }

    /** Vectors in a row. */
    public int blocks() {
        return blocks;
    }

    /** Numbers in a vector. */
    public int width() {
        return width;
    }

    /** A copy of row i. */
    public float[] row(int i) {
        float[] row = new float[columns()];
        copy(i, 0, row);
        return row;
    }

    /**
     * Copies a part of a row, to read many rows with one buffer.
     *
     * @param row the row
     * @param from column of the first number
     * @param into the buffer; it is filled, so the row must have as many numbers after {@code from}
     */
    public void copy(int row, int from, float[] into) {
        checkRow(row);
        if (from < 0 || from > columns() - into.length) {
            throw new IndexOutOfBoundsException(
                    "columns " + from + " to before " + ((long) from + into.length) + " of " + columns());
        }
        System.arraycopy(values[row], offset + from, into, 0, into.length);
    }

    /** One number. */
    public float get(int row, int column) {
        checkRow(row);
        if (column < 0 || column >= columns()) {
            throw new IndexOutOfBoundsException("column " + column + " of " + columns());
        }
        return values[row][offset + column];
    }

    /**
     * A copy of all values, row by row. It takes as much memory again; for small matrices.
     *
     * @throws IllegalStateException if there are more numbers than an array can hold
     */
    public float[] toArray() {
        long size = (long) rows() * columns();
        if (size > Integer.MAX_VALUE - 8) {
            throw new IllegalStateException(this + " holds " + size + " numbers, an array at most "
                    + (Integer.MAX_VALUE - 8) + "; read it row by row, with row, copy or get");
        }
        float[] all = new float[(int) size];
        for (int i = 0; i < rows(); i++) {
            System.arraycopy(values[i], offset, all, i * columns(), columns());
        }
        return all;
    }

    /** The last vector of each row, the output of the last layer. A view. */
    public FeatureMatrix lastBlock() {
        return blocks(blocks - 1, blocks);
    }

    /**
     * A range of the vectors of each row. A view: it keeps the whole rows in memory.
     *
     * @param from first block, 0 or more
     * @param to block after the last, above from, at most the number of blocks
     */
    public FeatureMatrix blocks(int from, int to) {
        if (from < 0 || from >= to || to > blocks) {
            throw new IndexOutOfBoundsException("blocks " + from + " to before " + to + " of " + blocks);
        }
        return to - from == blocks ? this : new FeatureMatrix(values, to - from, width, offset + from * width);
    }

    /** Index of the first row with a NaN or infinite value, or -1. */
    public int firstNonFiniteRow() {
        int end = offset + columns();
        for (int i = 0; i < values.length; i++) {
            float[] row = values[i];
            for (int c = offset; c < end; c++) {
                if (!Float.isFinite(row[c])) {
                    return i;
                }
            }
        }
        return -1;
    }

    private void checkRow(int i) {
        if (i < 0 || i >= values.length) {
            throw new IndexOutOfBoundsException("row " + i + " of " + values.length);
        }
    }

    @Override
    public boolean equals(Object other) {
        if (!(other instanceof FeatureMatrix that)
                || rows() != that.rows()
                || blocks != that.blocks
                || width != that.width) {
            return false;
        }
        for (int i = 0; i < values.length; i++) {
            if (!Arrays.equals(
                    values[i], offset, offset + columns(), that.values[i], that.offset, that.offset + columns())) {
                return false;
            }
        }
        return true;
    }

    @Override
    public int hashCode() {
        int hash = 31 * rows() + blocks;
        for (float[] row : values) {
            for (int c = offset; c < offset + columns(); c++) {
                hash = 31 * hash + Float.hashCode(row[c]);
            }
        }
        return hash;
    }

    @Override
    public String toString() {
        return "FeatureMatrix[" + rows() + ", " + blocks + " x " + width + "]";
    }
}
