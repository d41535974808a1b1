package io.github.fedhds.transformer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.fedhds.model.DecoderConfig;
import io.github.fedhds.model.Precision;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.util.Arrays;
import java.util.List;

/**
 * Rows of token ids, padded at the right to one width. With causal attention a row's tokens never see the padding, so no
 * mask is needed.
 */
final class TokenBatch {
    /**
     * In bfloat16 a width is a multiple of this: PyTorch compiles code for each shape of a product and keeps it, which
     * takes gigabytes if many widths occur.
     */
    private static final int BFLOAT16_MULTIPLE = 16;

    private final List<int[]> rows;
    private final int multiple;
    private final int widest;
    private final int width;

    /** Checks the rows. */
    static TokenBatch of(List<int[]> rows, DecoderConfig config, Precision precision) {
        for (int[] row : rows) {
            if (row.length == 0) {
                throw new IllegalArgumentException("a row of token ids must not be empty");
            }
            if (row.length > config.contextLength()) {
                throw new IllegalArgumentException("a row has " + row.length
                        + " tokens, this model's context length is " + config.contextLength() + "; truncate it first");
            }
            for (int id : row) {
                if (id < 0 || id >= config.vocabulary()) {
                    throw new IllegalArgumentException("token id " + id + " is not in the model's vocabulary of "
                            + config.vocabulary() + "; is tokenizer.json of another model?");
                }
            }
        }
        return new TokenBatch(rows, precision == Precision.BFLOAT16 ? BFLOAT16_MULTIPLE : 1, config.contextLength());
    }

    private TokenBatch(List<int[]> rows, int multiple, int widest) {
        this.rows = rows;
        this.multiple = multiple;
        this.widest = widest;
        int longest = rows.stream().mapToInt(row -> row.length).max().orElse(0);
        this.width = Math.min(widest, (longest + multiple - 1) / multiple * multiple);
    }

    /** Number of tokens that all rows begin with; each row has at least one token more. */
    int sharedPrefix() {
        int[] first = rows.get(0);
        int shared = first.length - 1;
        for (int[] row : rows) {
            int differs = Arrays.mismatch(first, 0, shared, row, 0, Math.min(shared, row.length - 1));
            shared = differs < 0 ? shared : differs;
        }
        return shared;
    }

    /** The first tokens of the first row, as a batch of one row. */
    TokenBatch firstTokens(int count) {
        return new TokenBatch(List.of(Arrays.copyOf(rows.get(0), count)), multiple, count);
    }

    /** The rows without their first tokens, which are fewer than those of each row. */
    TokenBatch withoutFirst(int count) {
        return new TokenBatch(
                rows.stream()
                        .map(row -> Arrays.copyOfRange(row, count, row.length))
                        .toList(),
                multiple,
                widest - count);
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
        long[] flat = new long[rows.size() * width];
        for (int r = 0; r < rows.size(); r++) {
            int[] row = rows.get(r);
            for (int t = 0; t < row.length; t++) {
                flat[r * width + t] = row[t];
            }
        }
        return scope.create(LongBuffer.wrap(flat), new Shape(rows.size(), width), DataType.INT64);
    }

    /** Indices of the rows' last tokens among the {@code B T} tokens. */
    NDArray lastPlaces(NDManager scope) {
        long[] places = new long[rows.size()];
        for (int r = 0; r < places.length; r++) {
            places[r] = (long) r * width + length(r) - 1;
        }
        return vector(scope, places);
    }

    /** All indices, including padding. */
    NDArray allPlaces(NDManager scope) {
        return scope.arange(0, rows.size() * width, 1, DataType.INT64);
    }

    /**
     * Indices of the tokens before the given places of each row, which predict them, and the tokens at the places, row by
     * row.
     */
    NDList predictions(NDManager scope, List<int[]> placesOfRows) {
        int count = placesOfRows.stream().mapToInt(row -> row.length).sum();
        long[] places = new long[count];
        long[] targets = new long[count];
        int at = 0;
        for (int r = 0; r < rows.size(); r++) {
            for (int t : placesOfRows.get(r)) {
                places[at] = (long) r * width + t - 1;
                targets[at++] = rows.get(r)[t];
            }
        }
        return new NDList(vector(scope, places), vector(scope, targets));
    }

    private static NDArray vector(NDManager scope, long[] values) {
        return scope.create(LongBuffer.wrap(values), new Shape(values.length), DataType.INT64);
    }

    /** Weights {@code [B, spans, T]} of the mean over each row's spans; all rows have the same number of spans. */
    NDArray means(NDManager scope, List<int[][]> spans) {
        int parts = spans.get(0).length;
        float[] flat = new float[rows.size() * parts * width];
        for (int r = 0; r < rows.size(); r++) {
            for (int part = 0; part < parts; part++) {
                int[] span = spans.get(r)[part];
                int start = (r * parts + part) * width;
                Arrays.fill(flat, start + span[0], start + span[1], 1f / (span[1] - span[0]));
            }
        }
        return scope.create(FloatBuffer.wrap(flat), new Shape(rows.size(), parts, width), DataType.FLOAT32);
    }

    /** Weights {@code [B, 1, T]} of the mean over each row's tokens with weights 1, 2, 3 and so on. */
    NDArray positionWeights(NDManager scope) {
        float[] flat = new float[rows.size() * width];
        for (int r = 0; r < rows.size(); r++) {
            int n = length(r);
            for (int t = 0; t < n; t++) {
                flat[r * width + t] = (float) (2.0 * (t + 1) / (n * (n + 1.0)));
            }
        }
        return scope.create(FloatBuffer.wrap(flat), new Shape(rows.size(), 1, width), DataType.FLOAT32);
    }
}
