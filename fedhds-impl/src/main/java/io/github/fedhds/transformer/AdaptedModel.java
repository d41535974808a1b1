package io.github.fedhds.transformer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.instruction.PromptTemplate;
import io.github.fedhds.internal.TorchCall;
import io.github.fedhds.model.DecoderConfig;
import io.github.fedhds.tokenizer.EncodedSample;
import io.github.fedhds.tokenizer.SampleEncoder;
import io.github.fedhds.tokenizer.Tokenizer;
import io.github.fedhds.transformer.DecoderSource.Purpose;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;

/**
 * A model with or without an adapter, for computations other than training. Safe for many threads; owns no native
 * memory.
 */
public final class AdaptedModel {
    private final Decoder decoder;
    private final Tokenizer tokenizer;
    private final AdapterForm form;
    private final ByteBuffer flat; // direct: torch reads it without a copy

    AdaptedModel(Decoder decoder, Tokenizer tokenizer, AdapterForm form, float[] flat) {
        this.decoder = decoder;
        this.tokenizer = tokenizer;
        this.form = form;
        this.flat = Decoder.direct(flat.length);
        this.flat.asFloatBuffer().put(flat);
    }

    /** Configuration of the model. */
    public DecoderConfig config() {
        return decoder.config();
    }

    /** The model's tokenizer. */
    public Tokenizer tokenizer() {
        return tokenizer;
    }

    /**
     * Pooled hidden states of all layers: the embeddings, then each layer's output, the last after the final norm.
     *
     * @param rows token ids, each 1 to the context length
     * @param tokenBudget tokens per batch, including padding; each batch has at least one row
     * @return one row {@code [(layers + 1) * hiddenSize]} per row of ids, in their order
     */
    public float[][] features(List<int[]> rows, Pooling pooling, int tokenBudget) {
        return features(
                rows,
                pooling,
                tokenBudget,
                IntStream.rangeClosed(0, config().layers()).toArray());
    }

    /**
     * The same for selected states; layers above the highest of them are not computed.
     *
     * @param states indices from 0 (the embeddings) to the number of layers, ascending
     * @return one row {@code [states * hiddenSize]} per row of ids
     */
    public float[][] features(List<int[]> rows, Pooling pooling, int tokenBudget, int[] states) {
        return switch (pooling) {
            case LAST_TOKEN ->
                pooled(rows, Purpose.TOKENS, 1, (batch, places, scope) -> batch.lastPlaces(scope), tokenBudget, states);
            case MEAN -> meansFrom(0, rows, tokenBudget, states);
            case MEAN_WITHOUT_FIRST -> meansFrom(1, rows, tokenBudget, states);
            case POSITION_WEIGHTED_MEAN ->
                pooled(
                        rows,
                        Purpose.MEANS,
                        1,
                        (batch, places, scope) -> batch.positionWeights(scope),
                        tokenBudget,
                        states);
            case PARTS ->
                throw new IllegalArgumentException(
                        "bare token ids have no parts; give the spans of instruction and answer to means");
        };
    }

    /** Means over each row's tokens from this place on; of shorter rows, the last token. */
    private float[][] meansFrom(int first, List<int[]> rows, int tokenBudget, int[] states) {
        List<int[][]> spans = rows.stream()
                .map(row -> new int[][] {{Math.max(0, Math.min(first, row.length - 1)), row.length}})
                .toList();
        return means(rows, spans, tokenBudget, states);
    }

    /**
     * Hidden states averaged over spans of each row's tokens.
     *
     * @param rows token ids, each 1 to the context length
     * @param spans spans {@code {from, to}} of each row, one or more and the same number for each; an empty span gives
     *     zeros
     * @param tokenBudget tokens per batch, including padding; each batch has at least one row
     * @param states indices from 0 (the embeddings) to the number of layers, ascending
     * @return one row {@code [spans * states * hiddenSize]} per row of ids, span by span
     */
    public float[][] means(List<int[]> rows, List<int[][]> spans, int tokenBudget, int[] states) {
        if (spans.size() != rows.size()) {
            throw new IllegalArgumentException(
                    "each row needs its spans, was " + rows.size() + " rows, " + spans.size() + " of spans");
        }
        int parts = spans.isEmpty() ? 1 : spans.get(0).length;
        for (int i = 0; i < rows.size(); i++) {
            checkSpans(spans.get(i), parts, rows.get(i).length);
        }
        return pooled(
                rows,
                Purpose.MEANS,
                parts,
                (batch, places, scope) -> batch.means(
                        scope, Arrays.stream(places).mapToObj(spans::get).toList()),
                tokenBudget,
                states);
    }

    private static void checkSpans(int[][] spans, int parts, int length) {
        if (parts == 0 || spans.length != parts) {
            throw new IllegalArgumentException(
                    "all rows have as many spans, one or more; was " + parts + " and " + spans.length);
        }
        for (int[] span : spans) {
            if (span.length != 2 || span[0] < 0 || span[0] > span[1] || span[1] > length) {
                throw new IllegalArgumentException("a span lies in its row of " + length
                        + " tokens, 0 <= from <= to <= " + length + ", was " + Arrays.toString(span));
            }
        }
    }

    /** How the states of a batch are pooled. */
    @FunctionalInterface
    private interface Pool {
        NDArray of(TokenBatch batch, int[] places, NDManager scope);
    }

    private float[][] pooled(List<int[]> rows, Purpose purpose, int parts, Pool pool, int tokenBudget, int[] states) {
        checkStates(config(), states);
        int width = config().hiddenSize();
        int depth = states[states.length - 1];
        Decoder.Variant variant = decoder.variant(form, 0, depth);
        float[][] features = new float[rows.size()][];
        for (int[] places : batches(rows, tokenBudget)) {
            TokenBatch batch = batch(rows, places);
            try (TorchCall call = decoder.call()) {
                NDManager scope = call.scope();
                NDList inputs = inputs(scope, batch);
                inputs.add(pool.of(batch, places, scope));
                float[] values = run(purpose, variant, scope, inputs, new NDList())
                        .get(0)
                        .toFloatArray();
                for (int i = 0; i < places.length; i++) {
                    float[] row = new float[parts * states.length * width];
                    for (int part = 0; part < parts; part++) {
                        for (int state = 0; state < states.length; state++) {
                            int from = ((i * parts + part) * (depth + 1) + states[state]) * width;
                            System.arraycopy(values, from, row, (part * states.length + state) * width, width);
                        }
                    }
                    features[places[i]] = row;
                }
            }
        }
        return features;
    }

    /** Checks that the indices are a valid, ascending selection of a model's states. */
    public static void checkStates(DecoderConfig config, int[] states) {
        boolean ascending = states.length > 0 && states[0] >= 0 && states[states.length - 1] <= config.layers();
        for (int i = 1; i < states.length; i++) {
            ascending &= states[i - 1] < states[i];
        }
        if (!ascending) {
            throw new IllegalArgumentException("states are ascending numbers from 0 (the embeddings) to the model's "
                    + config.layers() + " layers, was " + Arrays.toString(states));
        }
    }

    /**
     * Mean negative log-likelihood of each row's tokens from its answer on, in nats per token.
     *
     * @param answerStarts index of the first answer token of each row; 1 or more
     * @return one loss per row; NaN if there is no answer token
     */
    public double[] losses(List<int[]> rows, int[] answerStarts, int tokenBudget) {
        if (answerStarts.length != rows.size()) {
            throw new IllegalArgumentException(
                    "there is one answer start a row, was " + answerStarts.length + " for " + rows.size() + " rows");
        }
        for (int start : answerStarts) {
            if (start < 1) {
                throw new IllegalArgumentException("an answer starts at place 1 or later, was " + start);
            }
        }
        double[] losses = new double[rows.size()];
        for (int[] places : batches(rows, tokenBudget)) {
            TokenBatch batch = batch(rows, places);
            try (TorchCall call = decoder.call()) {
                NDManager scope = call.scope();
                List<int[]> answers = IntStream.of(places)
                        .mapToObj(p -> IntStream.range(answerStarts[p], rows.get(p).length)
                                .toArray())
                        .toList();
                float[] values = new float[0];
                if (answers.stream().anyMatch(row -> row.length > 0)) {
                    NDList inputs = inputs(scope, batch);
                    inputs.addAll(batch.predictions(scope, answers));
                    values = run(Purpose.TOKEN_LOSSES, scope, inputs, new NDList())
                            .get(0)
                            .toFloatArray();
                }
                int at = 0;
                for (int i = 0; i < places.length; i++) {
                    double sum = 0;
                    int length = answers.get(i).length;
                    for (int t = 0; t < length; t++) {
                        sum += values[at++];
                    }
                    losses[places[i]] = sum / length;
                }
            }
        }
        return losses;
    }

    /**
     * All hidden states of one text and its logits: {@code layers + 1} arrays {@code [tokens, hiddenSize]}, then
     * {@code [tokens, vocabulary]}. Large; for inspection and tests.
     */
    public List<float[]> states(int[] ids) {
        TokenBatch batch = TokenBatch.of(List.of(ids), config(), decoder.precision());
        try (TorchCall call = decoder.call()) {
            NDManager scope = call.scope();
            List<float[]> states = new ArrayList<>();
            float[] values = everywhere(Purpose.TOKENS, scope, batch);
            int width = config().hiddenSize();
            int row = (config().layers() + 1) * width;
            for (int state = 0; state <= config().layers(); state++) {
                float[] one = new float[ids.length * width];
                for (int t = 0; t < ids.length; t++) {
                    System.arraycopy(values, t * row + state * width, one, t * width, width);
                }
                states.add(one);
            }
            float[] logits = everywhere(Purpose.LOGITS, scope, batch);
            states.add(Arrays.copyOf(logits, ids.length * config().vocabulary())); // without those of padding
            return states;
        }
    }

    private float[] everywhere(Purpose purpose, NDManager scope, TokenBatch batch) {
        NDList inputs = inputs(scope, batch);
        inputs.add(batch.allPlaces(scope));
        return run(purpose, scope, inputs, new NDList()).get(0).toFloatArray();
    }

    /**
     * Continues texts greedily: each token is the most likely one, the first among equals.
     *
     * @param prompts token ids, each 1 to the context length
     * @param maxNewTokens maximum number of new tokens, 0 or more; also ends at the model's context length
     * @return the new ids of each prompt, without the EOS id that ended it
     */
    public List<int[]> generate(List<int[]> prompts, int maxNewTokens, int tokenBudget) {
        return generate(prompts, maxNewTokens, tokenBudget, Sampling.greedy());
    }

    /**
     * Continues texts.
     *
     * @param prompts token ids, each 1 to the context length
     * @param maxNewTokens maximum number of new tokens, 0 or more; also ends at the model's context length
     * @param sampling how each token is chosen
     * @return the new ids of each prompt, without the EOS id that ended it
     * @throws io.github.fedhds.FedHdsException if a logit is NaN or infinity; the message names the row
     */
    public List<int[]> generate(List<int[]> prompts, int maxNewTokens, int tokenBudget, Sampling sampling) {
        return generate(prompts, maxNewTokens, tokenBudget, sampling, 1, done -> {});
    }

    /**
     * Continues texts, several batches at a time. The number of threads changes no result. If all prompts of a batch
     * begin with the same 16 tokens or more (a template's head, the system's text), these are read once per batch. As
     * with another {@code tokenBudget}, float32 sums are then formed in another order, which may decide between tokens
     * whose logits are equal up to rounding.
     *
     * @param parallel number of batches that run at a time, 1 or more; best with a model of one thread per operation
     * @param progress receives the number of finished texts after each batch; called by one thread at a time
     * @throws io.github.fedhds.FedHdsException as above, or if the calling thread is interrupted; no batch starts
     *     afterwards
     */
    public List<int[]> generate(
            List<int[]> prompts,
            int maxNewTokens,
            int tokenBudget,
            Sampling sampling,
            int parallel,
            IntConsumer progress) {
        if (maxNewTokens < 0) {
            throw new IllegalArgumentException("maxNewTokens must be 0 or more, was " + maxNewTokens);
        }
        if (parallel < 1) {
            throw new IllegalArgumentException("parallel must be 1 or more, was " + parallel);
        }
        List<int[]> batches = batches(prompts, tokenBudget);
        if (maxNewTokens == 0) {
            batches.forEach(places -> batch(prompts, places)); // refuses rows that the model cannot read
            return prompts.stream().map(prompt -> new int[0]).toList();
        }
        Generation generation = new Generation(this, prompts, batches, maxNewTokens, sampling, progress);
        return generation.run(Math.min(parallel, Math.max(1, batches.size())));
    }

    /**
     * Answers an instruction greedily, with {@link LanguageModel#promptTemplate}.
     *
     * @param maxNewTokens maximum number of tokens of the answer, 0 or more
     * @return the answer's text, without surrounding spaces
     * @see #answer(Instruction, PromptTemplate, int, Sampling)
     */
    public String answer(String instruction, int maxNewTokens) {
        return answer(
                new Instruction(instruction, "", ""), tokenizer.promptTemplate(), maxNewTokens, Sampling.greedy());
    }

    /**
     * Answers an instruction. If the prompt leaves no room for {@code maxNewTokens}, it is cut as in training: first
     * the input at its end, then the instruction.
     *
     * @param question its output is not used
     * @param template the template that the adapter was trained with
     * @param maxNewTokens maximum number of tokens of the answer, 0 or more
     * @param sampling how each token is chosen
     * @return the answer's text, without surrounding spaces
     * @throws IllegalArgumentException if the bare template leaves no room for {@code maxNewTokens}
     */
    public String answer(Instruction question, PromptTemplate template, int maxNewTokens, Sampling sampling) {
        EncodedSample prompt = new SampleEncoder(config(), tokenizer, template, config().contextLength())
                .forGeneration(question, maxNewTokens);
        return tokenizer
                .decode(generate(List.of(prompt.ids()), maxNewTokens, 1, sampling)
                        .get(0))
                .strip();
    }

    /**
     * Groups rows of similar length into batches, longest first, to reduce padding; each batch is a list of row
     * indices.
     */
    private static List<int[]> batches(List<int[]> rows, int tokenBudget) {
        if (tokenBudget < 1) {
            throw new IllegalArgumentException("tokenBudget must be 1 or more, was " + tokenBudget);
        }
        int[] order = IntStream.range(0, rows.size())
                .boxed()
                .sorted(Comparator.comparingInt((Integer i) -> -rows.get(i).length))
                .mapToInt(Integer::intValue)
                .toArray();
        List<int[]> batches = new ArrayList<>();
        int from = 0;
        while (from < order.length) {
            int width = Math.max(1, rows.get(order[from]).length);
            int to = Math.min(order.length, from + Math.max(1, tokenBudget / width));
            batches.add(Arrays.copyOfRange(order, from, to));
            from = to;
        }
        return batches;
    }

    TokenBatch batch(List<int[]> rows, int[] places) {
        return TokenBatch.of(IntStream.of(places).mapToObj(rows::get).toList(), config(), decoder.precision());
    }

    private NDList inputs(NDManager scope, TokenBatch batch) {
        NDList inputs = new NDList(batch.ids(scope));
        inputs.addAll(decoder.positions(scope, 0, batch.width()));
        return inputs;
    }

    Decoder decoder() {
        return decoder;
    }

    NDList run(Purpose purpose, NDManager scope, NDList inputs, NDList cache) {
        return run(purpose, decoder.variant(form, 0), scope, inputs, cache);
    }

    private NDList run(Purpose purpose, Decoder.Variant variant, NDManager scope, NDList inputs, NDList cache) {
        if (!form.isEmpty()) {
            inputs.add(scope.create(0L));
            ByteBuffer adapter = Decoder.view(flat, 0, flat.capacity());
            inputs.add(scope.create(adapter, new Shape(flat.capacity() / Float.BYTES), DataType.FLOAT32));
        }
        return decoder.run(purpose, variant, inputs, cache, false);
    }
}
