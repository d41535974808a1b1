package io.github.fedhds;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.aggregation.Aggregation;
import io.github.fedhds.aggregation.Aggregator;
import io.github.fedhds.coreset.Coreset;
import io.github.fedhds.coreset.CoresetSelector;
import io.github.fedhds.coreset.Group;
import io.github.fedhds.coreset.SampleScore;
import io.github.fedhds.feature.FeatureExtractor;
import io.github.fedhds.feature.FeatureMatrix;
import io.github.fedhds.fusion.Fusion;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.message.Centroid;
import io.github.fedhds.message.CentroidReport;
import io.github.fedhds.message.GroupSelection;
import io.github.fedhds.message.Message;
import io.github.fedhds.message.Receipt;
import io.github.fedhds.message.Refusal;
import io.github.fedhds.message.RoundOpening;
import io.github.fedhds.message.RoundResult;
import io.github.fedhds.message.Withdrawal;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.round.RoundContext;
import io.github.fedhds.training.LocalTrainer;
import io.github.fedhds.training.TrainingResult;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class FederatedRoundTest {
    private static final ClientId A = new ClientId("a");
    private static final ClientId B = new ClientId("b");
    private static final ClientId C = new ClientId("c");
    private static final ClientId STRANGER = new ClientId("stranger");

    private static List<Instruction> instructions(String... texts) {
        List<Instruction> list = new ArrayList<>();
        for (String text : texts) {
            list.add(new Instruction(text, "", "o"));
        }
        return list;
    }

    private static FedHdsClientBuilder client(ClientId id, String... texts) {
        return FedHdsClient.builder(id)
                .instructions(instructions(texts))
                .featureExtractor(new Roles.Lengths())
                .fusion(Roles::asPoints)
                .selector(new Roles.FirstCoordinate())
                .trainer(new Roles.AddCount());
    }

    private static FedHdsServerBuilder serverBuilder() {
        return FedHdsServer.builder()
                .runId("run")
                .clients(List.of(C, A, B))
                .sampler(ClientSampler.uniform(1))
                .selector(new Roles.FirstCoordinate())
                .aggregator(new Roles.Largest())
                .initialAdapter(Roles.adapter(0, 1));
    }

    private static void assertRefused(Receipt receipt, String reason) {
        assertEquals(Receipt.Status.REFUSED, receipt.status());
        assertTrue(receipt.reason().contains(reason), receipt.reason());
    }

    @Test
    void round_withClassesOfTheUsersOwn_goesThrough() {
        FedHdsServer server = serverBuilder().settings(Map.of("lr", "1")).build();
        // Groups by length: c has {x, y} and {zz}; a has {xx}; b has none.
        List<FedHdsClient> clients = List.of(
                client(A, "xx").build(),
                client(B).build(),
                client(C, "x", "zz", "y").build());
        RoundOpening opening = server.open();
        assertEquals(List.of(C, A, B), opening.clients());
        assertEquals(Map.of("lr", "1"), opening.settings());
        Map<ClientId, CentroidReport> reports = new HashMap<>();
        for (FedHdsClient client : clients) {
            CentroidReport report = client.summarise(opening);
            reports.put(client.id(), report);
            assertEquals(Receipt.accepted(report), server.accept(report));
        }
        Map<ClientId, GroupSelection> selections = server.select();
        assertEquals(List.of(C, A, B), List.copyOf(selections.keySet()), "registered order");
        // In client order c comes first, so its groups of length 1 and 2 stand for all.
        assertEquals(GroupSelection.of(Objects.requireNonNull(reports.get(C)), List.of(0, 1)), selections.get(C));
        assertEquals(GroupSelection.of(Objects.requireNonNull(reports.get(A)), List.of()), selections.get(A));
        int updates = 0;
        for (FedHdsClient client : clients) {
            GroupSelection selection = Objects.requireNonNull(selections.get(client.id()));
            Optional<Message> update = client.train(selection);
            if (update.isPresent()) {
                updates++;
                assertEquals(2, ((AdapterUpdate) update.get()).samples());
                assertEquals(Receipt.accepted(update.get()), server.accept(update.get()));
            }
        }
        assertEquals(1, updates);
        RoundResult result = server.aggregate();
        assertEquals(new RoundResult(1, Roles.adapter(2, 3), 3, 3, 3, 2, 1, 2, 2.0), result);
        assertSame(result.adapter(), server.globalAdapter());
        assertEquals(2, server.open().round());
    }

    @Test
    void round_withLambdasForEveryRole_goesThrough() {
        FeatureExtractor extractor = (list, round) -> new FeatureMatrix(list.size(), 1, 1, new float[list.size()]);
        CoresetSelector selector = (candidates, round) -> candidates.size() == 0
                ? Coreset.empty()
                : new Coreset(List.of(new Group(0, candidates.points().point(0), new int[] {0})));
        LocalTrainer trainer =
                (list, round) -> new TrainingResult(round.globalAdapter(), list.size(), new double[] {3});
        Aggregator aggregator = (round, state) -> new Aggregation() {
            @Override
            public void accept(AdapterUpdate update) {}

            @Override
            public Adapter finish() {
                return Roles.adapter(7, 7);
            }
        };
        FedHdsServer server = serverBuilder()
                .selector(selector)
                .aggregator(aggregator)
                .dimensions(1)
                .build();
        FedHdsClient client = FedHdsClient.builder(A)
                .instructions(instructions("x", "y"))
                .featureExtractor(extractor)
                .fusion(Fusion.of(1, Roles::asPoints))
                .selector(selector)
                .trainer(trainer)
                .build();
        RoundOpening opening = server.open();
        server.accept(client.summarise(opening));
        GroupSelection selection = Objects.requireNonNull(server.select().get(A));
        AdapterUpdate update = (AdapterUpdate) client.train(selection).orElseThrow();
        assertEquals(3, update.meanLoss());
        assertTrue(server.accept(update).counts());
        assertEquals(Roles.adapter(7, 7), server.aggregate().adapter());
        assertEquals(Adapter.empty(), server.state().aggregatorState());
        assertFails(
                IllegalArgumentException.class,
                () -> aggregator.checkState(Roles.adapter(7, 7), Roles.adapter(1)),
                "keeps no state");
    }

    private static CentroidReport report(ClientId id, double... firsts) {
        List<Centroid> centroids = new ArrayList<>();
        for (double first : firsts) {
            centroids.add(new Centroid(centroids.size(), new double[] {first, 0}));
        }
        return new CentroidReport("run", 1, id, centroids);
    }

    private static AdapterUpdate update(ClientId id, int samples, float... values) {
        return new AdapterUpdate("run", 1, id, Roles.adapter(values), samples, 0.5);
    }

    @Test
    void accept_report_countsOnceAndRefusesWhatIsWrong() {
        FedHdsServer server = serverBuilder().build();
        assertRefused(server.accept(report(A, 1)), "no round is open");
        server.open();
        assertRefused(
                server.accept(new CentroidReport("other", 1, A, List.of())),
                "this run is run, the message is of other");
        assertRefused(
                server.accept(new CentroidReport("run", 2, A, List.of())),
                "round 1 is open, the message is of round 2");
        assertRefused(server.accept(report(STRANGER, 1)), "client stranger is not registered");
        assertRefused(
                server.accept(new CentroidReport("run", 1, A, List.of(new Centroid(1, new double[2])))),
                "place 0 holds group 1");
        assertRefused(
                server.accept(new CentroidReport("run", 1, A, List.of(new Centroid(0, new double[3])))),
                "centroid 0 has 3 coordinates, this run has 2");
        assertRefused(server.accept(report(A, 1, Double.NaN)), "centroid 1 is not finite");
        assertEquals(Receipt.accepted(report(A, 1)), server.accept(report(A, 1)));
        assertEquals(Receipt.alreadyHad(report(A, 1)), server.accept(report(A, 1)));
        assertRefused(server.accept(report(A, 2)), "has sent another report");
        assertRefused(server.accept(update(A, 1, 1, 1)), "takes no adapters yet");
        server.select();
        assertEquals(Receipt.alreadyHad(report(A, 1)), server.accept(report(A, 1)));
        assertRefused(server.accept(report(B, 1)), "takes no reports any more");
    }

    @Test
    void accept_update_countsOnceAndRefusesWhatIsWrong() {
        FedHdsServer server = serverBuilder().build();
        server.open();
        server.accept(report(A, 1));
        server.accept(report(C));
        server.select();
        assertRefused(server.accept(new AdapterUpdate("other", 1, A, Roles.adapter(0, 0), 1, 0)), "this run is run");
        assertRefused(server.accept(new AdapterUpdate("run", 3, A, Roles.adapter(0, 0), 1, 0)), "of round 3");
        assertRefused(server.accept(update(STRANGER, 1, 0, 0)), "client stranger is not registered");
        assertRefused(server.accept(update(B, 1, 0, 0)), "no group of client b was chosen");
        assertRefused(server.accept(update(C, 1, 0, 0)), "no group of client c was chosen");
        assertRefused(server.accept(update(A, 0, 0, 0)), "1 sample or more, was 0");
        assertRefused(server.accept(update(A, 1, 0, 0, 0)), "tensor w is Tensor[3], expected Tensor[2]");
        assertRefused(server.accept(update(A, 1, 0, Float.NaN)), "tensor w holds NaN at 1");
        assertRefused(server.accept(new AdapterUpdate("run", 1, A, Adapter.empty(), 1, 0)), "tensor w is missing");
        assertEquals(Receipt.accepted(update(A, 1, 5, 5)), server.accept(update(A, 1, 5, 5)));
        assertEquals(Receipt.alreadyHad(update(A, 1, 5, 5)), server.accept(update(A, 1, 5, 5)));
        assertRefused(server.accept(update(A, 1, 5, 6)), "has sent another adapter");
        assertRefused(server.accept(update(A, 2, 5, 5)), "has sent another adapter");
        RoundResult result = server.aggregate();
        assertEquals(1, result.updates());
        assertArrayEquals(new float[] {5, 5}, Roles.values(result.adapter()));
        assertRefused(server.accept(update(A, 1, 5, 5)), "no round is open");
    }

    @Test
    void accept_inAnyOrder_givesTheSameResult() {
        Random random = new Random(4);
        RoundResult expected = null;
        for (int trial = 0; trial < 20; trial++) {
            FedHdsServer server = serverBuilder().build();
            server.open();
            List<CentroidReport> reports = new ArrayList<>(List.of(report(A, 1, 2), report(B, 3), report(C, 4)));
            Collections.shuffle(reports, random);
            reports.forEach(server::accept);
            server.select();
            List<AdapterUpdate> updates =
                    new ArrayList<>(List.of(update(A, 3, 0.1f, 9), update(B, 5, 0.3f, 2), update(C, 7, 0.7f, 1)));
            Collections.shuffle(updates, random);
            updates.forEach(server::accept);
            RoundResult result = server.aggregate();
            expected = expected == null ? result : expected;
            assertEquals(expected, result);
        }
    }

    @Test
    void aggregate_nothingChosen_keepsTheAdapter() {
        FedHdsServer server = serverBuilder().build();
        RoundOpening opening = server.open();
        FedHdsClient empty = client(A).build();
        CentroidReport report = empty.summarise(opening);
        assertEquals(List.of(), report.centroids());
        server.accept(report);
        assertEquals(
                Optional.empty(),
                empty.train(Objects.requireNonNull(server.select().get(A))));
        RoundResult result = server.aggregate();
        assertTrue(result.isEmpty());
        assertTrue(Double.isNaN(result.meanLoss()));
        assertEquals(Roles.adapter(0, 1), result.adapter());
        // Nobody reports at all: the same.
        server.open();
        assertEquals(Map.of(), server.select());
        assertEquals(Roles.adapter(0, 1), server.aggregate().adapter());
    }

    @Test
    void steps_atTheWrongMoment_areRefused() {
        Class<IllegalStateException> kind = IllegalStateException.class;
        FedHdsServer server = serverBuilder().build();
        assertFails(kind, server::select, "select was called between two rounds");
        assertFails(kind, server::aggregate, "aggregate was called between two rounds");
        server.open();
        assertFails(kind, server::open, "open was called in step REPORTS");
        assertFails(kind, server::aggregate, "aggregate was called in step REPORTS");
        server.select();
        assertFails(kind, server::select, "select was called in step UPDATES");
        assertFails(kind, server::open, "open was called in step UPDATES");
        server.aggregate();
        assertFails(kind, server::aggregate, "between two rounds");

        FedHdsClient client = client(A, "x").build();
        GroupSelection early = new GroupSelection("run", 2, A, List.of(0), "");
        assertFails(kind, () -> client.train(early), "has not summarised round 2 of run run");
        CentroidReport report = client.summarise(server.open());
        GroupSelection selection = GroupSelection.of(report, List.of(0));
        assertTrue(client.train(selection).isPresent());
        assertFails(kind, () -> client.train(new GroupSelection("other", 2, A, List.of(0), "")), "of run other");
        assertFails(kind, () -> client.train(new GroupSelection("run", 1, A, List.of(0), "")), "round 1");
        Class<IllegalArgumentException> bad = IllegalArgumentException.class;
        assertFails(bad, () -> client.train(new GroupSelection("run", 2, B, List.of(0), "")), "for client b, not a");
        assertFails(bad, () -> client.train(GroupSelection.of(report, List.of(1))), "names group 1, client a has 1");
    }

    @Test
    void summarise_openingForOthers_isRefused() {
        FedHdsServer server = serverBuilder().build();
        FedHdsClient stranger = client(STRANGER, "x").build();
        RoundOpening opening = server.open();
        assertFails(IllegalArgumentException.class, () -> stranger.summarise(opening), "does not name client stranger");
    }

    @Test
    void summarise_badFeatures_areNamed() {
        RoundOpening opening = serverBuilder().build().open();
        FeatureExtractor bad = (list, round) -> new FeatureMatrix(2, 1, 1, new float[] {0, Float.NaN});
        assertFails(
                IllegalArgumentException.class,
                () -> client(A, "x", "y").featureExtractor(bad).build().summarise(opening),
                "features of instruction 1 of client a");
        assertFails(
                IllegalStateException.class,
                () -> client(A, "x").featureExtractor(bad).build().summarise(opening),
                "gave 2 rows for 1 instructions");
        CoresetSelector outside =
                (candidates, round) -> new Coreset(List.of(new Group(0, new double[2], new int[] {5})));
        assertFails(
                IllegalStateException.class,
                () -> client(A, "x").selector(outside).build().summarise(opening),
                "names sample 5 of client a, which has 1");
        CoresetSelector scores = (candidates, round) -> {
            assertEquals(candidates.size(), candidates.scores(SampleScore.ANSWER_LOSS).length);
            return Coreset.empty();
        };
        assertFails(
                IllegalStateException.class,
                () -> client(A, "x").selector(scores).build().summarise(opening),
                "the client has no scorer");
        assertEquals(
                List.of(),
                client(A, "x")
                        .selector(scores)
                        .scorer((kind, list, round) -> new double[1])
                        .build()
                        .summarise(opening)
                        .centroids());
    }

    @Test
    void train_nothingLearnt_withdraws() {
        RoundOpening opening = serverBuilder().build().open();
        LocalTrainer none = (list, round) -> new TrainingResult(round.globalAdapter(), 0, new double[0]);
        FedHdsClient client = client(A, "x").trainer(none).build();
        CentroidReport report = client.summarise(opening);
        Withdrawal withdrawal =
                (Withdrawal) client.train(GroupSelection.of(report, List.of(0))).orElseThrow();
        assertEquals(Refusal.NOTHING_TRAINED, withdrawal.refusal());
        assertEquals("none of the 1 chosen samples could be trained on", withdrawal.reason());
    }

    @Test
    void roles_see_theRoundOfTheirClient() {
        AtomicReference<RoundContext> seen = new AtomicReference<>(RoundContext.first());
        CoresetSelector selector = (candidates, round) -> {
            seen.set(round);
            return Coreset.empty();
        };
        RoundOpening opening = serverBuilder()
                .runId("r")
                .seed(9)
                .settings(Map.of("k", "v"))
                .build()
                .open();
        client(A, "x").selector(selector).build().summarise(opening);
        assertEquals(new RoundContext("r", 1, Optional.of(A), 9, Roles.adapter(0, 1), Map.of("k", "v")), seen.get());
    }

    @Test
    void open_samplerThatMisbehaves_isRefusedAndOrderIsThatOfRegistration() {
        assertEquals(
                List.of(C, B),
                serverBuilder()
                        .sampler((registered, round) -> List.of(B, C))
                        .build()
                        .open()
                        .clients());
        for (List<ClientId> wrong : List.of(List.<ClientId>of(), List.of(A, A), List.of(A, STRANGER))) {
            FedHdsServer server =
                    serverBuilder().sampler((registered, round) -> wrong).build();
            assertFails(IllegalStateException.class, server::open, "none twice, named " + wrong);
        }
    }

    @Test
    void builders_missingOrWrongParts_areNamed() {
        Class<NullPointerException> missing = NullPointerException.class;
        assertFails(missing, () -> FedHdsClient.builder(A).build(), "featureExtractor");
        assertFails(missing, () -> FedHdsServer.builder().build(), "clients");
        assertFails(missing, () -> FedHdsServer.builder().clients(List.of(A)).build(), "selector");
        Class<IllegalArgumentException> bad = IllegalArgumentException.class;
        assertFails(
                bad,
                () -> serverBuilder().clients(List.of()).build(),
                "clients must hold at least one client and none twice, was []");
        assertFails(
                bad, () -> serverBuilder().clients(List.of(A, A)), "at least one client and none twice, was [a, a]");
        assertFails(bad, () -> serverBuilder().runId(" "), "a run id has 1 to 200 characters");
        assertFails(bad, () -> serverBuilder().dimensions(0), "dimensions must be 1 or more, was 0");
        assertFails(
                bad,
                () -> serverBuilder().initialAdapter(Roles.adapter(Float.NaN)),
                "must be finite: tensor w holds NaN");
        assertEquals(3, client(A, "x", "y", "z").build().size());
        assertEquals(List.of(C, A, B), serverBuilder().build().clients());
    }
}
