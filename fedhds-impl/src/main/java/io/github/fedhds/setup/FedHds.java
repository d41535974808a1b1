package io.github.fedhds.setup;

import com.google.common.base.Suppliers;
import io.github.fedhds.FedHdsClient;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.FedHdsServer;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.aggregation.Aggregator;
import io.github.fedhds.aggregators.FedAvg;
import io.github.fedhds.codec.MessageCodec;
import io.github.fedhds.coreset.SampleScorer;
import io.github.fedhds.evaluation.AnswerEvaluator;
import io.github.fedhds.feature.FeatureExtractor;
import io.github.fedhds.features.AnswerLossScorer;
import io.github.fedhds.features.CachedFusion;
import io.github.fedhds.features.FeatureCache;
import io.github.fedhds.features.HiddenStateExtractor;
import io.github.fedhds.fusion.Fusion;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.instruction.PromptTemplate;
import io.github.fedhds.lora.LoraConfig;
import io.github.fedhds.lora.LoraTrainer;
import io.github.fedhds.message.MessageLimits;
import io.github.fedhds.model.DecoderConfig;
import io.github.fedhds.model.Precision;
import io.github.fedhds.reduction.TsneFusion;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.selection.Selection;
import io.github.fedhds.tokenizer.SampleCuts;
import io.github.fedhds.training.LocalTrainer;
import io.github.fedhds.transformer.AdapterForm;
import io.github.fedhds.transformer.LanguageModel;
import io.github.fedhds.transformer.Pooling;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The paper's method on a language model: hands out clients and servers whose parts are set to its defaults, each of which
 * may be replaced on the builder that comes back. This is where an application begins.
 *
 * <pre>{@code
 * try (LanguageModel model = LanguageModel.load(folder)) {
 *     FedHds fedHds = FedHds.on(model).recommended(0.015).build();
 *     FedHdsClient client = fedHds.client(id).instructions(mine).build();
 *     FedHdsServer server = fedHds.server(ids, seed).build();
 * }
 * }</pre>
 *
 * <p>Clients and servers of one run may be in many processes, each with an object of its own. What their answers depend on is
 * in {@link #agreedSettings}, which openings carry and clients compare. A server needs no weights: {@link #withoutWeights}.
 *
 * <p>Immutable, safe for many threads; does not close the model.
 *
 * @see <a href="https://arxiv.org/abs/2410.10926">Qin, Wu, He, Deng: Federated Data-Efficient Instruction Tuning</a>
 */
public final class FedHds {
    private final DecoderConfig config;
    private final LoraConfig lora;
    private final Fusion fusion;
    private final Selection selection;
    private final Aggregator aggregator;
    private final Supplier<Map<String, String>> agreedSettings;
    private final @Nullable OnModel onModel;

    /** What needs the model's weights. */
    private record OnModel(
            LanguageModel model,
            LoraTrainer trainer,
            FeatureExtractor extractor,
            SampleScorer scorer,
            Optional<FeatureCache> featureCache) {}

    private FedHds(Builder builder) {
        config = builder.config;
        lora = builder.trainer.lora();
        aggregator = builder.aggregator;
        selection = builder.selection;
        boolean turbo = builder.featureModel != builder.model;
        Fusion ofGroups = builder.fusion.compose(builder.pooling::grouping);
        fusion = turbo ? new CachedFusion(ofGroups, TURBO_COORDINATES) : ofGroups;
        onModel = builder.model == null ? null : onModel(builder, builder.model, turbo);
        AgreedSettings settings = builder.agreed(fusion.dimensions());
        agreedSettings = Suppliers.memoize(settings::toMap);
    }

    private static OnModel onModel(Builder builder, LanguageModel model, boolean turbo) {
        LoraTrainer trainer = builder.trainer.build();
        Optional<FeatureCache> cache = builder.featureCache.or(
                () -> turbo ? Optional.of(FeatureCache.inMemory(TURBO_CACHE)) : Optional.empty());
        HiddenStateExtractor.Builder features = HiddenStateExtractor.builder(
                        builder.featureModel == null ? model : builder.featureModel)
                .adapter(turbo ? AdapterForm.none() : trainer.lora().form())
                .template(trainer.template())
                .maxTokens(trainer.maxTokens())
                .pooling(builder.pooling)
                .tokenBudget(TOKEN_BUDGET)
                .cuts(builder.cuts);
        cache.ifPresent(features::cache);
        AnswerLossScorer scorer = new AnswerLossScorer(
                model, trainer.lora().form(), trainer.template(), trainer.maxTokens(), TOKEN_BUDGET, builder.cuts);
        return new OnModel(model, trainer, features.build(), scorer, cache);
    }

    /** Tokens of a batch where nothing is trained: enough to keep the cores busy, little beside a model's weights. */
    private static final int TOKEN_BUDGET = 2048;

    /** Bytes of the cache that a feature model comes with: 6,000 rows of GPT-2's smallest model. */
    private static final long TURBO_CACHE = 256L << 20;

    /** Coordinates of points that a feature model comes with: 16 MiB, those of a million samples on two axes. */
    private static final long TURBO_COORDINATES = 2L << 20;

    /** Starts with the paper's settings on a loaded model, for clients, servers or both. */
    public static Builder on(LanguageModel model) {
        return new Builder(Objects.requireNonNull(model, "model"));
    }

    /**
     * Starts with the paper's settings for a server that has no weights: reads {@code config.json} of a model folder, which
     * is enough for the form of the first adapter. {@link #client} and all else that needs the model is an error then. Clients
     * compare digests of the weights and the tokenizer: give them with {@link Builder#modelDigest} and {@link
     * Builder#tokenizerDigest}.
     *
     * @throws FedHdsException if the file is missing or damaged, or asks for what this library does not compute
     */
    public static Builder withoutWeights(Path modelFolder) {
        return new Builder(DecoderConfig.read(Objects.requireNonNull(modelFolder, "modelFolder")));
    }

    /** A client with the paper's parts; its instructions are still to be set. */
    public FedHdsClient.Builder client(ClientId id) {
        OnModel parts = onModel();
        return FedHdsClient.builder(id)
                .featureExtractor(parts.extractor())
                .fusion(fusion)
                .selector(selection.client())
                .scorer(parts.scorer())
                .trainer(parts.trainer())
                .agreedSettings(agreedSettings());
    }

    /** A server with the paper's parts, whose first adapter is drawn from the seed that the server is built with. */
    public FedHdsServer.Builder server(List<ClientId> roster, long seed) {
        return FedHdsServer.builder()
                .roster(roster)
                .seed(seed)
                .selector(selection.server())
                .dimensions(fusion.dimensions())
                .frame(selection.frame())
                .aggregator(aggregator)
                .agreedSettings(agreedSettings())
                .initialAdapter(ofSeed -> LoraTrainer.firstAdapter(config, lora, ofSeed));
    }

    /**
     * What the answers of this run's clients depend on, by name: digests of model and tokenizer, precision, LoRA form, prompt
     * template, longest sample, pooling, number of coordinates, how clients train, version of this library. Servers send them
     * with every opening; a client that has others takes no part. The first call reads all weights, about a second a
     * gigabyte.
     */
    public Map<String, String> agreedSettings() {
        return agreedSettings.get();
    }

    /** A codec for the messages of this run, with room for its adapters, which writes them exactly. */
    public MessageCodec codec() {
        return MessageCodec.of(MessageLimits.forAdapter(LoraTrainer.firstAdapter(config, lora, 0)));
    }

    /**
     * An evaluator of the model's answers.
     *
     * @param answerTokens tokens of an answer at most, 1 or more; the paper has 128
     */
    public AnswerEvaluator evaluator(int answerTokens) {
        OnModel parts = onModel();
        LoraTrainer trainer = parts.trainer();
        return new AnswerEvaluator(parts.model(), trainer.template(), trainer.maxTokens(), answerTokens, TOKEN_BUDGET);
    }

    /** Evaluates an adapter of this configuration; an empty one stands for the base model. */
    public AnswerEvaluator.Result evaluate(AnswerEvaluator evaluator, List<Instruction> instructions, Adapter adapter) {
        return evaluator.evaluate(instructions, adapter.isEmpty() ? AdapterForm.none() : lora.form(), adapter);
    }

    /** Step 2, as the clients have it. */
    public FeatureExtractor extractor() {
        return onModel().extractor();
    }

    /** Where the features are kept, if they are; its statistics say how many rows were computed. */
    public Optional<FeatureCache> featureCache() {
        return onModel == null ? Optional.empty() : onModel.featureCache();
    }

    /** Step 9, as the clients have it. */
    public LocalTrainer trainer() {
        return onModel().trainer();
    }

    /** Rank, scale and layers of the adapters. */
    public LoraConfig lora() {
        return lora;
    }

    /** The model that is tuned. */
    public LanguageModel model() {
        return onModel().model();
    }

    private OnModel onModel() {
        if (onModel == null) {
            throw new IllegalStateException(
                    "this FedHds has no weights, it is for a server; load a model and start with FedHds.on(model)");
        }
        return onModel;
    }

    /** Collects the settings. Not safe for many threads. */
    public static final class Builder {
        private final DecoderConfig config;
        private final @Nullable LanguageModel model;
        private final LoraTrainer.Builder trainer;
        private @Nullable LanguageModel featureModel;
        private @Nullable String modelDigest;
        private @Nullable String tokenizerDigest;
        private Precision precision = Precision.FLOAT32;
        private Optional<FeatureCache> featureCache = Optional.empty();
        private Aggregator aggregator = FedAvg.bySamples();
        private Selection selection = Selection.paper();
        private Pooling pooling = Pooling.LAST_TOKEN;
        private Fusion fusion = TsneFusion.builder().build();
        private Consumer<SampleCuts> cuts = some -> {};

        private Builder(LanguageModel model) {
            this.config = model.config();
            this.model = model;
            this.featureModel = model;
            this.precision = model.precision();
            this.trainer = LoraTrainer.builder(model);
        }

        private Builder(DecoderConfig config) {
            this.config = config;
            this.model = null;
            this.trainer = LoraTrainer.withoutModel();
        }

        /**
         * For a server {@link FedHds#withoutWeights without weights}: {@link LanguageModel#digest} of the clients' model.
         * Without it the server does not say, and the clients, which do, take no part and name their digest.
         */
        public Builder modelDigest(String modelDigest) {
            this.modelDigest = Objects.requireNonNull(modelDigest, "modelDigest");
            requireNoModel("modelDigest");
            return this;
        }

        /** For a server without weights: {@link LanguageModel#tokenizerDigest} of the clients' model. */
        public Builder tokenizerDigest(String tokenizerDigest) {
            this.tokenizerDigest = Objects.requireNonNull(tokenizerDigest, "tokenizerDigest");
            requireNoModel("tokenizerDigest");
            return this;
        }

        /** For a server without weights: how the clients load theirs; float32 by default. */
        public Builder precision(Precision precision) {
            this.precision = Objects.requireNonNull(precision, "precision");
            requireNoModel("precision");
            return this;
        }

        private void requireNoModel(String setting) {
            if (model != null) {
                throw new IllegalStateException(
                        setting + " is for a server without weights; a loaded model tells its own");
            }
        }

        private AgreedSettings agreed(int coordinates) {
            return new AgreedSettings(
                    model,
                    featureModel == model ? null : featureModel,
                    modelDigest,
                    tokenizerDigest,
                    precision,
                    pooling,
                    coordinates,
                    fusion,
                    selection.client(),
                    trainer.settings());
        }

        /** Rank, alpha, dropout and layers; {@link LoraConfig#defaults} by default. */
        public Builder lora(LoraConfig lora) {
            trainer.lora(lora);
            return this;
        }

        /** How a prompt is written; the Alpaca form by default. */
        public Builder template(PromptTemplate template) {
            trainer.template(template);
            return this;
        }

        /** Longest sample in tokens; 1,024 by default, lowered to the model's context length. */
        public Builder maxTokens(int maxTokens) {
            trainer.maxTokens(maxTokens);
            return this;
        }

        /**
         * Is told once for each client some of whose samples are cut to {@link #maxTokens} for features or scores, which is
         * logged too; nobody by default. What training leaves out is in {@link
         * io.github.fedhds.message.AdapterUpdate#counts}.
         */
        public Builder cuts(Consumer<SampleCuts> cuts) {
            this.cuts = Objects.requireNonNull(cuts, "cuts");
            return this;
        }

        /** Learning rate of round 1; 3e-4 by default, the paper's on Natural Instructions. */
        public Builder learningRate(double learningRate) {
            trainer.learningRate(learningRate);
            return this;
        }

        /** Factor of the learning rate from round to round; 1 by default. */
        public Builder learningRateDecay(double learningRateDecay) {
            trainer.learningRateDecay(learningRateDecay);
            return this;
        }

        /** Passes over the chosen samples in a round; 1 by default. */
        public Builder epochs(int epochs) {
            trainer.epochs(epochs);
            return this;
        }

        /** Samples a training step; 1 by default. */
        public Builder batchSize(int batchSize) {
            trainer.batchSize(batchSize);
            return this;
        }

        /**
         * All that {@link LoraTrainer.Builder} can set: optimizer, schedule, steps, accumulation, clipping, proximal pull,
         * a listener. The setters above are short for those of the same name; what is set last counts, here or there. LoRA
         * form, template and longest sample count for the other steps too.
         */
        public Builder trainer(Consumer<LoraTrainer.Builder> settings) {
            Objects.requireNonNull(settings, "settings of the trainer").accept(trainer);
            return this;
        }

        /**
         * How a text's tokens become its features; the last token's state by default, as in the paper. With {@link
         * Pooling#PARTS} the fusion is given the {@link Pooling#grouping instructions' means} alone, a shared frame both.
         */
        public Builder pooling(Pooling pooling) {
            this.pooling = Objects.requireNonNull(pooling, "pooling");
            return this;
        }

        /** Step 3; t-SNE to two dimensions by default. Servers take as many coordinates as it gives. */
        public Builder fusion(Fusion fusion) {
            this.fusion = Objects.requireNonNull(fusion, "fusion");
            return this;
        }

        /**
         * The recommended choice, in one call: {@link Pooling#PARTS} and {@link Selection#recommended} together. Covers more
         * tasks with as few samples than chance or the paper's choice do.
         *
         * @param share of all instructions that the clients of a round hold, above 0 to 1; 0.015 is about the paper's
         */
        public Builder recommended(double share) {
            if (!(share > 0 && share <= 1)) {
                throw new IllegalArgumentException(
                        "the share of recommended must be above 0 and at most 1, was " + share);
            }
            return pooling(Pooling.PARTS).selection(Selection.recommended(share));
        }

        /**
         * How samples are chosen: selectors of clients and server, and the frame that they share; {@link Selection#paper}
         * by default. Each may be replaced on the builders of client and server too.
         */
        public Builder selection(Selection selection) {
            this.selection = Objects.requireNonNull(selection, "selection");
            return this;
        }

        /**
         * How the server makes the next adapter of the clients'; {@link FedAvg#bySamples} by default. May be replaced on
         * the server's builder too.
         */
        public Builder aggregator(Aggregator aggregator) {
            this.aggregator = Objects.requireNonNull(aggregator, "aggregator");
            return this;
        }

        /**
         * A small fixed model that gives the features instead of the tuned one: the paper's Turbo. No adapter changes it, so
         * its rows are kept, see {@link #featureCache}, and the points that fusion makes of them.
         */
        public Builder featureModel(LanguageModel featureModel) {
            this.featureModel = Objects.requireNonNull(featureModel, "featureModel");
            return this;
        }

        /**
         * Where rows of features are kept. By default, with a {@link #featureModel}: 256 MiB of memory, which hold
         * {@code 67,000,000 / ((layers + 1) * width)} rows; give a larger one where the clients hold more. Without a feature
         * model: none, for the adapter changes all rows in every round.
         */
        public Builder featureCache(FeatureCache featureCache) {
            this.featureCache = Optional.of(Objects.requireNonNull(featureCache, "featureCache"));
            return this;
        }

        /** The method with these settings. */
        public FedHds build() {
            return new FedHds(this);
        }
    }
}
