package io.github.fedhds.features;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.feature.FeatureExtractor;
import io.github.fedhds.feature.FeatureMatrix;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.instruction.PromptTemplate;
import io.github.fedhds.round.RoundContext;
import io.github.fedhds.tokenizer.PartedSample;
import io.github.fedhds.tokenizer.SampleCuts;
import io.github.fedhds.tokenizer.SampleEncoder;
import io.github.fedhds.transformer.AdaptedModel;
import io.github.fedhds.transformer.AdapterForm;
import io.github.fedhds.transformer.LanguageModel;
import io.github.fedhds.transformer.Pooling;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/**
 * Features of an instruction: the hidden states of all layers, of its prompt, answer and EOS id. Rows are
 * {@code [(layers + 1) * width]}, the last part after the final norm; or some of the states alone.
 *
 * <p>Cost: one pass through the model a distinct sample, in batches of alike length; memory {@code 4 columns} bytes a sample.
 * Equal samples have equal rows, and with {@link Pooling#PARTS} samples of one instruction have one mean of it, that of the
 * first. Beside that, a row's last bits depend on the batch that it lies in, about 1e-7 of its size, so they are equal for
 * equal lists of instructions; with a {@link Builder#cache cache} they depend on the row alone. Immutable, safe for many
 * threads.
 *
 * @see <a href="https://arxiv.org/abs/2410.10926">FedHDS, section 4.2</a>
 */
public final class HiddenStateExtractor implements FeatureExtractor {
    private static final float[] GIVEN = {};

    private final LanguageModel model;
    private final AdapterForm form;
    private final SampleEncoder encoder;
    private final Pooling pooling;
    private final int tokenBudget;
    private final int[] states;
    private final Optional<FeatureCache> cache;
    private final CutWatch cuts;

    private HiddenStateExtractor(Builder builder) {
        model = builder.model;
        form = builder.form;
        encoder = model.sampleEncoder(builder.template, builder.maxTokens);
        pooling = builder.pooling;
        tokenBudget = builder.tokenBudget;
        states = builder.states.orElseGet(
                () -> IntStream.rangeClosed(0, model.config().layers()).toArray());
        cache = builder.cache;
        cuts = new CutWatch(builder.cuts);
    }

    /** Starts an extractor on a loaded model. */
    public static Builder builder(LanguageModel model) {
        return new Builder(Objects.requireNonNull(model, "model"));
    }

    @Override
    public FeatureMatrix extract(List<Instruction> instructions, RoundContext round) {
        cuts.look("features", encoder, instructions, round);
        int blocks = pooling == Pooling.PARTS ? 2 * states.length : states.length;
        int width = model.config().hiddenSize();
        Distinct<PartedSample> rows =
                Distinct.of(instructions.stream().map(this::row).toList());
        AdaptedModel adapted = form.isEmpty() ? model.base() : model.with(form, round.globalAdapter());
        float[][] features = cache.isPresent()
                ? kept(cache.get(), adapted, rows.items(), round, blocks * width)
                : features(adapted, rows.items());
        if (pooling == Pooling.PARTS) {
            shareInstructions(rows.items(), features, blocks / 2 * width);
        }
        int[] places = rows.places();
        int[] uses = new int[features.length];
        for (int place : places) {
            uses[place]++;
        }
        return FeatureMatrix.of(places.length, blocks, width, i -> {
            float[] row = features[places[i]];
            if (--uses[places[i]] == 0) {
                features[places[i]] = GIVEN; // so that the rows are not held twice
            }
            return row;
        });
    }

    /**
     * Gives samples of one instruction the mean of the first of them: what follows an instruction does not show in its
     * states, but in their last bits.
     */
    private static void shareInstructions(List<PartedSample> rows, float[][] features, int length) {
        Distinct<PartedSample> instructions =
                Distinct.of(rows.stream().map(PartedSample::throughInstruction).toList());
        int[] first = new int[instructions.items().size()];
        for (int i = features.length - 1; i >= 0; i--) {
            first[instructions.places()[i]] = i;
        }
        for (int i = 0; i < features.length; i++) {
            System.arraycopy(features[first[instructions.places()[i]]], 0, features[i], 0, length);
        }
    }

    /** A row's tokens; its spans are told apart only where they are asked for. */
    private PartedSample row(Instruction instruction) {
        return pooling == Pooling.PARTS
                ? encoder.forParts(instruction)
                : new PartedSample(encoder.forFeatures(instruction).ids(), new int[0], new int[0]);
    }

    private float[][] features(AdaptedModel adapted, List<PartedSample> rows) {
        List<int[]> ids = rows.stream().map(PartedSample::ids).toList();
        return pooling == Pooling.PARTS
                ? adapted.means(ids, rows.stream().map(PartedSample::spans).toList(), tokenBudget, states)
                : adapted.features(ids, pooling, tokenBudget, states);
    }

    /** Each missing row goes through the model alone: which others are missing must not move its bits. */
    private float[][] kept(
            FeatureCache known, AdaptedModel adapted, List<PartedSample> rows, RoundContext round, int columns) {
        FeatureKeys keys = FeatureKeys.of(model, form, round.globalAdapter(), pooling, states);
        float[][] features = new float[rows.size()][];
        for (int i = 0; i < features.length; i++) {
            PartedSample sample = rows.get(i);
            float[] row = known.row(keys.of(sample), columns, () -> features(adapted, List.of(sample))[0]);
            if (row.length != columns) {
                throw new FedHdsException(
                        "the feature cache gave a row of " + row.length + " numbers, this model's have " + columns
                                + "; is " + known.getClass().getName() + " right?");
            }
            features[i] = row;
        }
        return features;
    }

    /** Collects the settings. Not safe for many threads. */
    public static final class Builder {
        private final LanguageModel model;
        private AdapterForm form = AdapterForm.none();
        private PromptTemplate template = PromptTemplate.alpaca();
        private Pooling pooling = Pooling.LAST_TOKEN;
        private int maxTokens = 1024;
        private int tokenBudget = 2048;
        private Optional<int[]> states = Optional.empty();
        private Optional<FeatureCache> cache = Optional.empty();
        private Consumer<SampleCuts> cuts = some -> {};

        private Builder(LanguageModel model) {
            this.model = model;
        }

        /** Form of the round's adapter; none by default: the base model's features, whatever the round's adapter is. */
        public Builder adapter(AdapterForm adapter) {
            this.form = Objects.requireNonNull(adapter, "adapter");
            return this;
        }

        /** How a prompt is written; the Alpaca form by default. */
        public Builder template(PromptTemplate template) {
            this.template = Objects.requireNonNull(template, "template");
            return this;
        }

        /** Last token by default. */
        public Builder pooling(Pooling pooling) {
            this.pooling = Objects.requireNonNull(pooling, "pooling");
            return this;
        }

        /**
         * Which hidden states a row is made of, ascending: 0 for the embeddings, i for what layer i gives; all by default.
         * Layers above the highest are not computed.
         */
        public Builder states(int... states) {
            AdaptedModel.checkStates(model.config(), Objects.requireNonNull(states, "states"));
            this.states = Optional.of(states.clone());
            return this;
        }

        /**
         * Is told once for each client some of whose samples are cut to {@link #maxTokens}, which is logged too; nobody by
         * default. Called on the client's thread.
         */
        public Builder cuts(Consumer<SampleCuts> cuts) {
            this.cuts = Objects.requireNonNull(cuts, "cuts");
            return this;
        }

        /** Longest sample in tokens, 2 or more; 1,024 by default, lowered to the model's context length. */
        public Builder maxTokens(int maxTokens) {
            if (maxTokens < 2) {
                throw new IllegalArgumentException("maxTokens must be 2 or more, was " + maxTokens);
            }
            this.maxTokens = maxTokens;
            return this;
        }

        /** Tokens of a batch, padding included, 1 or more; 2,048 by default. Without effect where there is a cache. */
        public Builder tokenBudget(int tokenBudget) {
            if (tokenBudget < 1) {
                throw new IllegalArgumentException("tokenBudget must be 1 or more, was " + tokenBudget);
            }
            this.tokenBudget = tokenBudget;
            return this;
        }

        /**
         * Takes rows from here and computes only those that are missing; none by default.
         *
         * <p>A row's key is SHA-256 over its token ids (so tokenizer, template and length count by what comes of them), the
         * model's weights and configuration, the adapter and its form, the pooling, CPU or GPU, the threads inside an
         * operation, and PyTorch's version. Not in it: the kind of processor. A folder that was filled on another machine
         * may give other last bits than this one would compute.
         *
         * <p>Missing rows are computed one at a time, never in a batch. So a row has the same bits whether it was found or
         * computed, whatever was forgotten and however many clients run at a time; against extraction without a cache they
         * differ as from batch to batch. On a CPU that costs little, for a row has many tokens (10 and 20 % more time with
         * models of 0.26 and 2.9 million parameters on one thread); on a GPU, not measured, batches may be faster by far.
         */
        public Builder cache(FeatureCache cache) {
            this.cache = Optional.of(Objects.requireNonNull(cache, "cache"));
            return this;
        }

        /** The extractor. */
        public HiddenStateExtractor build() {
            return new HiddenStateExtractor(this);
        }
    }
}
