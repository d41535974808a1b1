package io.github.fedhds.adapter;

import java.util.Arrays;

/** Float32 values with a shape, row-major. Owns its array. Immutable, safe for many threads. */
public final class Tensor {
    private final int[] shape;
    private final float[] values;

    /**
     * Copies the values.
     *
     * @param shape lengths of the axes, each 0 or more
     * @param values values in row-major order, as many as the product of the shape
     */
    public Tensor(int[] shape, float[] values) {
        if (size(shape) != values.length) {
            throw new IllegalArgumentException("a tensor of shape " + Arrays.toString(shape) + " has " + size(shape)
                    + " values, was " + values.length);
        }
        this.shape = shape.clone();
        this.values = values.clone();
    }

    private Tensor(int[] shape, Values values) {
        long size = size(shape);
        if (size > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException(
                    "a tensor of shape " + Arrays.toString(shape) + " has more values than an array can hold");
        }
        this.shape = shape.clone();
        this.values = new float[(int) size];
        for (int i = 0; i < size; i++) {
            this.values[i] = values.at(i);
        }
    }

    /** Returns the values of a tensor one by one. */
    @FunctionalInterface
    public interface Values {
        /** Value i in row-major order. */
        float at(int i);
    }

    /**
     * Creates a tensor from a function, called once for each value in row-major order, without an additional array.
     *
     * @param shape lengths of the axes, each 0 or more
     */
    public static Tensor of(int[] shape, Values values) {
        return new Tensor(shape, values);
    }

    private static long size(int[] shape) {
        long size = 1;
        for (int length : shape) {
            if (length < 0) {
                throw new IllegalArgumentException("lengths of axes must be 0 or more, was " + Arrays.toString(shape));
            }
            if (length > 0 && size > Long.MAX_VALUE / length) {
                throw new IllegalArgumentException("shape " + Arrays.toString(shape) + " overflows");
            }
            size *= length;
        }
        return size;
    }

    /** A copy of the shape. */
    public int[] shape() {
        return shape.clone();
    }

    /** Number of values. */
    public int size() {
        return values.length;
    }

    /** A copy of the values. */
    public float[] toArray() {
        return values.clone();
    }

    /** Value i in row-major order. */
    public float get(int i) {
        return values[i];
    }

    /** True if both have the same shape. */
    public boolean sameShape(Tensor other) {
        return Arrays.equals(shape, other.shape);
    }

    /** Index of the first NaN or infinite value, or -1. */
    public int firstNonFinite() {
        for (int i = 0; i < values.length; i++) {
            if (!Float.isFinite(values[i])) {
                return i;
            }
        }
        return -1;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Tensor that && Arrays.equals(shape, that.shape) && Arrays.equals(values, that.values);
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(shape) + Arrays.hashCode(values);
    }

    @Override
    public String toString() {
        return "Tensor" + Arrays.toString(shape);
    }
}
