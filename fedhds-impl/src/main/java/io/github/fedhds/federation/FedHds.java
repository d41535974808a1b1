package io.github.fedhds.federation;

import io.github.fedhds.ClientId;
import io.github.fedhds.FedHdsClient;
import io.github.fedhds.FedHdsServer;
import io.github.fedhds.caching.CachedFusion;
import io.github.fedhds.caching.FeatureCache;
import io.github.fedhds.evaluation.AnswerEvaluator;
import io.github.fedhds.feature.FeatureExtractor;
import io.github.fedhds.feature.FeatureMatrix;
import io.github.fedhds.feature.Points;
import io.github.fedhds.fusion.TsneFusion;
import io.github.fedhds.instruction.PromptTemplate;
import io.github.fedhds.lora.LoraConfig;
import io.github.fedhds.lora.LoraTrainer;
import io.github.fedhds.rule.FedAvg;
import io.github.fedhds.selection.Selection;
import io.github.fedhds.training.Adapter;
import io.github.fedhds.training.LocalTrainer;
import io.github.fedhds.transformer.AdapterForm;
import io.github.fedhds.transformer.AnswerLossScorer;
import io.github.fedhds.transformer.HiddenStateExtractor;
import io.github.fedhds.transformer.LanguageModel;
import io.github.fedhds.transformer.Pooling;
import io.github.fedhds.transformer.SampleCuts;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;

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
    private final Function<FeatureMatrix, Points> fusion;
    private final LocalTrainer trainer;
    private final Selection selection;
    private final Pooling pooling;
    private final LanguageModel featureModel;
    private final AnswerLossScorer scorer;

    private FedHds(Builder builder) {
        model = builder.model;
        lora = builder.lora;
        form = new AdapterForm(lora.targetModules(), lora.rank(), lora.scale());
        template = builder.template;
        maxTokens = builder.maxTokens;
        selection = builder.selection;
        pooling = builder.pooling;
        featureModel = builder.featureModel;
        boolean turbo = builder.featureModel != builder.model;
        Function<FeatureMatrix, Points> ofGroups = builder.fusion.compose(builder.pooling::grouping);
        fusion = turbo ? new CachedFusion(ofGroups, TURBO_COORDINATES) : ofGroups;
        featureCache = builder.featureCache.or(
                () -> turbo ? Optional.of(FeatureCache.inMemory(TURBO_CACHE)) : Optional.empty());
        HiddenStateExtractor.Builder features = HiddenStateExtractor.builder(builder.featureModel)
                .adapter(turbo ? AdapterForm.none() : form)
                .template(template)
                .maxTokens(maxTokens)
                .pooling(builder.pooling)
                .tokenBudget(TOKEN_BUDGET)
                .cuts(builder.cuts);
        featureCache.ifPresent(features::cache);
        extractor = features.build();
        scorer = new AnswerLossScorer(model, form, template, maxTokens, TOKEN_BUDGET, builder.cuts);
        trainer = builder.trainer
                .lora(lora)
                .template(template)
                .maxTokens(maxTokens)
                .build();
    }

    /** Tokens of a batch where nothing is trained: enough to keep the cores busy, little beside a model's weights. */
    private static final int TOKEN_BUDGET = 2048;

    /** Bytes of the cache that a feature model comes with: 6,000 rows of GPT-2's smallest model. */
    private static final long TURBO_CACHE = 256L << 20;

    /** Coordinates of points that a feature model comes with: 16 MiB, those of a million samples on two axes. */
    private static final long TURBO_COORDINATES = 2L << 20;

    /** Starts with the paper's settings. */
    public static Builder on(LanguageModel model) {
        return new Builder(model);
    }

    /** A client with the paper's parts; its instructions are still to be set. */
    public FedHdsClient.Builder client(ClientId id) {
        return FedHdsClient.builder(id)
                .featureExtractor(extractor)
                .fusion(fusion)
                .selector(selection.client())
                .scorer(scorer)
                .trainer(trainer);
    }

    /** A server with the paper's parts, whose first adapter is drawn from the seed. */
    public FedHdsServer.Builder server(List<ClientId> roster, long seed) {
        return FedHdsServer.builder()
                .roster(roster)
                .seed(seed)
                .selector(selection.server())
                .frame(selection.frame())
                .aggregator(FedAvg.bySamples())
                .initialAdapter(LoraTrainer.firstAdapter(model, lora, seed));
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
        private LoraConfig lora = LoraConfig.defaults();
        private PromptTemplate template = PromptTemplate.alpaca();
        private int maxTokens = 1024;
        private Selection selection = Selection.paper();
        private Pooling pooling = Pooling.LAST_TOKEN;
        private Function<FeatureMatrix, Points> fusion = TsneFusion.builder().build();
        private Consumer<SampleCuts> cuts = some -> {};

        private Builder(LanguageModel model) {
            this.model = model;
            this.featureModel = model;
            this.trainer = LoraTrainer.builder(model);
        }

        /** Rank, alpha, dropout and layers; {@link LoraConfig#defaults} by default. */
        public Builder lora(LoraConfig newLora) {
            lora = newLora;
            return this;
        }

        /** How a prompt is written; the Alpaca form by default. */
        public Builder template(PromptTemplate newTemplate) {
            template = newTemplate;
            return this;
        }

        /** Longest sample in tokens; 1,024 by default, lowered to the model's positions. */
        public Builder maxTokens(int tokens) {
            maxTokens = tokens;
            return this;
        }

        /**
         * Is told once for each client some of whose samples are cut to {@link #maxTokens} for features or scores, which is
         * logged too; nobody by default. What training leaves out is in {@link
         * io.github.fedhds.message.AdapterUpdate#counts}.
         */
        public Builder cuts(Consumer<SampleCuts> listener) {
            cuts = listener;
            return this;
        }

        /** Learning rate of round 1; 3e-4 by default, the paper's on Natural Instructions. */
        public Builder learningRate(double rate) {
            trainer.learningRate(rate);
            return this;
        }

        /** Factor of the learning rate from round to round; 1 by default. */
        public Builder learningRateDecay(double factor) {
            trainer.learningRateDecay(factor);
            return this;
        }

        /** Passes over the chosen samples in a round; 1 by default. */
        public Builder epochs(int count) {
            trainer.epochs(count);
            return this;
        }

        /** Samples a training step; 1 by default. */
        public Builder batchSize(int samples) {
            trainer.batchSize(samples);
            return this;
        }

        /**
         * All that {@link LoraTrainer.Builder} can set: optimizer, schedule, steps, accumulation, clipping, proximal pull,
         * a listener. The setters above are short for those of the same name; what is set last counts. LoRA form, template
         * and longest sample are this builder's, for the other steps need them too: set there, they have no effect.
         */
        public Builder trainer(Consumer<LoraTrainer.Builder> settings) {
            settings.accept(trainer);
            return this;
        }

        /**
         * How a text's tokens become its features; the last token's state by default, as in the paper. With {@link
         * Pooling#PARTS} the fusion is given the {@link Pooling#grouping instructions' means} alone, a shared frame both.
         */
        public Builder pooling(Pooling newPooling) {
            pooling = newPooling;
            return this;
        }

        /** Step 3; t-SNE to two dimensions by default. */
        public Builder fusion(Function<FeatureMatrix, Points> newFusion) {
            fusion = newFusion;
            return this;
        }

        /**
         * How samples are chosen: selectors of clients and server, and the frame that they share; {@link Selection#paper}
         * by default. Each may be replaced on the builders of client and server too.
         */
        public Builder selection(Selection newSelection) {
            selection = newSelection;
            return this;
        }

        /**
         * A small fixed model that gives the features instead of the tuned one: the paper's Turbo. No adapter changes it, so
         * its rows are kept, see {@link #featureCache}, and the points that fusion makes of them.
         */
        public Builder featureModel(LanguageModel newFeatureModel) {
            featureModel = newFeatureModel;
            return this;
        }

        /**
         * Where rows of features are kept. By default, with a {@link #featureModel}: 256 MiB of memory, which hold
         * {@code 67,000,000 / ((layers + 1) * width)} rows; give a larger one where the clients hold more. Without a feature
         * model: none, for the adapter changes all rows in every round.
         */
        public Builder featureCache(FeatureCache cache) {
            featureCache = Optional.of(cache);
            return this;
        }

        public FedHds build() {
            return new FedHds(this);
        }
    }
}
