package io.github.fedhds.federation;

import io.github.fedhds.ClientId;
import io.github.fedhds.FedHdsClient;
import io.github.fedhds.FedHdsServer;
import io.github.fedhds.aggregation.Aggregator;
import io.github.fedhds.caching.CachedFusion;
import io.github.fedhds.caching.FeatureCache;
import io.github.fedhds.evaluation.AnswerEvaluator;
import io.github.fedhds.feature.FeatureExtractor;
import io.github.fedhds.fusion.Fusion;
import io.github.fedhds.instruction.PromptTemplate;
import io.github.fedhds.lora.LoraConfig;
import io.github.fedhds.lora.LoraTrainer;
import io.github.fedhds.reduction.TsneFusion;
import io.github.fedhds.rule.FedAvg;
import io.github.fedhds.selection.Selection;
import io.github.fedhds.training.Adapter;
import io.github.fedhds.training.LocalTrainer;
import io.github.fedhds.transformer.AdapterForm;
import io.github.fedhds.transformer.AnswerLossScorer;
import io.github.fedhds.transformer.HiddenStateExtractor;
import io.github.fedhds.transformer.LanguageModel;
import io.github.fedhds.transformer.Pooling;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The paper's method on a loaded model: hands out clients and servers whose parts are set to its defaults, each of which
 * may be replaced on the builder that comes back. Immutable, safe for many threads; does not close the model.
 *
 * @see <a href="https://arxiv.org/abs/2410.10926">Qin, Wu, He, Deng: Federated Data-Efficient Instruction Tuning</a>
 */
public final class FedHds {
    private final LanguageModel model;
    private final LoraConfig lora;
    private final AdapterForm form;
    private final PromptTemplate template;
    private final int maxTokens;
    private final Optional<FeatureCache> featureCache;
    private final FeatureExtractor extractor;
    private final Fusion fusion;
    private final LoraTrainer trainer;
    private final Selection selection;
    private final Aggregator aggregator;
    private final Pooling pooling;
    private final LanguageModel featureModel;

    private FedHds(Builder builder) {
        model = builder.model;
        trainer = builder.trainer.build();
        lora = trainer.lora();
        form = lora.form();
        template = trainer.template();
        maxTokens = trainer.maxTokens();
        aggregator = builder.aggregator;
        selection = builder.selection;
        pooling = builder.pooling;
        featureModel = builder.featureModel;
        boolean turbo = builder.featureModel != builder.model;
        Fusion ofGroups = builder.fusion.compose(builder.pooling::grouping);
        fusion = turbo ? new CachedFusion(ofGroups, TURBO_COORDINATES) : ofGroups;
        featureCache = builder.featureCache.or(
                () -> turbo ? Optional.of(FeatureCache.inMemory(TURBO_CACHE)) : Optional.empty());
        HiddenStateExtractor.Builder features = HiddenStateExtractor.builder(builder.featureModel)
                .adapter(turbo ? AdapterForm.none() : form)
                .template(template)
                .maxTokens(maxTokens)
                .pooling(builder.pooling)
                .tokenBudget(TOKEN_BUDGET);
        featureCache.ifPresent(features::cache);
        extractor = features.build();
    }

    /** Tokens of a batch where nothing is trained: enough to keep the cores busy, little beside a model's weights. */
    private static final int TOKEN_BUDGET = 2048;

    /** Bytes of the cache that a feature model comes with: 6,000 rows of GPT-2's smallest model. */
    private static final long TURBO_CACHE = 256L << 20;

    /** Coordinates of points that a feature model comes with: 16 MiB, those of a million samples on two axes. */
    private static final long TURBO_COORDINATES = 2L << 20;

    /** Starts with the paper's settings. */
    public static Builder on(LanguageModel model) {
        return new Builder(Objects.requireNonNull(model, "model"));
    }

    /** A client with the paper's parts; its instructions are still to be set. */
    public FedHdsClient.Builder client(ClientId id) {
        return FedHdsClient.builder(id)
                .featureExtractor(extractor)
                .fusion(fusion)
                .selector(selection.client())
                .scorer(new AnswerLossScorer(model, form, template, maxTokens, TOKEN_BUDGET))
                .trainer(trainer);
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
                .initialAdapter(ofSeed -> LoraTrainer.firstAdapter(model, lora, ofSeed));
    }

    /**
     * An evaluator of the model's answers.
     *
     * @param answerTokens tokens of an answer at most, 1 or more; the paper has 128
     */
    public AnswerEvaluator evaluator(int answerTokens) {
        return new AnswerEvaluator(model, template, maxTokens, answerTokens, TOKEN_BUDGET);
    }

    /** Evaluates an adapter of this configuration; an empty one stands for the base model. */
    public AnswerEvaluator.Result evaluate(
            AnswerEvaluator evaluator, List<io.github.fedhds.instruction.Instruction> instructions, Adapter adapter) {
        return evaluator.evaluate(instructions, adapter.isEmpty() ? AdapterForm.none() : form, adapter);
    }

    /** Step 2, as the clients have it. */
    public FeatureExtractor extractor() {
        return extractor;
    }

    /** Where the features are kept, if they are; its statistics say how many rows were computed. */
    public Optional<FeatureCache> featureCache() {
        return featureCache;
    }

    /** Step 9, as the clients have it. */
    public LocalTrainer trainer() {
        return trainer;
    }

    /** Rank, scale and layers of the adapters. */
    public LoraConfig lora() {
        return lora;
    }

    /** The model that is tuned. */
    public LanguageModel model() {
        return model;
    }

    /** What a run's bits hang on, as far as it is known here, by name. Reads all weights once. */
    Map<String, String> settings() {
        return Map.of(
                "model",
                model.digest(),
                "feature model",
                featureModel.digest(),
                "device",
                model.device(),
                "threads",
                String.valueOf(model.threads()),
                "precision",
                model.precision().toString(),
                "LoRA",
                lora.toString(),
                "longest sample",
                String.valueOf(maxTokens),
                "pooling",
                pooling.toString());
    }

    /** Collects the settings. Not safe for many threads. */
    public static final class Builder {
        private final LanguageModel model;
        private final LoraTrainer.Builder trainer;
        private LanguageModel featureModel;
        private Optional<FeatureCache> featureCache = Optional.empty();
        private Aggregator aggregator = FedAvg.bySamples();
        private Selection selection = Selection.paper();
        private Pooling pooling = Pooling.LAST_TOKEN;
        private Fusion fusion = TsneFusion.builder().build();

        private Builder(LanguageModel model) {
            this.model = model;
            this.featureModel = model;
            this.trainer = LoraTrainer.builder(model);
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

        /** Longest sample in tokens; 1,024 by default, lowered to the model's positions. */
        public Builder maxTokens(int maxTokens) {
            trainer.maxTokens(maxTokens);
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
