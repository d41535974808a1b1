package io.github.fedhds.transformer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.fedhds.internal.TorchCall;
import io.github.fedhds.transformer.DecoderSource.Purpose;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Decoding of one batch with a key-value cache. A prefix that all prompts share is read once. Prompts are padded at the right; the keys of new tokens come after the
 * padding, which a mask hides, and positions are counted per row. When at least half of the rows have ended, they are
 * removed from batch and cache.
 */
final class Decoding {
    /** Tokens of a common prefix from which on it is read once for all rows. */
    private static final int SHORTEST_PREFIX = 16;

    private final AdaptedModel model;
    private final TokenBatch batch;
    private final int maxNewTokens;
    private final TokenChoice choice;
    private final Set<Integer> eosIds;
    private final List<Row> rows = new ArrayList<>();

    /** A text that is being generated. */
    private static final class Row {
        private final int place;
        private final int length;
        private final List<Integer> answer = new ArrayList<>();
        private boolean done;

        /**
         * @param place index among all texts of the call
         * @param length length of the prompt
         */
        Row(int place, int length) {
            this.place = place;
            this.length = length;
        }
    }

    /**
     * @param places indices of the batch's rows among all texts of the call
     * @param maxNewTokens 1 or more
     */
    Decoding(AdaptedModel model, TokenBatch batch, int[] places, int maxNewTokens, TokenChoice choice) {
        this.model = model;
        this.batch = batch;
        this.maxNewTokens = maxNewTokens;
        this.choice = choice;
        this.eosIds = Set.copyOf(model.config().eosIds());
        for (int r = 0; r < places.length; r++) {
            rows.add(new Row(places[r], batch.length(r)));
        }
    }

    /** The new ids of each row. */
    List<int[]> run() {
        try (TorchCall call = model.decoder().call()) {
            run(call.scope());
        }
        return rows.stream()
                .map(row -> row.answer.stream().mapToInt(Integer::intValue).toArray())
                .toList();
    }

    private void run(NDManager all) {
        List<Row> live = rows;
        NDManager scope = all.newSubManager();
        try {
            NDList made = prefill(scope);
            for (int step = 0; ; step++) {
                TorchCall.checkRunning();
                extend(live, chosen(live, made), step);
                int[] open = open(live);
                if (open.length == 0) {
                    break;
                }
                NDManager last = scope;
                scope = all.newSubManager();
                try {
                    if (2 * open.length <= live.size()) {
                        live = IntStream.of(open).mapToObj(live::get).toList();
                        made = rows(scope, made, open);
                    } else {
                        made.attach(scope);
                    }
                } finally {
                    last.close();
                }
                made = model.run(Purpose.DECODE, scope, inputs(scope, live, step), made);
            }
        } finally {
            scope.close();
        }
    }

    /** Reads the prompts; a prefix that all of them share is read once. */
    private NDList prefill(NDManager scope) {
        int shared = batch.size() == 1 ? 0 : batch.sharedPrefix();
        if (shared < SHORTEST_PREFIX) {
            return read(Purpose.PREFILL, scope, batch, 0, new NDList());
        }
        NDList prefix = read(Purpose.PREFILL, scope, batch.firstTokens(shared), 0, new NDList());
        NDList cache = new NDList(prefix.subList(0, prefix.size() - 3));
        return read(Purpose.EXTEND, scope, batch.withoutFirst(shared), shared, cache);
    }

    private NDList read(Purpose purpose, NDManager scope, TokenBatch part, int from, NDList cache) {
        NDList inputs = new NDList(part.ids(scope));
        inputs.addAll(model.decoder().positions(scope, from, part.width()));
        inputs.add(part.lastPlaces(scope));
        return model.run(purpose, scope, inputs, cache);
    }

    private void extend(List<Row> live, int[] chosen, int step) {
        for (int r = 0; r < live.size(); r++) {
            Row row = live.get(r);
            if (row.done) {
                continue;
            }
            int next = chosen[r];
            if (eosIds.contains(next)) {
                row.done = true;
            } else {
                row.answer.add(next);
                // The new token is read at position length + step; the last position can only be read.
                row.done = step + 1 >= maxNewTokens
                        || row.length + step >= model.config().contextLength();
            }
        }
    }

    /**
     * The next token of each row that has not ended. Takes the logits and what belongs to them off the list. The
     * likeliest tokens are known without the logits, which stay on the model's device unless one of them is not finite.
     */
    private int[] chosen(List<Row> live, NDList made) {
        long[] likeliest = made.remove(made.size() - 1).toLongArray();
        float[] greatest = made.remove(made.size() - 1).toFloatArray();
        NDArray logits = made.remove(made.size() - 1);
        boolean finite = IntStream.range(0, greatest.length).allMatch(r -> Float.isFinite(greatest[r]));
        if (finite && choice.isGreedy()) {
            return Arrays.stream(likeliest).mapToInt(Math::toIntExact).toArray();
        }
        FloatBuffer values = Decoder.floats(logits);
        float[] ofRow = new float[values.remaining() / live.size()];
        int[] chosen = new int[live.size()];
        for (int r = 0; r < chosen.length; r++) {
            if (!live.get(r).done) {
                values.get(r * ofRow.length, ofRow);
                chosen[r] = choice.next(live.get(r).place, ofRow);
            }
        }
        return chosen;
    }

    private static int[] open(List<Row> live) {
        return IntStream.range(0, live.size()).filter(r -> !live.get(r).done).toArray();
    }

    private static NDList rows(NDManager scope, NDList cache, int[] kept) {
        NDArray index = scope.create(Arrays.stream(kept).asLongStream().toArray());
        NDList fewer = new NDList();
        cache.forEach(array -> fewer.add(array.get(scope, new NDIndex("{}", index))));
        return fewer;
    }

    private NDList inputs(NDManager scope, List<Row> live, int step) {
        int rows = live.size();
        int width = batch.width() + step + 1;
        long[] ids = new long[rows];
        int[] positions = new int[rows];
        ByteBuffer seen = ByteBuffer.allocateDirect(rows * width);
        for (int r = 0; r < rows; r++) {
            Row row = live.get(r);
            // An ended row that is still in the batch reads any token; its output is ignored.
            ids[r] = row.done ? 0 : row.answer.get(step);
            positions[r] = Math.min(row.length + step, model.config().contextLength() - 1);
            for (int t = 0; t < width; t++) {
                seen.put((byte) (sees(row.length, step, t) ? 1 : 0));
            }
        }
        seen.rewind();
        NDList inputs = new NDList(scope.create(LongBuffer.wrap(ids), new Shape(rows, 1), DataType.INT64));
        inputs.addAll(model.decoder().positions(scope, positions));
        inputs.add(scope.create(seen, new Shape(rows, 1, 1, width), DataType.BOOLEAN));
        return inputs;
    }

    /**
     * Whether the token that a step reads, at position {@code length + step}, attends to the key at an index: the
     * prompt's keys come first, then its padding, then those of the steps.
     */
    private boolean sees(int length, int step, int place) {
        boolean made = place >= batch.width();
        int back = made ? step - (place - batch.width()) : length + step - place;
        int window = model.config().attention().window();
        return (made || place < length) && (window == 0 || back < window);
    }
}
