package io.github.fedhds.features;

import java.util.Arrays;

/**
 * How the hidden states of different layers are made comparable before they are joined to one row. In many models the
 * norm of a state grows from layer to layer, so that distances between unscaled rows are those of the last layers.
 */
public enum LayerScaling {
    /** The states as they are; the method of the FedHDS paper. */
    NONE,
    /**
     * Each layer's part of a row (with {@link io.github.fedhds.transformer.Pooling#PARTS} of each of its two means) is
     * divided by its Euclidean norm, so that all layers have the same weight. A part of zeros stays zero.
     */
    UNIT_LENGTH;

    /**
     * Scales a row in place.
     *
     * @param row blocks of this width; a block with a NaN or infinity becomes NaN in part or whole
     */
    void scale(float[] row, int width) {
        if (this == NONE) {
            return;
        }
        for (int from = 0; from < row.length; from += width) {
            double squares = 0; // in double: squares of floats neither overflow nor vanish
            for (int i = from; i < from + width; i++) {
                squares += (double) row[i] * row[i];
            }
            if (squares == 0) {
                Arrays.fill(row, from, from + width, 0f); // no negative zeros
                continue;
            }
            double norm = Math.sqrt(squares);
            for (int i = from; i < from + width; i++) {
                row[i] = (float) (row[i] / norm);
            }
        }
    }
}
