package io.github.fedhds.setup;

import com.google.common.base.Suppliers;
import io.github.fedhds.FedHdsClient;
import io.github.fedhds.FedHdsClientBuilder;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.FedHdsServer;
import io.github.fedhds.FedHdsServerBuilder;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.aggregation.Aggregator;
import io.github.fedhds.aggregation.SecureAggregation;
import io.github.fedhds.aggregators.FedOpt;
import io.github.fedhds.aggregators.NormClipping;
import io.github.fedhds.codec.MessageCodec;
import io.github.fedhds.evaluation.AnswerEvaluator;
import io.github.fedhds.feature.FeatureExtractor;
import io.github.fedhds.features.FeatureCache;
import io.github.fedhds.fusion.Fusion;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.lora.LoraConfig;
import io.github.fedhds.lora.LoraTrainer;
import io.github.fedhds.message.MessageLimits;
import io.github.fedhds.model.DecoderConfig;
import io.github.fedhds.privacy.BoundWatch;
import io.github.fedhds.privacy.CentralNoise;
import io.github.fedhds.privacy.CentroidNoise;
import io.github.fedhds.privacy.PrivacyLedger;
import io.github.fedhds.privacy.UpdateNoise;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.selection.Selection;
import io.github.fedhds.training.LocalTrainer;
import io.github.fedhds.transformer.AdapterForm;
import io.github.fedhds.transformer.LanguageModel;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * FedHDS on a language model: federated LoRA tuning on a few samples that clients and server select by clustering.
 * Creates builders of clients and servers with all roles set; each role may be replaced on these builders. Applications
 * start here.
 *
 * <pre>{@code
 * try (LanguageModel model = LanguageModel.load(folder)) {
 *     FedHds fedHds = FedHds.on(model).recommended(0.015).build();
 *     FedHdsClient client = fedHds.client(id).instructions(mine).build();
 *     FedHdsServer server = fedHds.server(ids, seed).build();
 * }
 * }</pre>
 *
 * <p>Clients and servers of one run may be in different processes, each with its own FedHds object with equal settings.
 * {@link #agreedSettings} has the settings that the answers depend on: openings carry them, and clients compare them. A
 * server needs no weights, see {@link #withoutWeights}.
 *
 * <p>The default settings are those of the FedHDS paper, except that learning rate and epochs adapt to clients with few
 * samples. Immutable, safe for many threads; does not close the model.
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
    private final @Nullable CentroidNoise centroidNoise;
    private final @Nullable UpdateNoise updateNoise;
    private final BoundWatch bounds = new BoundWatch(); // of all clients made here
    private final boolean repeatableNoise;
    private final @Nullable SecureAggregation secureAggregation;
    private final @Nullable MessageLimits messageLimits;
    private final @Nullable ModelParts parts; // null without weights

    FedHds(FedHdsBuilder builder) {
        config = builder.config;
        lora = builder.trainer.lora();
        aggregator = builder.aggregator;
        selection = builder.selection;
        fusion = ModelParts.fusion(builder);
        centroidNoise = builder.centroidNoise;
        updateNoise = builder.updateNoise;
        repeatableNoise = builder.repeatableNoise;
        secureAggregation = builder.secureAggregation;
        messageLimits = builder.messageLimits;
        parts = builder.models == null ? null : ModelParts.of(builder, builder.models);
        AgreedSettings settings = AgreedSettings.of(builder, fusion.dimensions());
        agreedSettings = Suppliers.memoize(settings::toMap);
    }

    /** Starts with the default settings on a loaded model, for clients, servers or both. */
    public static FedHdsBuilder on(LanguageModel model) {
        return on(ModelPool.of(List.of(Objects.requireNonNull(model, "model"))));
    }

    /**
     * The same on several loaded copies of a model, usually one on each GPU. Clients that run in parallel, as in {@link
     * io.github.fedhds.simulation.Federation.Builder#parallelClients}, are spread over them. Everything else, such as
     * evaluation and digests, uses the first copy. The results are those of one model.
     */
    public static FedHdsBuilder on(ModelPool models) {
        return new FedHdsBuilder(Objects.requireNonNull(models, "models"));
    }

    /**
     * Starts with the default settings for a server without weights: reads only {@code config.json} of a model folder,
     * for the shapes of the first adapter, and the chat template, if the folder has one ({@code tokenizer_config.json} or
     * {@code chat_template.jinja}). {@link #client} and other methods that need the model then throw. Clients
     * compare the digests of weights and tokenizer: set them with {@link FedHdsBuilder#modelDigest} and
     * {@link FedHdsBuilder#tokenizerDigest}.
     *
     * @throws FedHdsException if the file is missing or damaged, or has options that this library does not support
     */
    public static FedHdsBuilder withoutWeights(Path modelFolder) {
        return new FedHdsBuilder(Objects.requireNonNull(modelFolder, "modelFolder"));
    }

    /**
     * A builder of a client with the roles of this object; set its instructions.
     *
     * @throws IllegalStateException if noise is set, which needs a ledger
     */
    public FedHdsClientBuilder client(ClientId id) {
        if (isNoised()) {
            throw new IllegalStateException(
                    "this run has noise on what clients send, and client " + id
                            + " has no ledger that keeps what was spent; call client(id, PrivacyLedger.inFile(file, id, budget))");
        }
        return exactClient(id);
    }

    /**
     * The same with noise on what the client sends, as {@link FedHdsBuilder#centroidNoise} and {@link FedHdsBuilder#updateNoise} say.
     *
     * @throws FedHdsException if the ledger is in a file of another client
     * @throws IllegalStateException if this run has no noise, or the ledger's noise is not secret
     */
    public FedHdsClientBuilder client(ClientId id, PrivacyLedger ledger) {
        Objects.requireNonNull(ledger, "ledger");
        if (!isNoised()) {
            throw new IllegalStateException("client " + id + " has a privacy ledger, and this run has no noise; set"
                    + " centroidNoise or updateNoise on the builder");
        }
        ledger.requireOf(id);
        if (!ledger.isSecret() && !repeatableNoise) {
            throw new IllegalStateException(
                    "the noise of client " + id + " can be repeated by everyone who knows its seed, so it"
                            + " protects nothing; take a ledger with NoiseSource.secret(), or set repeatableNoise(true) for an experiment");
        }
        FedHdsClientBuilder client = exactClient(id);
        if (centroidNoise != null) {
            client.reportRelease(centroidNoise.with(ledger, bounds));
        }
        if (updateNoise != null) {
            client.updateRelease(updateNoise.with(ledger, bounds));
        }
        return client;
    }

    /** Whether there is noise on what clients send, so that each needs a ledger. */
    public boolean isNoised() {
        return centroidNoise != null || updateNoise != null;
    }

    private FedHdsClientBuilder exactClient(ClientId id) {
        ModelParts parts = parts();
        FedHdsClientBuilder client = FedHdsClient.builder(id)
                .featureExtractor(parts.extractor())
                .fusion(fusion)
                .selector(selection.client())
                .scorer(parts.scorer())
                .trainer(parts.training())
                .agreedSettings(agreedSettings());
        return secureAggregation == null ? client : client.secureAggregation(secureAggregation);
    }

    /** A builder of a server with the roles of this object. Its first adapter is drawn from the builder's seed. */
    public FedHdsServerBuilder server(List<ClientId> clients, long seed) {
        FedHdsServerBuilder server = FedHdsServer.builder()
                .clients(clients)
                .seed(seed)
                .selector(selection.server())
                .dimensions(fusion.dimensions())
                .frame(selection.frame())
                .rememberChosen(selection.remembersChosen())
                .aggregator(aggregator)
                .agreedSettings(agreedSettings())
                .initialAdapter(ofSeed -> LoraTrainer.firstAdapter(config, lora, ofSeed));
        if (secureAggregation != null) {
            server.secureAggregation(secureAggregation);
        }
        return messageLimits == null ? server : server.messageLimits(messageLimits);
    }

    /** The noise that the server adds, if the aggregator is one with noise, also inside {@link FedOpt}. */
    public Optional<CentralNoise> centralNoise() {
        return centralNoise(aggregator);
    }

    /** The norm that the server clips each client's change to, if the aggregator does, also inside {@link FedOpt}. */
    public OptionalDouble clipNorm() {
        return clipNorm(aggregator);
    }

    private static OptionalDouble clipNorm(Aggregator rule) {
        if (rule instanceof NormClipping clipping) {
            return OptionalDouble.of(clipping.bound());
        }
        if (rule instanceof CentralNoise noise) {
            return OptionalDouble.of(noise.norm());
        }
        return rule instanceof FedOpt opt ? clipNorm(opt.mean()) : OptionalDouble.empty();
    }

    static Optional<CentralNoise> centralNoise(Aggregator rule) {
        return rule instanceof CentralNoise noise
                ? Optional.of(noise)
                : rule instanceof FedOpt opt ? centralNoise(opt.mean()) : Optional.empty();
    }

    /**
     * The settings that the clients' answers depend on, by name: digests of model and tokenizer, precision, LoRA form,
     * prompt template, longest sample, pooling, model and layers of the features, layer scaling, fusion and the clients' selector with their settings, number of
     * coordinates, training settings, version of this library. A role of the application is named {@code the
     * application's own}, whatever its settings. A role that is replaced on a client's builder is not compared: set it
     * on this object's builder instead, or add a setting for it on both sides. Servers send them with every opening, and a client with different settings withdraws. The first call reads all
     * weights, about 1 s per gigabyte.
     */
    public Map<String, String> agreedSettings() {
        return agreedSettings.get();
    }

    /** A codec for the messages of this run with {@link FedHdsBuilder#messageLimits}; it writes adapters in float32. */
    public MessageCodec codec() {
        return MessageCodec.of(
                messageLimits == null
                        ? MessageLimits.forAdapter(LoraTrainer.firstAdapter(config, lora, 0))
                        : messageLimits);
    }

    /**
     * An evaluator of the model's answers.
     *
     * @param answerTokens maximum tokens of an answer, 1 or more; 128 in the FedHDS paper
     */
    public AnswerEvaluator evaluator(int answerTokens) {
        ModelParts on = parts();
        LoraTrainer trainer = on.trainer();
        return new AnswerEvaluator(
                on.model(), trainer.template(), trainer.maxTokens(), answerTokens, ModelParts.TOKEN_BUDGET);
    }

    /** Evaluates an adapter of this configuration; an empty adapter evaluates the base model. */
    public AnswerEvaluator.Result evaluate(AnswerEvaluator evaluator, List<Instruction> instructions, Adapter adapter) {
        return evaluator.evaluate(instructions, adapter.isEmpty() ? AdapterForm.none() : lora.form(), adapter);
    }

    /** The clients' feature extractor (step 2). */
    public FeatureExtractor extractor() {
        return parts().extractor();
    }

    /** The cache of feature rows, if there is one; its statistics count computed rows. */
    public Optional<FeatureCache> featureCache() {
        return parts == null ? Optional.empty() : parts.featureCache();
    }

    /** The clients' trainer (step 9). */
    public LocalTrainer trainer() {
        return parts().training();
    }

    /** Rank, scale and target modules of the adapters. */
    public LoraConfig lora() {
        return lora;
    }

    /** The model that is tuned, the first copy if there are several. */
    public LanguageModel model() {
        return parts().model();
    }

    private ModelParts parts() {
        if (parts == null) {
            throw new IllegalStateException(
                    "this FedHds has no weights, it is for a server; load a model and start with FedHds.on(model)");
        }
        return parts;
    }
}
