package io.github.fedhds.setup;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.aggregation.Aggregator;
import io.github.fedhds.aggregation.SecureAggregation;
import io.github.fedhds.aggregators.FedAvg;
import io.github.fedhds.features.CachedFusion;
import io.github.fedhds.features.FeatureCache;
import io.github.fedhds.features.LayerScaling;
import io.github.fedhds.fusion.Fusion;
import io.github.fedhds.instruction.PromptTemplate;
import io.github.fedhds.lora.LoraConfig;
import io.github.fedhds.lora.LoraTrainer;
import io.github.fedhds.message.MessageLimits;
import io.github.fedhds.model.DecoderConfig;
import io.github.fedhds.model.Precision;
import io.github.fedhds.privacy.CentralNoise;
import io.github.fedhds.privacy.CentroidNoise;
import io.github.fedhds.privacy.UpdateNoise;
import io.github.fedhds.reduction.TsneFusion;
import io.github.fedhds.secure.MaskedAggregation;
import io.github.fedhds.selection.EverySelector;
import io.github.fedhds.selection.Selection;
import io.github.fedhds.tokenizer.SampleCuts;
import io.github.fedhds.tokenizer.Tokenizer;
import io.github.fedhds.transformer.LanguageModel;
import io.github.fedhds.transformer.Pooling;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Collects the settings of a {@link FedHds}. Start with {@link FedHds#on(LanguageModel)} or {@link FedHds#withoutWeights}. Not
 * safe for many threads.
 */
public final class FedHdsBuilder {
    final DecoderConfig config;
    final @Nullable ModelPool models;
    final @Nullable LanguageModel model;
    final LoraTrainer.Builder trainer;

    @Nullable
    private Path folder;

    @Nullable
    ModelPool featureModels;

    @Nullable
    LanguageModel featureModel;

    @Nullable
    String modelDigest;

    @Nullable
    String tokenizerDigest;

    Precision precision = Precision.FLOAT32;
    Optional<FeatureCache> featureCache = Optional.empty();
    Aggregator aggregator = FedAvg.bySamples();
    Selection selection = Selection.paper();
    Pooling pooling = Pooling.LAST_TOKEN;
    boolean frozenFeatures;
    OptionalInt featureLayers = OptionalInt.empty();
    LayerScaling layerScaling = LayerScaling.NONE;
    Fusion fusion = TsneFusion.builder().build();
    Consumer<SampleCuts> cuts = some -> {};

    @Nullable
    CentroidNoise centroidNoise;

    @Nullable
    UpdateNoise updateNoise;

    boolean repeatableNoise;

    @Nullable
    SecureAggregation secureAggregation;

    @Nullable
    MessageLimits messageLimits;

    FedHdsBuilder(ModelPool models) {
        this.models = models;
        this.model = models.first();
        this.config = model.config();
        this.featureModels = models;
        this.featureModel = model;
        this.precision = model.precision();
        this.trainer = LoraTrainer.builder(model).fewSteps(true);
    }

    FedHdsBuilder(Path folder) {
        this.config = DecoderConfig.read(folder);
        this.models = null;
        this.model = null;
        this.folder = folder;
        this.trainer = LoraTrainer.withoutModel().fewSteps(true);
    }

    /**
     * For a server {@link FedHds#withoutWeights without weights}: {@link LanguageModel#digest} of the clients'
     * model. If it is not set, the clients, which send theirs, withdraw, and their message names their digest.
     */
    public FedHdsBuilder modelDigest(String modelDigest) {
        this.modelDigest = Objects.requireNonNull(modelDigest, "modelDigest");
        requireNoModel("modelDigest");
        return this;
    }

    /** For a server without weights: {@link LanguageModel#tokenizerDigest} of the clients' model. */
    public FedHdsBuilder tokenizerDigest(String tokenizerDigest) {
        this.tokenizerDigest = Objects.requireNonNull(tokenizerDigest, "tokenizerDigest");
        requireNoModel("tokenizerDigest");
        return this;
    }

    /** For a server without weights: the precision of the clients' model; float32 by default. */
    public FedHdsBuilder precision(Precision precision) {
        this.precision = Objects.requireNonNull(precision, "precision");
        requireNoModel("precision");
        return this;
    }

    private void requireNoModel(String setting) {
        if (model != null) {
            throw new IllegalStateException(setting + " is for a server without weights; a loaded model tells its own");
        }
    }

    /** Rank, alpha, dropout and target modules; {@link LoraConfig#defaults} by default. */
    public FedHdsBuilder lora(LoraConfig lora) {
        trainer.lora(lora);
        return this;
    }

    /**
     * The prompt template of training, features, scores and evaluation. By default
     * {@link LanguageModel#promptTemplate the model's own}, which is Alpaca's for a model without a chat template; a
     * {@link #featureModel} then has its own, too. For a server without weights it is the one in the model folder.
     */
    public FedHdsBuilder template(PromptTemplate template) {
        trainer.template(template);
        return this;
    }

    /** Longest sample in tokens; 1,024 by default, lowered to the model's context length. */
    public FedHdsBuilder maxTokens(int maxTokens) {
        trainer.maxTokens(maxTokens);
        return this;
    }

    /**
     * Called once for each client with samples that are cut to {@link #maxTokens} for features or scores, which is
     * also logged; nothing is called by default. {@link io.github.fedhds.message.AdapterUpdate#counts} has the
     * number of samples that training cuts or leaves out.
     */
    public FedHdsBuilder cuts(Consumer<SampleCuts> cuts) {
        this.cuts = Objects.requireNonNull(cuts, "cuts");
        return this;
    }

    /**
     * Learning rate of round 1. By default it adapts to the number of steps, see {@link LoraTrainer.Builder#fewSteps}: from
     * 7.5e-4 for a client with a few samples to 3e-4, the FedHDS paper's on Natural Instructions, for 300 steps in a round.
     */
    public FedHdsBuilder learningRate(double learningRate) {
        trainer.learningRate(learningRate);
        return this;
    }

    /** Factor of the learning rate from round to round; 1 by default. */
    public FedHdsBuilder learningRateDecay(double learningRateDecay) {
        trainer.learningRateDecay(learningRateDecay);
        return this;
    }

    /**
     * Epochs over the chosen samples in a round; 1 by default and in the FedHDS paper.
     */
    public FedHdsBuilder epochs(int epochs) {
        trainer.epochs(epochs);
        return this;
    }

    /** Samples per training step; 1 by default. */
    public FedHdsBuilder batchSize(int batchSize) {
        trainer.batchSize(batchSize);
        return this;
    }

    /**
     * Other settings of {@link LoraTrainer.Builder}: optimizer, schedule, steps, gradient accumulation, clipping,
     * proximal term, a listener. The setters above set the settings of the same name; the last call counts. LoRA
     * form, template and longest sample apply to the other steps too.
     */
    public FedHdsBuilder trainer(Consumer<LoraTrainer.Builder> settings) {
        Objects.requireNonNull(settings, "settings of the trainer").accept(trainer);
        return this;
    }

    /**
     * How the hidden states of a text's tokens become its features; the last token's state by default. With
     * {@link Pooling#PARTS} the fusion receives only the {@link Pooling#grouping means of the instructions}; a
     * shared frame receives both parts.
     */
    public FedHdsBuilder pooling(Pooling pooling) {
        this.pooling = Objects.requireNonNull(pooling, "pooling");
        return this;
    }

    /**
     * How the parts of the layers in a feature row are scaled; not at all by default. In many models the
     * last layers' states are far larger than the first layers', so that unscaled rows depend mostly on them. Server
     * and clients compare it.
     */
    public FedHdsBuilder layerScaling(LayerScaling layerScaling) {
        this.layerScaling = Objects.requireNonNull(layerScaling, "layerScaling");
        return this;
    }

    /**
     * Reduces features to few coordinates (step 3); t-SNE to two dimensions by default. Servers use its number of
     * dimensions.
     */
    public FedHdsBuilder fusion(Fusion fusion) {
        this.fusion = Objects.requireNonNull(fusion, "fusion");
        return this;
    }

    /**
     * The recommended selection: {@link Selection#recommended} with {@linkplain #frozenFeatures frozen features}. With the
     * same number of samples it covers more tasks than random selection. {@link Selection#paper} chooses fewer samples and
     * covers fewer tasks.
     *
     * @param share share of all instructions of a round's clients, above 0 and at most 1; about 0.015 in the FedHDS
     *     paper
     */
    public FedHdsBuilder recommended(double share) {
        if (!(share > 0 && share <= 1)) {
            throw new IllegalArgumentException("the share of recommended must be above 0 and at most 1, was " + share);
        }
        return frozenFeatures(true).selection(Selection.recommended(share));
    }

    /**
     * How samples are selected: the selectors of clients and server, and their shared frame;
     * {@link Selection#paper} by default. Each may also be replaced on the builders of client and server; {@link
     * FedHds#agreedSettings} then still names the one set here.
     */
    public FedHdsBuilder selection(Selection selection) {
        this.selection = Objects.requireNonNull(selection, "selection");
        return this;
    }

    /**
     * How the clients' adapters become the next global adapter; {@link FedAvg#bySamples} by default. May also be replaced
     * on the server's builder. {@link CentralNoise} adds noise, and draws the clients too.
     */
    public FedHdsBuilder aggregator(Aggregator aggregator) {
        this.aggregator = Objects.requireNonNull(aggregator, "aggregator");
        return this;
    }

    /**
     * Whether features are those of the base model without the adapter; false by default, as in the paper. Then an
     * instruction has the same features in every round: they are computed once and cached as with a {@link #featureModel},
     * and a selection with a {@linkplain Selection#withMemory memory} can compare rounds. Has no effect with a feature
     * model, which is fixed anyway. Server and clients compare it.
     */
    public FedHdsBuilder frozenFeatures(boolean frozenFeatures) {
        this.frozenFeatures = frozenFeatures;
        return this;
    }

    /**
     * Computes the features from the first layers only: a row has the embeddings and the outputs of layers 1 to
     * {@code layers}, and the layers above are not computed. All layers by default, as in the paper. Time, memory and
     * cached bytes of the features are about {@code layers / all layers} of those of all layers. Server and clients
     * compare it.
     *
     * @param layers 1 or more; {@link #build} refuses more than the model that computes the features has
     */
    public FedHdsBuilder featureLayers(int layers) {
        if (layers < 1) {
            throw new IllegalArgumentException("featureLayers must be 1 or more, was " + layers);
        }
        this.featureLayers = OptionalInt.of(layers);
        return this;
    }

    /** Number of layers that the features are computed from; empty for all. */
    OptionalInt firstFeatureLayers() {
        int all = (featureModel == null ? config : featureModel.config()).layers();
        if (featureLayers.orElse(all) > all) {
            throw new IllegalArgumentException("featureLayers must be at most " + all
                    + ", the layers of the model that computes the features," + " was " + featureLayers.getAsInt());
        }
        return featureLayers.orElse(all) == all ? OptionalInt.empty() : featureLayers;
    }

    /**
     * A small fixed model that computes the features instead of the tuned model ("Turbo" in the FedHDS paper). No
     * adapter changes it, so its feature rows are cached, see {@link #featureCache}. Fused points are cached too if
     * the fusion is one of this library; wrap your own in a {@link CachedFusion} if it does not depend on the
     * round.
     */
    public FedHdsBuilder featureModel(LanguageModel featureModel) {
        Objects.requireNonNull(featureModel, "featureModel");
        return featureModel == model && models != null
                ? featureModel(models)
                : featureModel(ModelPool.of(List.of(featureModel)));
    }

    /** The same on several loaded copies of the feature model; their number may differ from that of the tuned model. */
    public FedHdsBuilder featureModel(ModelPool featureModels) {
        this.featureModels = Objects.requireNonNull(featureModels, "featureModels");
        this.featureModel = featureModels.first();
        return this;
    }

    /**
     * The cache of feature rows. With a {@link #featureModel} or {@link #frozenFeatures} it is by default 256 MiB of memory
     * for {@code 67,000,000 / ((layers + 1) * hidden size)} rows; set a larger cache if clients have more instructions.
     * Otherwise there is none by default, because the adapter changes all rows in every round.
     */
    public FedHdsBuilder featureCache(FeatureCache featureCache) {
        this.featureCache = Optional.of(Objects.requireNonNull(featureCache, "featureCache"));
        return this;
    }

    /**
     * Noise on the centroids that clients send; none by default. A client then needs a ledger, see {@link
     * FedHds#client(io.github.fedhds.round.ClientId, io.github.fedhds.privacy.PrivacyLedger)}. Server and clients compare it.
     */
    public FedHdsBuilder centroidNoise(CentroidNoise centroidNoise) {
        this.centroidNoise = Objects.requireNonNull(centroidNoise, "centroidNoise");
        return this;
    }

    /** Noise on the adapters that clients send, likewise. */
    public FedHdsBuilder updateNoise(UpdateNoise updateNoise) {
        this.updateNoise = Objects.requireNonNull(updateNoise, "updateNoise");
        return this;
    }

    /**
     * Allows noise of {@link io.github.fedhds.privacy.NoiseSource#repeatable}, which protects nothing, for tests and experiments; otherwise
     * it is refused. Reports of rounds then say that the noise is not secret. Server and clients compare it.
     */
    public FedHdsBuilder repeatableNoise(boolean repeatableNoise) {
        this.repeatableNoise = repeatableNoise;
        return this;
    }

    /**
     * Secure aggregation: the server learns the mean of the clients' adapters and no single one; none by default. Usually {@link
     * io.github.fedhds.secure.MaskedAggregation}. The aggregator must be a rule of the mean ({@link FedAvg}, {@link
     * io.github.fedhds.aggregators.FedOpt}), which {@link FedHds#server} checks. Server and clients compare it.
     */
    public FedHdsBuilder secureAggregation(SecureAggregation secureAggregation) {
        this.secureAggregation = Objects.requireNonNull(secureAggregation, "secureAggregation");
        return this;
    }

    /**
     * Limits of the message sizes of this run, for servers and for {@link FedHds#codec};
     * {@link MessageLimits#forAdapter} by default. Set the same limits in every process of a run.
     */
    public FedHdsBuilder messageLimits(MessageLimits messageLimits) {
        this.messageLimits = Objects.requireNonNull(messageLimits, "messageLimits");
        return this;
    }

    private void checkSource() {
        if (!repeatableNoise && !FedHds.centralNoise(aggregator).stream().allMatch(CentralNoise::isSecret)) {
            throw new IllegalStateException(
                    "the server's noise can be repeated by everyone who knows its seed, so it protects"
                            + " nothing; take secret noise, or set repeatableNoise(true) for an experiment");
        }
    }

    /** The noise on a sum hides a client only if it changes no other client's part of the sum. */
    private void checkSelection() {
        if (FedHds.centralNoise(aggregator).isPresent() && !(selection.server() instanceof EverySelector)) {
            throw new IllegalStateException(
                    "the server chooses among the groups of all clients, so one client changes what"
                            + " the others train on, and CentralNoise promises nothing; choose within each client (Selection.random,"
                            + " balanced or everything), or set updateNoise");
        }
    }

    /** Noise makes an update longer than the norm that it was clipped to; the secure sum must not clip it again. */
    private void checkNorms() {
        if (updateNoise == null || !(secureAggregation instanceof MaskedAggregation masked)) {
            return;
        }
        long parameters = LoraTrainer.firstAdapter(config, trainer.lora(), 0).parameters();
        double longest = updateNoise.norm() + updateNoise.deviation() * (Math.sqrt(parameters) + 6);
        if (masked.norm(parameters) < longest) {
            throw new IllegalArgumentException(
                    "updates of norm " + updateNoise.norm() + " have with their noise norms of up to "
                            + longest + ", above the norm " + masked.norm(parameters)
                            + " of the secure aggregation, which would clip them again; raise that norm");
        }
    }

    /**
     * Creates the object with these settings.
     *
     * @throws FedHdsException if no template is set, and the model's own is in a form that this library does not know
     * @throws IllegalArgumentException if secure aggregation would clip the noise of updates
     * @throws IllegalStateException if the selection has a memory, and training changes the features; or if the aggregator is {@link
     *     CentralNoise}, and the server chooses among the groups of all clients, or its noise is not secret
     */
    public FedHds build() {
        if (selection.remembersChosen() && !ModelParts.hasFixedFeatures(this)) {
            throw new IllegalStateException("the selection has a memory, which compares the points of different rounds,"
                    + " and training changes the features of the tuned model from round to round; set"
                    + " frozenFeatures(true) or a featureModel");
        }
        checkNorms();
        checkSelection();
        checkSource();
        if (folder != null && !trainer.hasTemplate()) {
            trainer.template(Tokenizer.promptTemplate(folder));
        }
        return new FedHds(this);
    }
}
