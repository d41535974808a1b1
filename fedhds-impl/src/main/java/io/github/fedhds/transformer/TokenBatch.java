package io.github.fedhds.transformer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.nio.LongBuffer;
import java.util.Arrays;
import java.util.List;

/**
 * Rows of token ids, padded at the right to the longest. Attention looks back only, so that a row's own tokens never see
 * the padding and no mask is needed.
 */
final class TokenBatch {
    private final List<int[]> rows;
    private final int width;

    TokenBatch(List<int[]> rows, DecoderConfig config) {
        int longest = 0;
        for (int[] row : rows) {
            if (row.length == 0) {
                throw new IllegalArgumentException("a row of token ids must not be empty");
            }
            if (row.length > config.positions()) {
                throw new IllegalArgumentException("a row has " + row.length + " tokens, this model has "
                        + config.positions() + " positions; cut it first");
            }
            for (int id : row) {
                if (id < 0 || id >= config.vocabulary()) {
                    throw new IllegalArgumentException("token id " + id + " is not in the model's vocabulary of "
                            + config.vocabulary() + "; is tokenizer.json of another model?");
                }
            }
            longest = Math.max(longest, row.length);
        }
        this.rows = rows;
        this.width = longest;
    }

    /** Checks what a training step is given. */
    static void checkTraining(List<EncodedSample> samples, int parameters, float[] flat, float[] gradient) {
        if (samples.isEmpty()) {
            throw new IllegalArgumentException("a batch has at least one sample");
        }
        if (flat.length != parameters || gradient.length != parameters) {
            throw new IllegalArgumentException("there are " + parameters + " parameters to train, was given "
                    + flat.length + " and a gradient of " + gradient.length);
        }
    }

    int size() {
        return rows.size();
    }

    int width() {
        return width;
    }

    int length(int row) {
        return rows.get(row).length;
    }

    NDArray ids(NDManager scope) {
        return longs(scope, rows, 0);
    }

    /** Labels {@code [B, T]}: the ids from each row's answer on, -100 before it and in the padding. */
    NDArray labels(NDManager scope, int[] answerStarts) {
        List<int[]> labels = new java.util.ArrayList<>();
        for (int r = 0; r < rows.size(); r++) {
            int[] label = rows.get(r).clone();
            Arrays.fill(label, 0, Math.min(answerStarts[r], label.length), -100);
            labels.add(label);
        }
        return longs(scope, labels, -100);
    }

    private NDArray longs(NDManager scope, List<int[]> values, int padding) {
        long[] flat = new long[values.size() * width];
        Arrays.fill(flat, padding);
        for (int r = 0; r < values.size(); r++) {
            int[] row = values.get(r);
            for (int t = 0; t < row.length; t++) {
                flat[r * width + t] = row[t];
            }
        }
        return scope.create(LongBuffer.wrap(flat), new Shape(values.size(), width), DataType.INT64);
    }

    /** Weights {@code [B, T]} that take each row's last token, or the mean over its tokens. */
    NDArray pool(NDManager scope, Pooling pooling) {
        float[] flat = new float[rows.size() * width];
        for (int r = 0; r < rows.size(); r++) {
            int length = length(r);
            switch (pooling) {
                case LAST_TOKEN -> flat[r * width + length - 1] = 1;
                case MEAN -> Arrays.fill(flat, r * width, r * width + length, 1f / length);
            }
        }
        return scope.create(java.nio.FloatBuffer.wrap(flat), new Shape(rows.size(), width), DataType.FLOAT32);
    }
}
