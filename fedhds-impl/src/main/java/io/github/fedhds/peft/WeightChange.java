package io.github.fedhds.peft;

import io.github.fedhds.adapter.Tensor;
import java.util.Objects;

/** The change of one weight by an adapter, {@code scale B A}, by rows of the weight as stored in its file. */
final class WeightChange {
    private final double scale;
    private final int rank;
    private final int rows;
    private final int columns;
    private final float[] left; // [rows, rank]
    private final float[] right; // [rank, columns]

    /**
     * The change of a weight {@code [out, in]}, or {@code [in, out]} if it is stored transposed.
     *
     * @param a of shape {@code [rank, in]}
     * @param b of shape {@code [out, rank]}
     */
    WeightChange(double scale, Tensor a, Tensor b, boolean transposed) {
        this.scale = scale;
        rank = a.shape()[0];
        rows = (transposed ? a.shape()[1] : b.shape()[0]);
        columns = (transposed ? b.shape()[0] : a.shape()[1]);
        left = transposed ? transpose(a) : b.toArray();
        right = transposed ? transpose(b) : a.toArray();
    }

    int columns() {
        return columns;
    }

    /** Adds a row of the change to a row of the weight. */
    void addTo(double[] weight, int row) {
        Objects.checkIndex(row, rows);
        for (int r = 0; r < rank; r++) {
            double factor = scale * left[row * rank + r];
            int at = r * columns;
            for (int column = 0; column < columns; column++) {
                weight[column] += factor * right[at + column];
            }
        }
    }

    private static float[] transpose(Tensor tensor) {
        int rows = tensor.shape()[0];
        int columns = tensor.shape()[1];
        float[] transposed = new float[tensor.size()];
        for (int row = 0; row < rows; row++) {
            for (int column = 0; column < columns; column++) {
                transposed[column * rows + row] = tensor.get(row * columns + column);
            }
        }
        return transposed;
    }
}
