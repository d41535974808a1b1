package io.github.fedhds.transformer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.fedhds.transformer.DecoderSource.Purpose;
import java.nio.ByteBuffer;
import java.nio.LongBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Greedy decoding of one batch with a key-value cache. Prompts are padded at the right; a new token's keys stand after
 * the padding, which a mask hides, and its position is the row's own.
 */
final class GreedyDecoding {
    private final AdaptedModel model;
    private final TokenBatch batch;
    private final int maxNewTokens;
    private final Set<Integer> ends;

    GreedyDecoding(AdaptedModel model, TokenBatch batch, int maxNewTokens) {
        this.model = model;
        this.batch = batch;
        this.maxNewTokens = maxNewTokens;
        this.ends = Set.copyOf(model.config().endIds());
    }

    List<int[]> run() {
        int rows = batch.size();
        int positions = model.config().positions();
        List<List<Integer>> answers = new ArrayList<>();
        boolean[] done = new boolean[rows];
        for (int r = 0; r < rows; r++) {
            answers.add(new ArrayList<>());
        }
        NDManager scope = model.decoder().scope();
        try {
            NDList inputs = new NDList(batch.ids(scope));
            inputs.addAll(model.decoder().positions(scope, batch.width()));
            inputs.add(batch.lastPlaces(scope));
            NDList made = model.run(Purpose.PREFILL, scope, inputs, new NDList());
            for (int step = 0; ; step++) {
                int[] next = argmax(made.remove(made.size() - 1), rows);
                boolean open = false;
                for (int r = 0; r < rows; r++) {
                    done[r] |= ends.contains(next[r]) || step >= maxNewTokens;
                    if (!done[r]) {
                        answers.get(r).add(next[r]);
                        // The token just made is read at position length + step; the last position can only be read.
                        done[r] = step + 1 >= maxNewTokens || batch.length(r) + step >= positions;
                    }
                    open |= !done[r];
                }
                if (!open) {
                    break;
                }
                NDManager nextScope = model.decoder().scope();
                try {
                    made.forEach(array -> array.attach(nextScope));
                    made = model.run(Purpose.DECODE, nextScope, step(nextScope, next, step), made);
                } finally {
                    scope.close();
                    scope = nextScope;
                }
            }
        } finally {
            scope.close();
        }
        return answers.stream()
                .map(a -> a.stream().mapToInt(Integer::intValue).toArray())
                .toList();
    }

    private NDList step(NDManager scope, int[] next, int step) {
        int rows = next.length;
        int width = batch.width() + step + 1;
        long[] ids = new long[rows];
        int[] places = new int[rows];
        ByteBuffer seen = ByteBuffer.allocateDirect(rows * width);
        for (int r = 0; r < rows; r++) {
            ids[r] = next[r];
            // A finished row goes on in its place until the batch ends; what it makes is not kept.
            places[r] = Math.min(batch.length(r) + step, model.config().positions() - 1);
            for (int t = 0; t < width; t++) {
                seen.put((byte) (sees(batch.length(r), step, t) ? 1 : 0));
            }
        }
        seen.rewind();
        NDList inputs = new NDList(scope.create(LongBuffer.wrap(ids), new Shape(rows, 1), DataType.INT64));
        inputs.addAll(model.decoder().positions(scope, places));
        inputs.add(scope.create(seen, new Shape(rows, 1, 1, width), DataType.BOOLEAN));
        return inputs;
    }

    /**
     * Whether the token that a step reads, at position {@code length + step}, sees the key at a place: the prompt's keys
     * come first, then its padding, then those of the steps.
     */
    private boolean sees(int length, int step, int place) {
        boolean made = place >= batch.width();
        int back = made ? step - (place - batch.width()) : length + step - place;
        int window = model.config().attention().window();
        return (made || place < length) && (window == 0 || back < window);
    }

    private static int[] argmax(NDArray logits, int rows) {
        float[] values = logits.toFloatArray();
        int vocabulary = values.length / rows;
        int[] best = new int[rows];
        for (int r = 0; r < rows; r++) {
            int at = r * vocabulary;
            for (int i = at + 1; i < (r + 1) * vocabulary; i++) {
                if (values[i] > values[at]) {
                    at = i;
                }
            }
            best[r] = at - r * vocabulary;
        }
        return best;
    }
}
