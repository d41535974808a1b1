package io.github.fedhds.simulation;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.FedHdsServer;
import io.github.fedhds.clustering.KMeans;
import io.github.fedhds.coreset.CoresetSelector;
import io.github.fedhds.feature.FeatureMatrix;
import io.github.fedhds.features.LayerScaling;
import io.github.fedhds.fusion.Fusion;
import io.github.fedhds.instruction.PromptTemplate;
import io.github.fedhds.lora.Adam;
import io.github.fedhds.lora.LearningRateSchedule;
import io.github.fedhds.lora.LoraConfig;
import io.github.fedhds.lora.LoraTrainer;
import io.github.fedhds.lora.Sgd;
import io.github.fedhds.message.CentroidReport;
import io.github.fedhds.message.Message;
import io.github.fedhds.message.Refusal;
import io.github.fedhds.message.RoundOpening;
import io.github.fedhds.message.Withdrawal;
import io.github.fedhds.model.ModelOptions;
import io.github.fedhds.model.Precision;
import io.github.fedhds.reduction.KernelPcaFusion;
import io.github.fedhds.reduction.PcaFusion;
import io.github.fedhds.reduction.TsneFusion;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.selection.BudgetSelector;
import io.github.fedhds.selection.EverySelector;
import io.github.fedhds.selection.HdbscanSelector;
import io.github.fedhds.selection.RandomSelector;
import io.github.fedhds.selection.Selection;
import io.github.fedhds.setup.FedHds;
import io.github.fedhds.setup.FedHdsBuilder;
import io.github.fedhds.transformer.LanguageModel;
import io.github.fedhds.transformer.Pooling;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** A client whose settings differ from the server's takes no part and says which, with both values. */
class AgreedSettingsTest extends OnTinyModel {
    private static final ClientId ID = TinyFederation.id(0);

    private static FedHdsBuilder builder(LanguageModel of) {
        return FedHds.on(of).template(TinyFederation.SHORT);
    }

    private static RoundOpening opening(FedHds server) {
        return server.server(List.of(ID), 1).build().open();
    }

    private static Message answer(FedHds client, RoundOpening opening) {
        return client.client(ID)
                .instructions(Objects.requireNonNull(TinyFederation.clients(1).get(ID)))
                .build()
                .answer(opening)
                .orElseThrow();
    }

    private static void assertWithdraws(FedHds client, RoundOpening opening, String... parts) {
        Message message = answer(client, opening);
        assertTrue(message instanceof Withdrawal, () -> String.join(" ", parts) + ": " + message);
        Withdrawal withdrawal = (Withdrawal) message;
        assertEquals(Refusal.SETTINGS_DIFFER, withdrawal.refusal());
        for (String part : parts) {
            assertTrue(withdrawal.reason().contains(part), withdrawal.reason());
        }
    }

    @Test
    void answer_oneSettingDiffers_namesItWithBothValues() {
        Map<UnaryOperator<FedHdsBuilder>, String> differing = new LinkedHashMap<>();
        LoraConfig lora = LoraConfig.defaults();
        differing.put(b -> b.lora(lora.withAlpha(32)), "LoRA alpha: the server has 16.0, client client 0 has 32.0");
        differing.put(
                b -> b.lora(lora.withRsLora(true)),
                "LoRA scaling: the server has alpha / rank, client client 0 has alpha / sqrt(rank)");
        differing.put(b -> b.lora(lora.withRank(4)), "LoRA rank: the server has 8, client client 0 has 4");
        differing.put(b -> b.lora(lora.withDropout(0)), "LoRA dropout: the server has 0.05");
        differing.put(b -> b.lora(lora.withTargetModules(List.of("q_proj"))), "LoRA target modules: the server has");
        differing.put(b -> b.learningRate(1e-3), "learning rate: the server has by steps, client client 0 has 0.001");
        differing.put(b -> b.learningRateDecay(0.5), "learning rate decay: the server has 1.0");
        differing.put(b -> b.epochs(2), "epochs: the server has 1, client client 0 has 2");
        differing.put(b -> b.batchSize(2), "batch size: the server has 1, client client 0 has 2");
        differing.put(b -> b.trainer(t -> t.maxSteps(3)), "steps: the server has by epochs, client client 0 has 3");
        differing.put(b -> b.trainer(t -> t.gradientAccumulation(2)), "gradient accumulation: the server has 1");
        differing.put(b -> b.trainer(t -> t.groupByLength(true)), "group by length: the server has false");
        differing.put(b -> b.trainer(t -> t.proximal(0.1)), "proximal: the server has 0.0");
        differing.put(b -> b.trainer(t -> t.maxGradientNorm(1)), "largest gradient norm: the server has Infinity");
        differing.put(
                b -> b.trainer(t -> t.optimizer(n -> new Sgd(n, 0, 0, 0, false))), "optimizer: the server has Adam");
        differing.put(b -> b.trainer(t -> t.optimizer(Adam::adamW)), "optimizer: the server has Adam");
        differing.put(b -> b.trainer(t -> t.schedule(LearningRateSchedule.cosine(0))), "learning rate schedule: ");
        differing.put(b -> b.template(PromptTemplate.alpaca()), "prompt template: the server has ");
        differing.put(b -> b.maxTokens(100), "longest sample: the server has 128, client client 0 has 100");
        differing.put(b -> b.pooling(Pooling.MEAN), "pooling: the server has LAST_TOKEN, client client 0 has MEAN");
        differing.put(
                b -> b.pooling(Pooling.POSITION_WEIGHTED_MEAN),
                "pooling: the server has LAST_TOKEN, client client 0 has POSITION_WEIGHTED_MEAN");
        differing.put(
                b -> b.layerScaling(LayerScaling.UNIT_LENGTH),
                "layer scaling: the server has NONE, client client 0 has UNIT_LENGTH");
        differing.put(
                b -> b.frozenFeatures(true),
                "features: the server has of the tuned model, client client 0 has of the base model");
        differing.put(
                b -> b.featureLayers(1),
                "features: the server has of the tuned model, client client 0 has of the tuned model, layers 1 to 1");
        differing.put(
                b -> b.fusion(new PcaFusion(3)), "coordinates of a point: the server has 2, client client 0 has 3");
        differing.put(
                b -> b.fusion(new PcaFusion()),
                "fusion: the server has TsneFusion[dimensions=2, perplexity=30.0, earlyExaggeration=12.0,"
                        + " learningRate=by rows, iterations=1000, minimumProgress=0.005, exactRows=1500],"
                        + " client client 0 has PcaFusion[dimensions=2]");
        differing.put(
                b -> b.selection(Selection.random(0.1)),
                "selection of clients: the server has HdbscanSelector[Hdbscan[minClusterSize=5, minSamples=5,"
                        + " metric=EUCLIDEAN, selectionMethod=EXCESS_OF_MASS, allowSingleCluster=false,"
                        + " selectionEpsilon=0.0], samplesPerGroup=1, noiseAsGroups=false, atLeastOneGroup=false],"
                        + " client client 0 has RandomSelector[share=0.1]");
        differing.put(b -> b.trainer(t -> t.tokenBudget(64)), "token budget: the server has none");
        RoundOpening opening = opening(builder(model).build());
        differing.forEach((difference, part) ->
                assertWithdraws(difference.apply(builder(model)).build(), opening, part));
        assertTrue(answer(builder(model).build(), opening) instanceof CentroidReport, "none differs");
    }

    /** Each on the server with each other on a client, and with itself. */
    private static void assertApart(String setting, List<UnaryOperator<FedHdsBuilder>> settings) {
        for (UnaryOperator<FedHdsBuilder> ofServer : settings) {
            RoundOpening opening = opening(ofServer.apply(builder(model)).build());
            String told = opening.agreedSettings().get(setting);
            for (UnaryOperator<FedHdsBuilder> ofClient : settings) {
                FedHds client = ofClient.apply(builder(model)).build();
                String own = client.agreedSettings().get(setting);
                if (ofClient == ofServer) {
                    assertEquals(opening.agreedSettings(), client.agreedSettings());
                } else {
                    assertWithdraws(
                            client, opening, setting + ": the server has " + told + ", client client 0 has " + own);
                }
            }
        }
    }

    @Test
    void answer_selectorsOfOneClassWithOtherSettings_areNamed() {
        List<CoresetSelector> selectors = List.of(
                RandomSelector.share(0.1),
                RandomSelector.share(0.9),
                RandomSelector.count(1),
                HdbscanSelector.forClient(),
                HdbscanSelector.builder().samplesPerGroup(5).build(),
                HdbscanSelector.builder()
                        .clustering(KMeans.builder().clusters(3).build())
                        .build(),
                HdbscanSelector.builder()
                        .clustering(KMeans.builder().clusters(300).build())
                        .build(),
                BudgetSelector.count(HdbscanSelector.forClient(), 3),
                BudgetSelector.count(HdbscanSelector.forServer(), 3),
                (candidates, round) -> new EverySelector().select(candidates, round));
        assertApart(
                "selection of clients",
                selectors.stream()
                        .<UnaryOperator<FedHdsBuilder>>map(
                                one -> b -> b.selection(Selection.paper().withClient(one)))
                        .toList());
    }

    @Test
    void answer_fusionsOfOneClassWithOtherSettings_areNamed() {
        Fusion own = (features, round) -> new PcaFusion().fuse(features, round);
        List<Fusion> fusions = List.of(
                TsneFusion.builder().build(),
                TsneFusion.builder().perplexity(5).build(),
                TsneFusion.builder().build().compose(FeatureMatrix::lastBlock),
                new PcaFusion(),
                new PcaFusion().compose(FeatureMatrix::lastBlock),
                PcaFusion.randomised(2, 1),
                PcaFusion.randomised(2, 2),
                KernelPcaFusion.rbf(2),
                KernelPcaFusion.rbf(2, 0.5),
                Fusion.of(2, own));
        assertApart(
                "fusion",
                fusions.stream()
                        .<UnaryOperator<FedHdsBuilder>>map(one -> b -> b.fusion(one))
                        .toList());
    }

    /** Where both models cut at their context, the setting changes nothing; the features' model may take more. */
    @Test
    void answer_longestSampleAboveTheContext_isComparedByItsEffect() {
        RoundOpening opening = opening(builder(model).build());
        for (int same : new int[] {128, 129, 100_000}) {
            assertTrue(answer(builder(model).maxTokens(same).build(), opening) instanceof CentroidReport);
        }
        assertWithdraws(
                builder(model).maxTokens(127).build(),
                opening,
                "longest sample: the server has 128, client client 0 has 127");
        assertEquals("128", LoraTrainer.builder(model).settings().get("longest sample"));
        assertEquals("1024", LoraTrainer.withoutModel().settings().get("longest sample"));
        try (LanguageModel longer = TinyFederation.model(folder.resolve("longer"), 3, 16, 2, 512)) {
            assertWithdraws(
                    builder(model).featureModel(longer).maxTokens(128).build(),
                    opening(builder(model).featureModel(longer).build()),
                    "longest sample: the server has 512, client client 0 has 128");
        }
    }

    @Test
    void answer_whatChangesSpeedAlone_takesPart() {
        RoundOpening opening = opening(builder(model).build());
        FedHds other = builder(model)
                .fusion(TsneFusion.builder().threads(1).listener(some -> {}).build())
                .trainer(trainer -> trainer.gradientCheckpointing(true).listener(step -> {}))
                .build();
        assertTrue(answer(other, opening) instanceof CentroidReport);
    }

    @Test
    void answer_otherWeightsOfEqualShape_areNamedByTheirDigests() {
        try (LanguageModel other = TinyFederation.model(folder.resolve("other"), 2, 16, 2, 128)) {
            RoundOpening opening = opening(builder(model).build());
            assertWithdraws(
                    builder(other).build(),
                    opening,
                    "model digest: the server has " + model.digest() + ", client client 0 has " + other.digest());
        }
    }

    @Test
    void answer_otherPrecisionOrTokenizer_isNamed() throws IOException {
        Path base = folder.resolve("model");
        RoundOpening opening = opening(builder(model).build());
        try (LanguageModel half =
                LanguageModel.load(base, ModelOptions.defaults().withPrecision(Precision.BFLOAT16))) {
            assertWithdraws(
                    builder(half).build(), opening, "precision: the server has FLOAT32, client client 0 has BFLOAT16");
        }
        Path changed = Files.createDirectories(folder.resolve("changed"));
        for (String name : List.of("config.json", "model.safetensors", "tokenizer.json")) {
            Files.copy(base.resolve(name), changed.resolve(name));
        }
        Path tokenizer = changed.resolve("tokenizer.json");
        Files.writeString(
                tokenizer,
                Files.readString(tokenizer)
                        .replace("\"a\": ", "\"@@\": ")
                        .replace("\"b\": ", "\"a\": ")
                        .replace("\"@@\": ", "\"b\": "));
        try (LanguageModel other = LanguageModel.load(changed)) {
            assertWithdraws(builder(other).build(), opening, "tokenizer digest: the server has ");
        }
    }

    @Test
    void answer_aFeatureModelOnOneSideOnly_isNamed() {
        try (LanguageModel small = TinyFederation.model(folder.resolve("small"), 3, 16, 1, 128)) {
            assertWithdraws(
                    builder(model).featureModel(small).build(),
                    opening(builder(model).build()),
                    "feature model digest: the server does not say, client client 0 has " + small.digest());
        }
    }

    /** The server's machine has config.json and nothing else. */
    @Test
    void withoutWeights_serverOfTheConfiguration_opensTheSameRound() throws IOException {
        Path bare = Files.createDirectories(folder.resolve("bare"));
        Files.copy(folder.resolve("model").resolve("config.json"), bare.resolve("config.json"));
        FedHds whole = builder(model).build();
        FedHds server = FedHds.withoutWeights(bare)
                .template(TinyFederation.SHORT)
                .modelDigest(model.digest())
                .tokenizerDigest(model.tokenizerDigest())
                .build();
        assertEquals(whole.agreedSettings(), server.agreedSettings());
        RoundOpening expected = whole.server(List.of(ID), 5).runId("r").build().open();
        assertEquals(expected, server.server(List.of(ID), 5).runId("r").build().open());
        assertTrue(answer(whole, expected) instanceof CentroidReport);
        assertEquals(
                expected,
                server.codec()
                        .decode(server.codec().encode(expected).toByteArray())
                        .message());

        FedHdsServer silent = FedHds.withoutWeights(bare)
                .template(TinyFederation.SHORT)
                .build()
                .server(List.of(ID), 5)
                .build();
        assertWithdraws(
                whole, silent.open(), "model digest: the server does not say, client client 0 has " + model.digest());
        Class<IllegalStateException> state = IllegalStateException.class;
        assertFails(state, () -> server.client(ID), "has no weights", "FedHds.on(model)");
        assertFails(state, server::trainer, "has no weights");
        assertFails(state, server::extractor, "has no weights");
        assertFails(state, server::model, "has no weights");
        assertFails(state, () -> server.evaluator(4), "has no weights");
        assertFails(state, () -> builder(model).modelDigest("x"), "a loaded model tells its own");
        assertFalse(server.featureCache().isPresent());
    }
}
