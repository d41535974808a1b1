package io.github.fedhds.simulation;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.FedHdsClient;
import io.github.fedhds.FedHdsClientBuilder;
import io.github.fedhds.FedHdsServer;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.coreset.Candidates;
import io.github.fedhds.coreset.Coreset;
import io.github.fedhds.coreset.SampleScore;
import io.github.fedhds.evaluation.AnswerEvaluator;
import io.github.fedhds.feature.FeatureMatrix;
import io.github.fedhds.feature.Points;
import io.github.fedhds.features.AnswerLossScorer;
import io.github.fedhds.features.FeatureCache;
import io.github.fedhds.features.HiddenStateExtractor;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.instruction.PromptTemplate;
import io.github.fedhds.lora.LoraConfig;
import io.github.fedhds.lora.LoraTrainer;
import io.github.fedhds.lora.Sgd;
import io.github.fedhds.lora.TrainingStep;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.message.Centroid;
import io.github.fedhds.message.CentroidReport;
import io.github.fedhds.message.GroupSelection;
import io.github.fedhds.message.RoundOpening;
import io.github.fedhds.reduction.TsneFusion;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.round.RoundContext;
import io.github.fedhds.selection.EverySelector;
import io.github.fedhds.setup.FedHds;
import io.github.fedhds.setup.FedHdsBuilder;
import io.github.fedhds.training.TrainingResult;
import io.github.fedhds.transformer.AdapterForm;
import io.github.fedhds.transformer.LanguageModel;
import io.github.fedhds.transformer.Pooling;
import io.github.fedhds.transformer.TinyModel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The defaults are the paper's, and each setting reaches the part that it is for. */
class FedHdsTest {
    private static final ClientId ID = TinyFederation.id(0);
    private static final List<Instruction> SAMPLES =
            Objects.requireNonNull(TinyFederation.clients(9).get(ID));

    @TempDir
    @SuppressWarnings("NullAway.Init") // set by JUnit
    static Path folder;

    @SuppressWarnings("NullAway.Init") // set before all tests
    private static LanguageModel model;

    @BeforeAll
    static void load() {
        model = TinyFederation.model(folder.resolve("model"), 1, 16, 2, 512);
    }

    @AfterAll
    static void close() {
        model.close();
    }

    /** A round that starts from an adapter which changes the model, as it is after a round. */
    private static RoundContext round(int number, FedHds fedHds) {
        SplittableRandom random = new SplittableRandom(4);
        Map<String, Tensor> tensors = new TreeMap<>();
        LoraTrainer.firstAdapter(model, fedHds.lora(), 1).tensors().forEach((name, tensor) -> {
            float[] values = tensor.toArray();
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) (random.nextDouble() - 0.5);
            }
            tensors.put(name, new Tensor(tensor.shape(), values));
        });
        return new RoundContext("run", number, Optional.of(ID), 3, new Adapter(tensors), Map.of());
    }

    private static LoraTrainer.Builder paperTrainer() {
        return LoraTrainer.builder(model)
                .lora(new LoraConfig(
                        8,
                        16,
                        0.05,
                        List.of("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"),
                        false))
                .template(PromptTemplate.alpaca())
                .maxTokens(1024)
                .learningRate(3e-4)
                .learningRateDecay(1)
                .epochs(1)
                .batchSize(1);
    }

    @Test
    void trainer_ofDefaults_isThePapersAtARateForItsSteps() {
        FedHds fedHds = FedHds.on(model).build();
        assertSame(model, fedHds.model());
        for (int number : new int[] {1, 5}) {
            RoundContext round = round(number, fedHds);
            TrainingResult result = fedHds.trainer().train(SAMPLES, round);
            assertEquals(9, result.losses().length);
            assertEquals(0, result.cutPrompts() + result.skippedTooLong());
            assertEquals(paperTrainer().learningRate(3e-4 * 2.5).build().train(SAMPLES, round), result);
            assertNotEquals(paperTrainer().build().train(SAMPLES, round), result);
            assertNotEquals(
                    LoraTrainer.builder(model)
                            .fewSteps(true)
                            .lora(LoraConfig.defaults().withDropout(0))
                            .build()
                            .train(SAMPLES, round),
                    result);
        }
    }

    @Test
    void trainer_eachSetting_reachesIt() {
        LoraConfig lora = LoraConfig.defaults().withRank(4).withAlpha(4).withDropout(0.2);
        FedHds fedHds = FedHds.on(model)
                .lora(lora)
                .template(TinyFederation.SHORT)
                .maxTokens(17) // 13 of the prompt, 3 and the end of the answer: it just fits
                .learningRate(0.01)
                .learningRateDecay(0.5)
                .epochs(2)
                .batchSize(4)
                .build();
        assertEquals(lora, fedHds.lora());
        RoundContext round = round(3, fedHds);
        List<Instruction> samples = new ArrayList<>(SAMPLES);
        samples.add(new Instruction("a text too long by far", "", "abc"));
        samples.add(new Instruction("a", "", "an answer too long by far"));
        TrainingResult result = fedHds.trainer().train(samples, round);
        assertEquals(10, result.samples());
        assertEquals(2 * 3, result.losses().length);
        assertEquals(1, result.cutPrompts());
        assertEquals(1, result.skippedTooLong());
        LoraTrainer wanted = LoraTrainer.builder(model)
                .lora(lora)
                .template(TinyFederation.SHORT)
                .maxTokens(17)
                .learningRate(0.01 * 0.5 * 0.5) // round 3
                .epochs(2)
                .batchSize(4)
                .build();
        assertEquals(wanted.train(samples, round), result);
    }

    @Test
    void trainer_settingsOfItsBuilder_reachIt() {
        List<TrainingStep> steps = new ArrayList<>();
        FedHds fedHds = FedHds.on(model)
                .template(TinyFederation.SHORT)
                .batchSize(9)
                .learningRate(0.5)
                .trainer(trainer -> trainer.maxSteps(7)
                        .learningRate(0.01)
                        .batchSize(2)
                        .optimizer(Sgd::new)
                        .proximal(0.5)
                        .listener(steps::add))
                .build();
        RoundContext round = round(1, fedHds);
        TrainingResult wanted = paperTrainer()
                .template(TinyFederation.SHORT)
                .learningRate(0.01)
                .batchSize(2)
                .epochs(2)
                .maxSteps(7)
                .optimizer(Sgd::new)
                .proximal(0.5)
                .build()
                .train(SAMPLES, round);
        assertEquals(wanted, fedHds.trainer().train(SAMPLES, round));
        assertEquals(7, steps.size(), "an epoch has 5: nothing limits them but maxSteps");
    }

    @Test
    void extractor_ofDefaults_isThePapers() {
        FedHds fedHds = FedHds.on(model).build();
        RoundContext round = round(1, fedHds);
        FeatureMatrix wanted = HiddenStateExtractor.builder(model)
                .adapter(new AdapterForm(LoraConfig.defaults().targetModules(), 8, 2))
                .template(PromptTemplate.alpaca())
                .pooling(Pooling.LAST_TOKEN)
                .maxTokens(1024)
                .build()
                .extract(SAMPLES, round);
        FeatureMatrix features = fedHds.extractor().extract(SAMPLES, round);
        assertEquals(3, features.blocks());
        assertArrayEquals(wanted.toArray(), features.toArray());
    }

    @Test
    void extractor_eachSetting_reachesIt() {
        FedHds fedHds = FedHds.on(model)
                .lora(LoraConfig.defaults().withRank(2).withTargetModules(List.of("v_proj")))
                .template(TinyFederation.SHORT)
                .maxTokens(10)
                .build();
        RoundContext round = round(1, fedHds);
        float[] features = fedHds.extractor().extract(SAMPLES, round).toArray();
        HiddenStateExtractor.Builder wanted = HiddenStateExtractor.builder(model)
                .adapter(new AdapterForm(List.of("v_proj"), 2, 8))
                .template(TinyFederation.SHORT)
                .maxTokens(10);
        assertArrayEquals(wanted.build().extract(SAMPLES, round).toArray(), features);
        float[] longer = wanted.maxTokens(512).build().extract(SAMPLES, round).toArray();
        assertFalse(Arrays.equals(longer, features));
    }

    @Test
    void featureModel_another_givesFeaturesThatNoAdapterChanges() {
        try (LanguageModel small = TinyFederation.model(folder.resolve("small"), 2, 8, 3, 64)) {
            FedHds turbo = FedHds.on(model)
                    .template(TinyFederation.SHORT)
                    .featureModel(small)
                    .build();
            float[] features =
                    turbo.extractor().extract(SAMPLES, round(1, turbo)).toArray();
            assertEquals(9 * 4 * 8, features.length);
            assertArrayEquals(
                    features,
                    turbo.extractor().extract(SAMPLES, RoundContext.first()).toArray());
            assertArrayEquals(
                    features,
                    HiddenStateExtractor.builder(small)
                            .template(TinyFederation.SHORT)
                            .tokenBudget(1) // each row alone, as a cache asks for
                            .build()
                            .extract(SAMPLES, RoundContext.first())
                            .toArray());
            FedHds plain = FedHds.on(model)
                    .template(TinyFederation.SHORT)
                    .featureModel(model)
                    .build();
            RoundContext round = round(1, plain);
            assertArrayEquals(
                    FedHds.on(model)
                            .template(TinyFederation.SHORT)
                            .build()
                            .extractor()
                            .extract(SAMPLES, round)
                            .toArray(),
                    plain.extractor().extract(SAMPLES, round).toArray());
        }
    }

    @Test
    void frozenFeatures_areThoseOfTheBaseInEveryRound_andComputedOnce() {
        FedHds frozen = FedHds.on(model)
                .template(TinyFederation.SHORT)
                .frozenFeatures(true)
                .build();
        FedHds tuned = FedHds.on(model).template(TinyFederation.SHORT).build();
        RoundContext round = round(1, frozen);
        float[] features = frozen.extractor().extract(SAMPLES, round).toArray();
        assertArrayEquals(
                features,
                HiddenStateExtractor.builder(model)
                        .template(TinyFederation.SHORT)
                        .tokenBudget(1) // each row alone, as a cache asks for
                        .build()
                        .extract(SAMPLES, RoundContext.first())
                        .toArray());
        RoundContext trained = new RoundContext(
                "run",
                2,
                Optional.of(ID),
                1,
                TinyModel.adapter(model.config(), frozen.lora().form(), 3),
                Map.of());
        assertArrayEquals(features, frozen.extractor().extract(SAMPLES, trained).toArray());
        assertFalse(Arrays.equals(
                features, tuned.extractor().extract(SAMPLES, trained).toArray()));
        assertEquals(
                Optional.of(new FeatureCache.Statistics(9, 9, 0, 0)),
                frozen.featureCache().map(FeatureCache::statistics));
        assertEquals("of the base model", frozen.agreedSettings().get("features"));
        assertEquals("of the tuned model", tuned.agreedSettings().get("features"));
    }

    @Test
    void featureLayers_someOfThem_areTheFirstStatesOfTheModelThatComputesThem() {
        try (LanguageModel three = TinyFederation.model(folder.resolve("three"), 2, 8, 3, 512)) {
            for (Pooling pooling : List.of(Pooling.LAST_TOKEN, Pooling.PARTS)) {
                float[] wanted = HiddenStateExtractor.builder(three)
                        .template(TinyFederation.SHORT)
                        .pooling(pooling)
                        .states(0, 1, 2)
                        .tokenBudget(1) // each row alone, as a cache asks for
                        .build()
                        .extract(SAMPLES, RoundContext.first())
                        .toArray();
                FedHds frozen = FedHds.on(three)
                        .template(TinyFederation.SHORT)
                        .pooling(pooling)
                        .featureLayers(2)
                        .frozenFeatures(true)
                        .build();
                assertArrayEquals(
                        wanted,
                        frozen.extractor().extract(SAMPLES, round(1, frozen)).toArray());
                assertEquals(
                        "of the base model, layers 1 to 2",
                        frozen.agreedSettings().get("features"));
                FedHds turbo = FedHds.on(model)
                        .template(TinyFederation.SHORT)
                        .pooling(pooling)
                        .featureModel(three)
                        .featureLayers(2)
                        .build();
                assertArrayEquals(
                        wanted,
                        turbo.extractor().extract(SAMPLES, round(1, turbo)).toArray());
                assertEquals(
                        "of the feature model, layers 1 to 2",
                        turbo.agreedSettings().get("features"));
                assertEquals(
                        9,
                        summarise(turbo, turbo.client(ID), 9, round(1, turbo)).samples());
            }
        }
    }

    /** Both caches are one: rows of different layers have different keys. */
    @Test
    void featureLayers_withOneCache_doNotMeetEachOther() {
        FeatureCache cache = FeatureCache.inMemory(1 << 20);
        RoundContext round = round(1, FedHds.on(model).build());
        FedHdsBuilder builder = FedHds.on(model).featureCache(cache).frozenFeatures(true);
        FedHds all = builder.build();
        FedHds one = builder.featureLayers(1).build();
        int width = model.config().hiddenSize();
        FeatureMatrix rows = all.extractor().extract(SAMPLES, round);
        FeatureMatrix first = one.extractor().extract(SAMPLES, round);
        assertEquals(2 * width, first.columns());
        assertEquals(new FeatureCache.Statistics(0, 18, 0, 0), cache.statistics());
        float[] row = new float[2 * width];
        float[] ofAll = new float[rows.columns()];
        for (int i = 0; i < 9; i++) {
            first.copy(i, 0, row);
            rows.copy(i, 0, ofAll);
            assertArrayEquals(Arrays.copyOf(ofAll, width), Arrays.copyOf(row, width)); // the embeddings
        }
    }

    @Test
    void featureLayers_outOfRange_namesTheModelsLayers() {
        Class<IllegalArgumentException> bad = IllegalArgumentException.class;
        int layers = model.config().layers();
        assertFails(bad, () -> FedHds.on(model).featureLayers(0), "featureLayers must be 1 or more, was 0");
        FedHdsBuilder more = FedHds.on(model).featureLayers(layers + 1);
        assertFails(bad, more::build, "at most " + layers + ", the layers of the model", "was " + (layers + 1));
        FedHdsBuilder withoutWeights = FedHds.withoutWeights(folder.resolve("model"))
                .template(TinyFederation.SHORT)
                .featureLayers(layers + 1);
        assertFails(bad, withoutWeights::build, "at most " + layers);
        FedHds full = FedHds.on(model).featureLayers(layers).build();
        assertEquals(FedHds.on(model).build().agreedSettings(), full.agreedSettings(), "all layers are the default");
        try (LanguageModel three = TinyFederation.model(folder.resolve("three"), 2, 8, 3, 512)) {
            assertEquals(
                    "of the feature model",
                    more.featureModel(three)
                            .featureLayers(3)
                            .build()
                            .agreedSettings()
                            .get("features"));
        }
    }

    @Test
    void featureCache_byDefault_isThereForAFeatureModelOnly() {
        assertEquals(Optional.empty(), FedHds.on(model).build().featureCache());
        FeatureCache given = FeatureCache.inMemory(1 << 20);
        FedHds cached = FedHds.on(model).featureCache(given).build();
        assertEquals(Optional.of(given), cached.featureCache());
        RoundContext round = round(1, cached);
        FeatureMatrix features = cached.extractor().extract(SAMPLES, round);
        assertEquals(features, cached.extractor().extract(SAMPLES, round));
        cached.extractor()
                .extract(SAMPLES, cached.server(List.of(ID), 1).build().open().contextOf(ID));
        assertEquals(new FeatureCache.Statistics(9, 18, 0, 0), given.statistics()); // another adapter, other rows
        try (LanguageModel small = TinyFederation.model(folder.resolve("small"), 2, 8, 3, 64)) {
            FedHds turbo = FedHds.on(model)
                    .template(TinyFederation.SHORT)
                    .featureModel(small)
                    .build();
            turbo.extractor().extract(SAMPLES, round);
            turbo.extractor().extract(SAMPLES, RoundContext.first());
            assertEquals(
                    Optional.of(new FeatureCache.Statistics(9, 9, 0, 0)),
                    turbo.featureCache().map(FeatureCache::statistics));
        }
    }

    /** A fusion of the application's own may depend on the round, so its points are not kept. */
    @Test
    void fusion_ofTheApplicationsOwnWithAFeatureModel_isCalledInEveryRound() {
        AtomicInteger calls = new AtomicInteger();
        try (LanguageModel small = TinyFederation.model(folder.resolve("small"), 2, 8, 3, 64)) {
            FedHds turbo = FedHds.on(model)
                    .template(TinyFederation.SHORT)
                    .featureModel(small)
                    .fusion((features, round) -> {
                        calls.incrementAndGet();
                        return TinyFederation.firstTwo(features, round);
                    })
                    .build();
            RoundContext round = round(1, turbo);
            summarise(turbo, turbo.client(ID), 4, round);
            summarise(turbo, turbo.client(ID), 4, round);
        }
        assertEquals(2, calls.get());
    }

    private static CentroidReport summarise(
            FedHds fedHds, FedHdsClientBuilder client, int samples, RoundContext round) {
        Map<String, String> agreed = fedHds.agreedSettings();
        List<Instruction> instructions = new ArrayList<>();
        for (int i = 0; i < samples; i++) {
            instructions.add(SAMPLES.get(i % SAMPLES.size()));
        }
        return client.instructions(instructions)
                .build()
                .summarise(new RoundOpening(
                        "run", 1, List.of(ID), 3, round.globalAdapter(), Map.of(), agreed, Optional.empty()));
    }

    @Test
    void client_ofDefaults_fusesByTsneToTwoAxesAndScoresByTheModel() {
        FedHds fedHds = FedHds.on(model).build();
        RoundContext round = round(1, fedHds);
        List<Candidates> seen = new ArrayList<>();
        summarise(
                fedHds,
                fedHds.client(ID).selector((candidates, context) -> {
                    seen.add(candidates);
                    return Coreset.empty();
                }),
                9,
                round);
        Points points = seen.get(0).points();
        assertEquals(2, points.dimensions());
        FeatureMatrix features = fedHds.extractor().extract(SAMPLES, round);
        assertArrayEquals(TsneFusion.builder().build().fuse(features, round).toArray(), points.toArray());
        AnswerLossScorer scorer = new AnswerLossScorer(
                model,
                new AdapterForm(LoraConfig.defaults().targetModules(), 8, 2),
                PromptTemplate.alpaca(),
                1024,
                2048);
        for (SampleScore kind : List.of(SampleScore.ANSWER_LOSS, SampleScore.ANSWER_LOSS_ALONE)) {
            assertArrayEquals(scorer.score(kind, SAMPLES, round), seen.get(0).scores(kind), kind.name());
        }
    }

    /** Points on an axis: two heaps far apart, the first half of the rows in one, the rest in the other. */
    private static Points heaps(FeatureMatrix features, RoundContext round) {
        double[] values = new double[2 * features.rows()];
        for (int i = 0; i < features.rows(); i++) {
            boolean first = i < features.rows() / 2;
            values[2 * i] = (first ? 0 : 1000) + 0.1 * i + 0.01 * i * i;
        }
        return new Points(features.rows(), 2, values);
    }

    @Test
    void client_ofDefaults_hasMinClusterSizeFiveAndTakesOneSampleAGroup() {
        FedHds fedHds = FedHds.on(model)
                .template(TinyFederation.SHORT)
                .fusion(FedHdsTest::heaps)
                .build();
        RoundContext round = round(1, fedHds);
        // Min samples are as many as the min cluster size and do not count the row itself: 5 needs heaps of 6, and 4
        // would
        // find those of 5.
        assertEquals(List.of(), summarise(fedHds, fedHds.client(ID), 10, round).centroids());
        FedHdsClientBuilder parts = fedHds.client(ID);
        CentroidReport report = summarise(fedHds, parts, 12, round);
        assertEquals(2, report.centroids().size());
        double[] heap = report.centroids().get(0).point();
        assertTrue(heap.length == 2 && (heap[0] < 10 || heap[0] > 900), "the fusion's own axes: " + heap[0]);
        FedHdsClient client = parts.build();
        RoundOpening opening =
                fedHds.server(List.of(ID), 3).runId("run").build().open();
        CentroidReport ofClient = client.summarise(opening);
        AdapterUpdate update = (AdapterUpdate)
                client.train(GroupSelection.of(ofClient, List.of(0, 1))).orElseThrow();
        assertEquals(2, update.samples());
    }

    private static FedHdsServer openServer(FedHds fedHds, double... places) {
        FedHdsServer server = fedHds.server(List.of(ID), 11).runId("run").build();
        assertEquals(11, server.open().seed());
        List<Centroid> centroids = new ArrayList<>();
        for (double place : places) {
            centroids.add(new Centroid(centroids.size(), new double[] {place, 0}));
        }
        assertTrue(server.accept(new CentroidReport("run", 1, ID, centroids)).counts());
        return server;
    }

    @Test
    void server_ofDefaults_hasMinClusterSizeTwoAndTakesOneCentroidAGroup() {
        FedHds fedHds = FedHds.on(model).build();
        GroupSelection chosen = Objects.requireNonNull(
                openServer(fedHds, 0, 1, 2, 100, 101, 102).select().get(ID));
        assertEquals(List.of(1, 4), chosen.groups(), "the middle of each three");
        GroupSelection pairs = Objects.requireNonNull(
                openServer(fedHds, 0, 1, 100, 101).select().get(ID));
        assertEquals(List.of(), pairs.groups(), "a centroid needs two others near");
        GroupSelection single =
                Objects.requireNonNull(openServer(fedHds, 0, 1, 2).select().get(ID));
        assertEquals(List.of(), single.groups(), "all centroids together are no group");
    }

    @Test
    void server_ofDefaults_startsFromAFirstAdapterAndTakesTheMeanBySamples() {
        FedHds fedHds = FedHds.on(model).build();
        List<ClientId> registered = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            registered.add(TinyFederation.id(i));
        }
        FedHdsServer server = fedHds.server(registered, 11).build();
        Adapter first = server.globalAdapter();
        assertEquals(LoraTrainer.firstAdapter(model, LoraConfig.defaults(), 11), first);
        assertNotEquals(first, fedHds.server(registered, 12).build().globalAdapter());
        assertEquals(2 * 7 * 2, first.tensors().size());
        first.tensors().forEach((name, tensor) -> {
            assertEquals(8, tensor.shape()[name.endsWith("lora_A") ? 0 : 1], name);
            assertTrue(name.endsWith("lora_A") || Arrays.equals(new float[tensor.size()], tensor.toArray()), name);
        });
        assertEquals(2, server.open().clients().size(), "a share of 0.05 of 40");

        FedHdsServer mean = fedHds.server(registered, 11)
                .runId("run")
                .sampler((all, round) -> all)
                .selector(new EverySelector())
                .build();
        mean.open();
        for (int i = 0; i < 2; i++) {
            mean.accept(new CentroidReport("run", 1, registered.get(i), List.of(new Centroid(0, new double[2]))));
        }
        mean.select();
        Adapter one = round(1, fedHds).globalAdapter();
        assertTrue(mean.accept(new AdapterUpdate("run", 1, registered.get(0), one, 3, 1))
                .counts());
        assertTrue(mean.accept(new AdapterUpdate("run", 1, registered.get(1), first, 1, 1))
                .counts());
        Adapter averaged = mean.aggregate().adapter();
        averaged.tensors().forEach((name, tensor) -> {
            float theirs = Objects.requireNonNull(one.tensors().get(name)).get(0);
            float ours = Objects.requireNonNull(first.tensors().get(name)).get(0);
            assertEquals((float) (0.75 * theirs + 0.25 * ours), tensor.get(0), 1e-7f, name);
        });
    }

    @Test
    void evaluator_ofTheSettings_usesTemplateTokensAndAdapter() {
        List<String> prompts = new ArrayList<>();
        FedHds fedHds = FedHds.on(model)
                .template(sample -> {
                    prompts.add(sample.instruction());
                    return TinyFederation.SHORT.prompt(sample);
                })
                .maxTokens(20)
                .build();
        Adapter adapter = round(1, fedHds).globalAdapter();
        AnswerEvaluator evaluator = fedHds.evaluator(4);
        AnswerEvaluator.Result base = fedHds.evaluate(evaluator, SAMPLES, Adapter.empty());
        assertEquals(9, base.answers().size());
        assertEquals(Adapter.empty().digest(), base.adapterDigest());
        assertTrue(prompts.containsAll(
                SAMPLES.stream().map(Instruction::instruction).toList()));
        AnswerEvaluator.Result tuned = fedHds.evaluate(evaluator, SAMPLES, adapter);
        assertEquals(adapter.digest(), tuned.adapterDigest());
        assertNotEquals(base.answers(), tuned.answers());
        base.answers().forEach(answer -> assertTrue(answer.length() <= 4, answer));
    }

    @Test
    void cuts_ofFeaturesAndScores_areTold() {
        List<String> told = new ArrayList<>();
        FedHds fedHds = FedHds.on(model)
                .template(TinyFederation.SHORT)
                .maxTokens(10) // a sample has 12 characters, a mark, 3 characters and an end
                .cuts(cuts -> told.add(cuts.purpose() + " " + cuts.cutPrompts() + " of " + cuts.samples()))
                .build();
        RoundContext round = round(1, fedHds);
        fedHds.extractor().extract(SAMPLES, round);
        fedHds.client(ID)
                .instructions(SAMPLES)
                .selector((candidates, context) -> {
                    candidates.scores(SampleScore.ANSWER_LOSS);
                    return new EverySelector().select(candidates, context);
                })
                .build()
                .summarise(new RoundOpening(
                        "run",
                        1,
                        List.of(ID),
                        0,
                        round.globalAdapter(),
                        Map.of(),
                        fedHds.agreedSettings(),
                        Optional.empty()));
        assertEquals(List.of("features 9 of 9", "scores 9 of 9"), told);
    }

    @Test
    void builder_wrongSettings_areNamed() {
        Class<IllegalArgumentException> bad = IllegalArgumentException.class;
        assertFails(bad, () -> FedHds.on(model).maxTokens(1).build(), "maxTokens must be 2 or more, was 1");
        assertFails(bad, () -> FedHds.on(model).learningRate(0).build(), "learningRate", "was 0");
        assertFails(bad, () -> FedHds.on(model).learningRate(Double.NaN).build(), "learningRate", "was NaN");
        assertFails(bad, () -> FedHds.on(model).learningRateDecay(1.1).build(), "learningRateDecay", "was 1.1");
        assertFails(bad, () -> FedHds.on(model).epochs(0).build(), "epochs must be 1 or more, was 0");
        assertFails(bad, () -> FedHds.on(model).batchSize(0).build(), "batchSize must be 1 or more, was 0");
        LoraConfig other = LoraConfig.defaults().withTargetModules(List.of("c_attn"));
        assertFails(bad, () -> FedHds.on(model).lora(other).build(), "c_attn is not in every layer of this model");
        assertFails(bad, () -> FedHds.on(model).build().evaluator(0), "answerTokens must be 1 or more, was 0");
    }
}
