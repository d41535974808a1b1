package io.github.fedhds.features;

import com.google.common.cache.Cache;
import com.google.common.cache.CacheBuilder;
import com.google.common.primitives.Ints;
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
import org.jspecify.annotations.Nullable;

/**
 * Features of an instruction: the hidden states of all layers, over its prompt, answer and EOS id. Rows are
 * {@code [(layers + 1) * hiddenSize]}, the last part after the final norm; or only some of the states. Each layer's
 * part may be {@link LayerScaling scaled}.
 *
 * <p>Cost: one pass through the model per distinct sample, in batches of similar length; memory {@code 4 * columns}
 * bytes per sample. Equal samples have equal rows. With {@link Pooling#PARTS}, samples with the same instruction share
 * its mean, taken from the first of them. Otherwise the last bits of a row, about 1e-7 of its size, depend on its
 * batch, so equal lists of instructions give equal rows; with a {@link Builder#cache cache} they depend only on the
 * row. Immutable, safe for many threads.
 *
 * @see <a href="https://arxiv.org/abs/2410.10926">FedHDS, section 4.2</a>
 */
public final class HiddenStateExtractor implements FeatureExtractor {
    private static final float[] GIVEN = {};

    /** Maximum bytes of remembered tokens. */
    private static final long ENCODED_BYTES = 64L << 20;

    private final LanguageModel model;
    private final AdapterForm form;
    private final SampleEncoder encoder;
    private final Pooling pooling;
    private final LayerScaling layerScaling;
    private final int tokenBudget;
    private final int[] states;
    private final Optional<FeatureCache> cache;
    private final Optional<Cache<Instruction, PartedSample>> encoded;
    private final CutWatch cuts;

    private HiddenStateExtractor(Builder builder) {
        model = builder.model;
        form = builder.form;
        encoder = model.sampleEncoder(
                builder.template == null ? model.promptTemplate() : builder.template, builder.maxTokens);
        pooling = builder.pooling;
        layerScaling = builder.layerScaling;
        tokenBudget = builder.tokenBudget;
        states = builder.states.orElseGet(
                () -> IntStream.rangeClosed(0, model.config().layers()).toArray());
        cache = builder.cache;
        encoded = cache.isPresent() && form.isEmpty() ? Optional.of(encodedSamples()) : Optional.empty();
        cuts = new CutWatch(builder.cuts);
    }

    private HiddenStateExtractor(HiddenStateExtractor other, LanguageModel copy) {
        model = copy;
        form = other.form;
        encoder = other.encoder;
        pooling = other.pooling;
        layerScaling = other.layerScaling;
        tokenBudget = other.tokenBudget;
        states = other.states;
        cache = other.cache;
        encoded = other.encoded;
        cuts = other.cuts;
    }

    /** Where rows come from a cache, the tokens that their keys need are most of the time. */
    private static Cache<Instruction, PartedSample> encodedSamples() {
        return CacheBuilder.newBuilder()
                .concurrencyLevel(1) // one limit over all segments
                .maximumWeight(ENCODED_BYTES)
                .weigher((Instruction text, PartedSample sample) -> bytes(text, sample))
                .build();
    }

    /** About the bytes of an entry, at two bytes a character. */
    private static int bytes(Instruction text, PartedSample sample) {
        long characters =
                text.history().stream().mapToLong(turn -> turn.text().length()).sum()
                        + text.instruction().length()
                        + text.input().length()
                        + text.output().length();
        return Ints.saturatedCast(300 + 2 * characters + 4L * sample.ids().length);
    }

    /** Starts a builder for a loaded model. */
    public static Builder builder(LanguageModel model) {
        return new Builder(Objects.requireNonNull(model, "model"));
    }

    /**
     * The same on another loaded copy of the model, usually on another device, with equal results. Its tokenizer stays the
     * one of this object's model, so keep both open.
     */
    public HiddenStateExtractor on(LanguageModel copy) {
        return new HiddenStateExtractor(this, Objects.requireNonNull(copy, "copy"));
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
        for (float[] row : features) {
            layerScaling.scale(row, width);
        }
        int[] places = rows.places();
        int[] uses = new int[features.length];
        for (int place : places) {
            uses[place]++;
        }
        return FeatureMatrix.of(places.length, blocks, width, i -> {
            float[] row = features[places[i]];
            if (--uses[places[i]] == 0) {
                features[places[i]] = GIVEN; // releases the row; the matrix has a copy
            }
            return row;
        });
    }

    /**
     * Gives all samples with the same instruction the mean of the first: the tokens after an instruction change only
     * the last bits of its states.
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

    /** A row's tokens. */
    private PartedSample row(Instruction instruction) {
        PartedSample known = encoded.map(all -> all.getIfPresent(instruction)).orElse(null);
        if (known != null) {
            return known;
        }
        PartedSample sample = encode(instruction);
        encoded.ifPresent(all -> all.put(instruction, sample));
        return sample;
    }

    /** The spans of the parts are computed only if needed. */
    private PartedSample encode(Instruction instruction) {
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

    /** Each missing row goes through the model alone, so that its bits do not depend on which others are missing. */
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
        private @Nullable PromptTemplate template;
        private Pooling pooling = Pooling.LAST_TOKEN;
        private LayerScaling layerScaling = LayerScaling.NONE;
        private int maxTokens = 1024;
        private int tokenBudget = 2048;
        private Optional<int[]> states = Optional.empty();
        private Optional<FeatureCache> cache = Optional.empty();
        private Consumer<SampleCuts> cuts = some -> {};

        private Builder(LanguageModel model) {
            this.model = model;
        }

        /**
         * Form of the round's adapter; none by default, which gives the base model's features regardless of the
         * adapter.
         */
        public Builder adapter(AdapterForm adapter) {
            this.form = Objects.requireNonNull(adapter, "adapter");
            return this;
        }

        /** The prompt template; {@link LanguageModel#promptTemplate the model's own} by default. */
        public Builder template(PromptTemplate template) {
            this.template = Objects.requireNonNull(template, "template");
            return this;
        }

        /** Pooling over the tokens; the last token by default. */
        public Builder pooling(Pooling pooling) {
            this.pooling = Objects.requireNonNull(pooling, "pooling");
            return this;
        }

        /** Scaling of each layer's part of a row; none by default. */
        public Builder layerScaling(LayerScaling layerScaling) {
            this.layerScaling = Objects.requireNonNull(layerScaling, "layerScaling");
            return this;
        }

        /**
         * The hidden states in a row, ascending: 0 for the embeddings, i for the output of layer i; all by default.
         * Layers above the highest are not computed.
         */
        public Builder states(int... states) {
            AdaptedModel.checkStates(model.config(), Objects.requireNonNull(states, "states"));
            this.states = Optional.of(states.clone());
            return this;
        }

        /**
         * Called once for each client with samples that are cut to {@link #maxTokens}, which is also logged; nothing is
         * called by default. Called on the client's thread.
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

        /** Tokens per batch, including padding, 1 or more; 2,048 by default. Has no effect with a cache. */
        public Builder tokenBudget(int tokenBudget) {
            if (tokenBudget < 1) {
                throw new IllegalArgumentException("tokenBudget must be 1 or more, was " + tokenBudget);
            }
            this.tokenBudget = tokenBudget;
            return this;
        }

        /**
         * Takes rows from this cache and computes only the missing ones; none by default.
         *
         * <p>A row's key is the SHA-256 over its token ids (which depend on tokenizer, template and length), the
         * model's weights and configuration, the adapter and its form, the pooling, CPU or GPU, the threads of an
         * operation, and PyTorch's version. The cache holds rows before {@link #layerScaling}, which is applied to cached
         * and computed rows alike, so extractors with different scalings share them. The kind of processor is not part of it: a folder filled on another machine
         * may have other last bits than this machine would compute.
         *
         * <p>Missing rows are computed one at a time, never in a batch. So a row has the same bits whether it was
         * cached or computed, and whatever the number of parallel clients. Without a cache the last bits differ, as
         * between batches. On a CPU this costs little, because a row has many tokens: 10 and 20 % more time with models
         * of 0.26 and 2.9 million parameters on one thread. On a GPU, not measured, batches may be much faster.
         */
        public Builder cache(FeatureCache cache) {
            this.cache = Optional.of(Objects.requireNonNull(cache, "cache"));
            return this;
        }

        /** Creates the extractor. */
        public HiddenStateExtractor build() {
            return new HiddenStateExtractor(this);
        }
    }
}
