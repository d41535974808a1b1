package io.github.fedhds.simulation;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.aggregators.FedAvg;
import io.github.fedhds.coreset.Coreset;
import io.github.fedhds.coreset.SampleScore;
import io.github.fedhds.feature.FeatureExtractor;
import io.github.fedhds.feature.FeatureMatrix;
import io.github.fedhds.features.FeatureCache;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.lora.LoraTrainer;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.message.CentroidReport;
import io.github.fedhds.message.GroupSelection;
import io.github.fedhds.message.Receipt;
import io.github.fedhds.message.RoundOpening;
import io.github.fedhds.message.RoundResult;
import io.github.fedhds.monitoring.RoundListener;
import io.github.fedhds.monitoring.RoundReport;
import io.github.fedhds.reduction.TsneFusion;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.round.RoundContext;
import io.github.fedhds.selection.EverySelector;
import io.github.fedhds.selection.KCenterSelector;
import io.github.fedhds.selection.RandomSelector;
import io.github.fedhds.setup.FedHds;
import io.github.fedhds.setup.FedHdsBuilder;
import io.github.fedhds.training.LocalTrainer;
import io.github.fedhds.training.TrainingResult;
import io.github.fedhds.transformer.LanguageModel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whole runs on a tiny model. */
class FederationTest {
    @TempDir
    @SuppressWarnings("NullAway.Init") // set by JUnit
    static Path folder;

    @SuppressWarnings("NullAway.Init") // set before all tests
    private static LanguageModel model;

    @SuppressWarnings("NullAway.Init") // set before all tests
    private static FedHds fedHds;

    @BeforeAll
    static void load() {
        model = TinyFederation.model(folder.resolve("model"), 1, 16, 2, 128);
        fedHds = paper().build();
    }

    @AfterAll
    static void close() {
        model.close();
    }

    private static FedHdsBuilder paper() {
        return FedHds.on(model)
                .epochs(1)
                .template(TinyFederation.SHORT)
                .learningRate(0.01)
                .fusion(TsneFusion.builder().perplexity(5).build());
    }

    private static Federation.Builder federation(int... sizes) {
        return Federation.builder(fedHds)
                .clients(TinyFederation.clients(sizes))
                .activeShare(1)
                .seed(7);
    }

    @Test
    void run_anyNumberOfClientsAtATime_givesTheSameBytes() {
        List<List<RoundReport>> runs = new ArrayList<>();
        List<String> digests = new ArrayList<>();
        for (int parallel = 1; parallel <= 3; parallel++) {
            Federation federation = federation(24, 21, 0, 27, 24, 30, 22)
                    .activeShare(0.8)
                    // HDBSCAN of 12 centroids may choose none, depending on the last bits of the features.
                    .serverSettings(server -> server.selector(KCenterSelector.count(3)))
                    .rounds(3)
                    .parallelClients(parallel)
                    .build();
            runs.add(TinyFederation.withoutSeconds(federation.run()));
            digests.add(federation.adapter().digest());
        }
        assertEquals(runs.get(0), runs.get(1));
        assertEquals(runs.get(0), runs.get(2));
        assertEquals(List.of(digests.get(0), digests.get(0), digests.get(0)), digests);
        // In each round groups are found, some are chosen, and adapters are trained on their samples.
        List<RoundResult> results = TinyFederation.results(runs.get(0));
        assertTrue(results.stream().allMatch(r -> r.chosen() == 3 && r.centroids() > 3), results.toString());
        assertTrue(results.stream().allMatch(r -> r.updates() > 0 && r.samples() == 3), results.toString());
        assertEquals(digests.get(0), runs.get(0).get(2).adapterSha256(), "the adapter is the one of the last round");
    }

    @Test
    void run_anotherSeed_givesOtherBytes() {
        Federation one =
                federation(21, 21).clientSettings(TinyFederation::light).build();
        Federation same =
                federation(21, 21).clientSettings(TinyFederation::light).build();
        Federation other =
                federation(21, 21).clientSettings(TinyFederation::light).seed(8).build();
        assertEquals(one.adapter().digest(), same.adapter().digest());
        assertNotEquals(one.adapter().digest(), other.adapter().digest());
        assertEquals(TinyFederation.withoutSeconds(one.run()), TinyFederation.withoutSeconds(same.run()));
        other.run();
        assertEquals(one.adapter().digest(), same.adapter().digest());
        assertNotEquals(one.adapter().digest(), other.adapter().digest());
    }

    @Test
    void run_again_goesOnWhereItEnded() {
        Federation twice = federation(15, 15)
                .clientSettings(TinyFederation::light)
                .rounds(2)
                .build();
        List<RoundReport> reports = new ArrayList<>(twice.run());
        reports.addAll(twice.run());
        Federation once = federation(15, 15)
                .clientSettings(TinyFederation::light)
                .rounds(4)
                .build();
        assertEquals(TinyFederation.withoutSeconds(once.run()), TinyFederation.withoutSeconds(reports));
        assertEquals(once.adapter(), twice.adapter());
    }

    @Test
    void run_shareOfClients_isThatManyInRegistrationOrder() {
        int[] sizes = new int[7];
        Map<Double, Integer> wanted = Map.of(0.05, 1, 0.3, 2, 0.5, 3, 1.0, 7);
        wanted.forEach((share, count) -> {
            List<RoundReport> reports =
                    federation(sizes).activeShare(share).rounds(4).build().run();
            for (RoundReport report : reports) {
                assertEquals(count, report.clients().size(), "share " + share);
                assertEquals(count, report.result().clients());
                assertEquals(report.clients().stream().sorted().distinct().toList(), report.clients());
            }
        });
        assertEquals(
                1,
                Federation.builder(fedHds)
                        .clients(TinyFederation.clients(sizes))
                        .build()
                        .run()
                        .get(0)
                        .clients()
                        .size(),
                "0.05 by default, and one round");
    }

    @Test
    void run_clientsWithTooFewInstructions_takePartWithoutCentroids() {
        List<CentroidReport> reports = new ArrayList<>();
        Federation federation = federation(0, 1, 2, 3)
                .listener(new RoundListener() {
                    @Override
                    public void received(CentroidReport report, Receipt receipt) {
                        assertEquals(Receipt.accepted(report), receipt);
                        reports.add(report);
                    }
                })
                .build();
        RoundResult result = federation.run().get(0).result();
        assertEquals(4, reports.size());
        reports.forEach(report -> assertEquals(List.of(), report.centroids()));
        assertEquals(4, result.reports());
        assertTrue(result.isEmpty());
    }

    @Test
    void run_allClientsEmpty_keepsTheFirstAdapter() {
        Federation federation = federation(0, 0, 0).rounds(3).build();
        Adapter first = federation.adapter();
        int round = 0;
        for (RoundReport report : federation.run()) {
            RoundResult result = report.result();
            assertEquals(new RoundResult(++round, Adapter.empty(), 3, 3, 0, 0, 0, 0, Double.NaN), result);
            assertEquals(first.digest(), report.adapterSha256());
            assertTrue(result.isEmpty());
        }
        assertEquals(first, federation.adapter());
        assertEquals(LoraTrainer.firstAdapter(model, fedHds.lora(), 7), first);
    }

    @Test
    void run_serverChoosesNothing_keepsTheAdapter() {
        Federation federation = federation(21, 21)
                .clientSettings(TinyFederation::light)
                .serverSettings(server -> server.selector((candidates, round) -> Coreset.empty()))
                .rounds(2)
                .build();
        Adapter first = federation.adapter();
        for (RoundResult result : TinyFederation.results(federation.run())) {
            assertTrue(result.isEmpty() && result.chosen() == 0 && result.centroids() > 0, result.toString());
        }
        assertEquals(first, federation.adapter());
    }

    @Test
    void run_fullData_trainsOnEverySample() {
        Federation federation = federation(4, 0, 7)
                .clientSettings(client -> client.selector(new EverySelector()))
                .serverSettings(server -> server.selector(new EverySelector()))
                .build();
        Adapter first = federation.adapter();
        RoundResult result = federation.run().get(0).result();
        assertEquals(3, result.reports());
        assertEquals(2, result.centroids());
        assertEquals(2, result.chosen());
        assertEquals(2, result.updates());
        assertEquals(11, result.samples());
        assertNotEquals(first, federation.adapter());
    }

    @Test
    void run_randomChoice_trainsOnThatManySamples() {
        Federation federation = federation(9, 2, 12)
                .clientSettings(client -> client.selector(RandomSelector.count(3)))
                .serverSettings(server -> server.selector(new EverySelector()))
                .rounds(2)
                .build();
        for (RoundResult result : TinyFederation.results(federation.run())) {
            assertEquals(3 + 2 + 3, result.samples());
            assertEquals(3, result.updates());
        }
        RoundResult onlyOne = federation(9, 9, 9)
                .clientSettings(client -> client.selector(RandomSelector.share(0.5)))
                .serverSettings(server -> server.selector(RandomSelector.count(1)))
                .build()
                .run()
                .get(0)
                .result();
        assertEquals(1, onlyOne.updates());
        assertEquals(4, onlyOne.samples());
    }

    /** Writes down every call. */
    private static final class Diary implements RoundListener {
        final List<String> lines = new ArrayList<>();

        @Override
        public void opened(RoundOpening opening) {
            lines.add("opened " + opening.round());
        }

        @Override
        public void received(CentroidReport report, Receipt receipt) {
            lines.add("summarised " + report.client() + " " + receipt.status());
        }

        @Override
        public void selected(int round, Map<ClientId, GroupSelection> selections) {
            lines.add("selected " + round + " "
                    + selections.values().stream()
                            .mapToInt(selection -> selection.groups().size())
                            .sum());
        }

        @Override
        public void received(AdapterUpdate update, Receipt receipt) {
            lines.add("trained " + update.round() + " " + update.client() + " " + update.samples() + " "
                    + receipt.status());
        }

        @Override
        public void closed(RoundReport report) {
            lines.add(
                    "closed " + report.result().round() + " " + report.result().updates());
        }
    }

    @Test
    void listener_ofARun_hearsEachStepInRegistrationOrder() {
        for (int parallel : new int[] {1, 3}) {
            Diary diary = new Diary();
            federation(4, 0, 5)
                    .clientSettings(client -> client.selector(new EverySelector()))
                    .serverSettings(server -> server.selector(new EverySelector()))
                    .rounds(2)
                    .parallelClients(parallel)
                    .listener(diary)
                    .build()
                    .run();
            List<String> wanted = new ArrayList<>();
            for (int round = 1; round <= 2; round++) {
                wanted.add("opened " + round);
                for (int client = 0; client < 3; client++) {
                    wanted.add("summarised client " + client + " ACCEPTED");
                }
                wanted.add("selected " + round + " 2");
                wanted.add("trained " + round + " client 0 4 ACCEPTED");
                wanted.add("trained " + round + " client 2 5 ACCEPTED");
                wanted.add("closed " + round + " 2");
            }
            assertEquals(wanted, diary.lines);
        }
    }

    @Test
    void report_ofARound_countsCutAndSkippedSamplesAndTime() {
        Map<ClientId, List<Instruction>> data = Map.of(
                TinyFederation.id(0),
                List.of(
                        new Instruction("x", "y".repeat(200), "z"),
                        new Instruction("x", "y", "z".repeat(200)),
                        new Instruction("x", "y", "z")));
        RoundReport report = Federation.builder(fedHds)
                .clients(data)
                .clientSettings(client -> client.selector((candidates, round) -> {
                    assertEquals(3, candidates.points().size()); // so that features are asked for
                    return new EverySelector().select(candidates, round);
                }))
                .serverSettings(server -> server.selector(new EverySelector()))
                .build()
                .run()
                .get(0);
        assertEquals(1, report.result().counts().cutPrompts());
        assertEquals(1, report.result().counts().skippedTooLong());
        assertEquals(0, report.result().counts().skippedNonFinite());
        assertEquals(2, report.result().samples());
        RoundReport.Seconds seconds = report.seconds();
        double sum = seconds.features() + seconds.selection() + seconds.training() + seconds.aggregation();
        assertTrue(seconds.features() > 0 && seconds.selection() > 0 && seconds.training() > 0, seconds.toString());
        assertTrue(seconds.aggregation() > 0 && sum <= seconds.wall(), seconds.toString());
    }

    /** A role of the user's own, as a class. */
    private static final class Still implements LocalTrainer, FeatureExtractor {
        final AtomicInteger extracted = new AtomicInteger();
        final AtomicInteger trained = new AtomicInteger();

        @Override
        public FeatureMatrix extract(List<Instruction> instructions, RoundContext round) {
            extracted.addAndGet(instructions.size());
            return TinyFederation.characters(instructions);
        }

        @Override
        public TrainingResult train(List<Instruction> instructions, RoundContext round) {
            trained.addAndGet(instructions.size());
            return new TrainingResult(round.globalAdapter(), instructions.size(), new double[] {2}, 1, 2, 3);
        }
    }

    @Test
    void clientSettings_classesAndLambdas_replaceEachRole() {
        Still still = new Still();
        AtomicInteger fused = new AtomicInteger();
        AtomicInteger scored = new AtomicInteger();
        Diary diary = new Diary();
        Federation federation = federation(6, 8)
                .clientSettings(client -> client.featureExtractor(still)
                        .fusion((features, round) -> {
                            fused.addAndGet(features.rows());
                            return TinyFederation.firstTwo(features, round);
                        })
                        .scorer((kind, list, round) -> {
                            scored.addAndGet(list.size());
                            return new double[list.size()];
                        })
                        .selector((candidates, round) -> {
                            candidates.points();
                            candidates.scores(SampleScore.ANSWER_LOSS);
                            return new EverySelector().select(candidates, round);
                        })
                        .trainer(still))
                .serverSettings(server -> server.selector(new EverySelector()))
                .listener(diary)
                .build();
        RoundReport report = federation.run().get(0);
        assertEquals(14, still.extracted.get());
        assertEquals(14, fused.get());
        assertEquals(14, scored.get());
        assertEquals(14, still.trained.get());
        // The user's trainer counts like the library's own.
        assertEquals(2, report.result().updates());
        assertEquals(14, report.result().samples());
        assertEquals(2, report.result().meanLoss());
        assertEquals(2, report.result().counts().skippedNonFinite());
        assertEquals(4, report.result().counts().skippedTooLong());
        assertEquals(6, report.result().counts().cutPrompts());
        assertTrue(report.seconds().features() > 0);
        assertTrue(diary.lines.contains("trained 1 client 1 8 ACCEPTED"), diary.lines.toString());

        LocalTrainer zero = (list, round) -> new TrainingResult(round.globalAdapter(), 0, new double[0]);
        RoundResult nothing = federation(6, 8)
                .clientSettings(client -> client.selector(new EverySelector()).trainer(zero))
                .serverSettings(server -> server.selector(new EverySelector()))
                .build()
                .run()
                .get(0)
                .result();
        assertTrue(nothing.isEmpty());
    }

    @Test
    void serverSettings_classesAndLambdas_replaceEachRole() {
        AtomicInteger opened = new AtomicInteger();
        ClientId second = TinyFederation.id(1);
        RoundReport report = federation(5, 6, 7)
                .clientSettings(client -> client.selector(new EverySelector()))
                .serverSettings(server -> server.sampler((registered, round) -> List.of(second))
                        .selector(new EverySelector())
                        .runId("mine")
                        .settings(Map.of("k", "v"))
                        .aggregator((round, state) -> {
                            opened.incrementAndGet();
                            assertEquals("mine", round.runId());
                            assertEquals(Map.of("k", "v"), round.settings());
                            return FedAvg.equally().open(round, state);
                        }))
                .build()
                .run()
                .get(0);
        assertEquals(List.of(second), report.clients());
        assertEquals(6, report.result().samples());
        assertEquals(1, opened.get());
    }

    @Test
    void run_turbo_groupsByTheOtherModelAndTrainsTheFirst() {
        try (LanguageModel small = TinyFederation.model(folder.resolve("small"), 2, 8, 3, 64)) {
            FedHds turbo = paper().featureModel(small).build();
            List<Integer> columns = new ArrayList<>();
            Federation federation = Federation.builder(turbo)
                    .clients(TinyFederation.clients(24, 24))
                    .activeShare(1)
                    .clientSettings(client -> client.aroundFeatureExtractor(inner -> (list, round) -> {
                        FeatureMatrix features = inner.extract(list, round);
                        columns.add(features.columns());
                        return features;
                    }))
                    .serverSettings(server -> server.selector(new EverySelector()))
                    .build();
            Adapter first = federation.adapter();
            RoundResult result = federation.run().get(0).result();
            assertEquals(List.of(4 * 8, 4 * 8), columns);
            assertTrue(result.updates() > 0, result.toString());
            assertEquals(Optional.empty(), first.differenceInForm(federation.adapter()));
            assertNotEquals(first, federation.adapter());
        }
    }

    /** Two clients hold the same instructions, and every client is active in every round. */
    @Test
    void run_turboOverRounds_computesNoRowTwiceWithAnyNumberOfClientsAtATime() {
        Map<ClientId, List<Instruction>> clients = new LinkedHashMap<>(TinyFederation.clients(24, 30));
        clients.put(TinyFederation.id(2), List.copyOf(clients.values()).get(0));
        long distinct =
                clients.values().stream().flatMap(List::stream).distinct().count();
        List<List<RoundReport>> runs = new ArrayList<>();
        try (LanguageModel small = TinyFederation.model(folder.resolve("small"), 2, 8, 3, 64)) {
            for (int parallel : new int[] {1, 4}) {
                runs.add(Federation.builder(paper().featureModel(small).build())
                        .clients(clients)
                        .activeShare(1)
                        .rounds(3)
                        .parallelClients(parallel)
                        .serverSettings(server -> server.selector(new EverySelector()))
                        .build()
                        .run());
            }
        }
        List<RoundReport> reports = runs.get(0);
        assertEquals(
                new FeatureCache.Statistics(78 - distinct, distinct, 0, 0),
                reports.get(0).featureRows());
        for (RoundReport later : reports.subList(1, 3)) {
            assertEquals(new FeatureCache.Statistics(78, 0, 0, 0), later.featureRows());
        }
        assertEquals(TinyFederation.withoutSeconds(reports), TinyFederation.withoutSeconds(runs.get(1)));
    }

    @Test
    void builder_wrongSettings_areNamed() {
        Class<IllegalArgumentException> bad = IllegalArgumentException.class;
        Federation.Builder builder = federation(1, 1);
        assertFails(bad, () -> builder.rounds(0), "rounds must be 1 or more, was 0");
        assertFails(bad, () -> builder.parallelClients(0), "parallelClients must be 1 or more, was 0");
        assertFails(bad, () -> builder.client(TinyFederation.id(1), List.of()), "client client 1 was added before");
        assertFails(bad, () -> builder.clients(TinyFederation.clients(1)), "client client 0 was added before");
        assertFails(bad, () -> Federation.builder(fedHds).build(), "at least one client");
        for (double share : new double[] {0, -1, 1.01, Double.NaN}) {
            assertFails(
                    bad,
                    () -> federation(1).activeShare(share).build(),
                    "activeShare must be above 0 and at most 1",
                    "was " + share);
        }
    }
}
