package io.github.fedhds.feature;

import java.util.Arrays;

/**
 * Features of many instructions: row i belongs to instruction i, always. A row is {@code blocks} vectors of {@code width}
 * numbers side by side: the embeddings, then the output of each layer. Immutable, safe for many threads.
 */
public final class FeatureMatrix {
    private final int rows;
    private final int blocks;
    private final int width;
    private final float[] values;

    /**
     * Copies the values.
     *
     * @param rows number of instructions, 0 or more
     * @param blocks vectors in a row, 1 or more (layers + 1 for a language model)
     * @param width numbers in a vector, 1 or more
     * @param values {@code [rows, blocks * width]}, row by row
     */
    public FeatureMatrix(int rows, int blocks, int width, float[] values) {
        if (rows < 0 || blocks < 1 || width < 1) {
            throw new IllegalArgumentException("a feature matrix has rows >= 0, blocks >= 1 and width >= 1, was rows "
                    + rows + ", blocks " + blocks + ", width " + width);
        }
        if ((long) blocks * width > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(
                    "a row has at most " + Integer.MAX_VALUE + " numbers, was blocks " + blocks + ", width " + width);
        }
        if (values.length != (long) rows * blocks * width) {
            throw new IllegalArgumentException("a feature matrix of " + rows + " rows, " + blocks + " blocks and width "
                    + width + " has " + (long) rows * blocks * width + " values, was " + values.length);
        }
        this.rows = rows;
        this.blocks = blocks;
        this.width = width;
        this.values = values.clone();
    }

    /** Number of instructions. */
    public int rows() {
        return rows;
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
        checkRow(i);
        return Arrays.copyOfRange(values, i * columns(), (i + 1) * columns());
    }

    /** One number. */
    public float get(int row, int column) {
        checkRow(row);
        if (column < 0 || column >= columns()) {
            throw new IndexOutOfBoundsException("column " + column + " of " + columns());
        }
        return values[row * columns() + column];
    }

    /** A copy of all values, row by row. */
    public float[] toArray() {
        return values.clone();
    }

    /** Only the last vector of each row: the last layer's output. */
    public FeatureMatrix lastBlock() {
        return blocks(blocks - 1, blocks);
    }

    /**
     * Only some vectors of each row, one after the other.
     *
     * @param from first block, 0 or more
     * @param to block after the last, above from, at most the number of blocks
     */
    public FeatureMatrix blocks(int from, int to) {
        if (from < 0 || from >= to || to > blocks) {
            throw new IndexOutOfBoundsException("blocks " + from + " to before " + to + " of " + blocks);
        }
        if (to - from == blocks) {
            return this;
        }
        int length = (to - from) * width;
        float[] some = new float[rows * length];
        for (int i = 0; i < rows; i++) {
            System.arraycopy(values, i * columns() + from * width, some, i * length, length);
        }
        return new FeatureMatrix(rows, to - from, width, some);
    }

    /** Index of the first row that holds a NaN or an infinity, or -1. */
    public int firstNonFiniteRow() {
        for (int i = 0; i < values.length; i++) {
            if (!Float.isFinite(values[i])) {
                return i / columns();
            }
        }
        return -1;
    }

    private void checkRow(int i) {
        if (i < 0 || i >= rows) {
            throw new IndexOutOfBoundsException("row " + i + " of " + rows);
        }
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof FeatureMatrix that
                && rows == that.rows
                && blocks == that.blocks
                && width == that.width
                && Arrays.equals(values, that.values);
    }

    @Override
    public int hashCode() {
        return 31 * (31 * rows + blocks) + Arrays.hashCode(values);
    }

    @Override
    public String toString() {
        return "FeatureMatrix[" + rows + ", " + blocks + " x " + width + "]";
    }
}
