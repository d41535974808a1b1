package io.github.fedhds.monitoring;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.ClientSampler;
import io.github.fedhds.FedHdsServer;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.aggregators.FedAvg;
import io.github.fedhds.features.FeatureCache;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.message.Centroid;
import io.github.fedhds.message.CentroidReport;
import io.github.fedhds.message.MessageKind;
import io.github.fedhds.message.Receipt;
import io.github.fedhds.message.RoundResult;
import io.github.fedhds.message.SumPart;
import io.github.fedhds.monitoring.internal.RoundJson;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.selection.EverySelector;
import io.github.fedhds.training.TrainingCounts;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Each finding in a run made for it, and runs without any. */
class DiagnosisTest {
    private static final int CLIENTS = 6;
    private static final int PARAMETERS = 1000;

    private final List<Finding> found = new ArrayList<>();

    private Diagnosis.Builder diagnosis() {
        return Diagnosis.builder().receiver(found::add);
    }

    private List<Finding.Kind> kinds() {
        return found.stream().map(Finding::kind).toList();
    }

    private static ClientId id(int client) {
        return new ClientId("client " + client);
    }

    private static Adapter adapter(IntToDoubleFunction value) {
        return new Adapter(Map.of("w", Tensor.of(new int[] {PARAMETERS}, i -> (float) value.applyAsDouble(i))));
    }

    /** A server of six clients; each run's clients are played by the tests. */
    private static final class Run {
        private final FedHdsServer server;
        private final Random random = new Random(1);
        private double common = 1;
        private double own = 1;
        private double loss = 1;
        private int[] samples = {3, 3, 3, 3, 3, 3};
        private int withGroups = CLIENTS;
        private double place = 1;

        Run(Diagnosis diagnosis) {
            server = FedHdsServer.builder()
                    .runId("run")
                    .clients(IntStream.range(0, CLIENTS)
                            .mapToObj(DiagnosisTest::id)
                            .toList())
                    .sampler(ClientSampler.uniform(1))
                    .selector(new EverySelector())
                    .aggregator(FedAvg.bySamples())
                    .initialAdapter(adapter(i -> 0))
                    .listener(diagnosis)
                    .build();
        }

        /** A round in which each update has a direction in common with the others and one of its own. */
        void round() {
            int round = server.open().round();
            Adapter global = server.globalAdapter();
            for (int client = 0; client < CLIENTS; client++) {
                List<Centroid> one =
                        client < withGroups ? List.of(new Centroid(0, new double[] {place, 0})) : List.of();
                server.accept(new CentroidReport("run", round, id(client), one));
            }
            server.select();
            for (int client = 0; client < withGroups; client++) {
                Tensor from = global.tensors().values().iterator().next();
                Adapter next = adapter(i -> from.get(i)
                        + common / Math.sqrt(PARAMETERS)
                        + own * random.nextGaussian() / Math.sqrt(PARAMETERS));
                assertTrue(server.accept(new AdapterUpdate(
                                "run", round, id(client), next, samples[client], loss, TrainingCounts.NONE, ""))
                        .counts());
            }
            server.aggregate();
        }
    }

    @Test
    void run_likeAnyOther_hasNoFinding() {
        Diagnosis diagnosis = diagnosis().plannedRounds(30).clipNorm(3).build();
        Run run = new Run(diagnosis);
        for (int round = 1; round <= 30; round++) {
            run.loss = 4 * Math.pow(0.95, round);
            run.round();
            diagnosis.scored(round, 0.9 * (1 - Math.pow(0.9, round)) - (round % 2) * 0.01);
        }
        // at round 25 the score rises by 1 % in 5 rounds; five rounds before the end nothing is said any more
        assertEquals(List.of(), found);
        assertEquals(Optional.empty(), diagnosis.notComputed());
    }

    @Test
    void loss_thatStopsFalling_isToldOnceAndOnlyWhileRoundsAreLeft() {
        Run run = new Run(diagnosis().plannedRounds(40).build());
        for (int round = 1; round <= 40; round++) {
            run.loss = round < 8 ? 10 - round : 2;
            run.round();
        }
        assertEquals(List.of(Finding.Kind.LOSS_PLATEAU), kinds());
        assertEquals(17, found.get(0).round(), "rounds 8 to 12 were as good as 13 to 17");
        assertEquals(0, found.get(0).value());

        found.clear();
        Run nearlyOver = new Run(diagnosis().plannedRounds(21).build());
        for (int round = 1; round <= 21; round++) {
            nearlyOver.loss = round < 8 ? 10 - round : 2;
            nearlyOver.round();
        }
        assertEquals(List.of(), found);
    }

    @Test
    void loss_thatNoClientReports_isNoPlateau() {
        Run run = new Run(diagnosis().build());
        run.loss = Double.NaN;
        for (int round = 1; round <= 20; round++) {
            run.round();
        }
        assertEquals(List.of(), found);
    }

    @Test
    void score_thatStopsRising_isToldAndTheLossNot() {
        Diagnosis diagnosis = diagnosis().window(3).build();
        Run run = new Run(diagnosis);
        for (int round = 1; round <= 12; round++) {
            run.loss = 1.0 / round;
            run.round();
            diagnosis.scored(round, Math.min(round, 4) / 10.0);
        }
        assertEquals(List.of(Finding.Kind.SCORE_PLATEAU), kinds());
        assertEquals(9, found.get(0).round());
    }

    @Test
    void score_thatFallsTwice_isToldWithTheBetterOfBoth() {
        Diagnosis diagnosis = diagnosis().build();
        double[] scores = {0.5, 0.8, 0.4, 0.79, 0.6, 0.7};
        for (int round = 1; round <= scores.length; round++) {
            diagnosis.scored(round, scores[round - 1]);
        }
        assertEquals(List.of(Finding.Kind.SCORE_FALLING), kinds());
        assertEquals(6, found.get(0).round());
        assertEquals(1 - 0.7 / 0.8, found.get(0).value(), 1e-12);
    }

    @Test
    void scores_zeroAndNaN_areNoFallAndRefused() {
        Diagnosis diagnosis = diagnosis().build();
        for (int round = 1; round <= 20; round++) {
            diagnosis.scored(round, 0);
        }
        assertEquals(List.of(), found, "a mean of 0 has no share that it improved by");
        assertFails(IllegalArgumentException.class, () -> diagnosis.scored(1, Double.NaN), "NaN");
    }

    @Test
    void updates_withoutACommonDirection_areToldOnce() {
        Run run = new Run(diagnosis().build());
        run.common = 0;
        run.round();
        run.round();
        assertEquals(List.of(Finding.Kind.SCATTERED_UPDATES), kinds());
        assertEquals(
                0, found.get(0).value(), 4 / Math.sqrt(15.0 * PARAMETERS), "a mean over 15 pairs of random directions");
    }

    @Test
    void updates_thatScatterLater_areNotTold() {
        Run run = new Run(diagnosis().build());
        run.round();
        run.round();
        run.round();
        run.common = 0;
        run.round();
        assertEquals(List.of(), found);
    }

    @Test
    void spread_equalsTheMeanOfAllPairs() {
        SplittableRandom random = new SplittableRandom(5);
        Adapter global = adapter(i -> random.nextGaussian());
        List<double[]> changes = new ArrayList<>();
        UpdateSpread all = new UpdateSpread(global);
        UpdateSpread some = new UpdateSpread(global, 300);
        for (int n = 0; n < 5; n++) {
            double[] change = random.doubles(PARAMETERS, -0.5, 1).toArray();
            changes.add(change);
            Tensor from = global.tensors().values().iterator().next();
            all.add(adapter(i -> from.get(i) + change[i]));
            some.add(adapter(i -> from.get(i) + change[i]));
        }
        all.add(global); // changes nothing
        double sum = 0;
        for (int a = 0; a < 5; a++) {
            for (int b = 0; b < a; b++) {
                sum += cosine(changes.get(a), changes.get(b));
            }
        }
        assertEquals(sum / 10, all.meanCosine(5).orElseThrow(), 1e-4);
        assertEquals(sum / 10, some.meanCosine(5).orElseThrow(), 0.1);
        assertEquals(OptionalDouble.empty(), all.meanCosine(6));
        assertEquals(OptionalDouble.empty(), new UpdateSpread(global).meanCosine(1));
        all.add(new Adapter(Map.of("v", new Tensor(new int[] {1}, new float[1]))));
        assertEquals(OptionalDouble.empty(), all.meanCosine(2), "adapters of other forms are not compared");
    }

    private static double cosine(double[] a, double[] b) {
        double product = 0;
        double ofA = 0;
        double ofB = 0;
        for (int i = 0; i < a.length; i++) {
            product += a[i] * b[i];
            ofA += a[i] * a[i];
            ofB += b[i] * b[i];
        }
        return product / Math.sqrt(ofA * ofB);
    }

    @Test
    void coresets_ofWhichOneHasMost_areToldWithItsName() {
        Run run = new Run(diagnosis().build());
        run.samples = new int[] {1, 1, 20, 1, 1, 1};
        run.round();
        run.round();
        assertEquals(List.of(Finding.Kind.UNEQUAL_CORESETS), kinds());
        assertEquals(List.of(id(2)), found.get(0).clients());
        assertEquals(20 / 25.0, found.get(0).value());
        assertTrue(found.get(0).what().contains("80 %") && found.get(0).what().contains("client 2"));
    }

    @Test
    void coresets_ofFewSamplesOrFewClients_areNotTold() {
        Run few = new Run(diagnosis().build());
        few.samples = new int[] {6, 1, 1, 1, 1, 1};
        few.round();
        Run two = new Run(diagnosis().withoutGroups(1).build());
        two.withGroups = 2;
        two.samples = new int[] {100, 1};
        two.round();
        assertEquals(List.of(), found);
    }

    @Test
    void clients_withoutGroups_areNamed() {
        Run run = new Run(diagnosis().build());
        run.withGroups = 4;
        run.round();
        run.round();
        assertEquals(List.of(Finding.Kind.CLIENTS_WITHOUT_GROUPS), kinds());
        assertEquals(List.of(id(4), id(5)), found.get(0).clients());
        assertEquals(2 / 6.0, found.get(0).value());
    }

    /** Random choice has no groups; by chance a client may have no sample. */
    @Test
    void clients_withoutSamplesByChance_areNotTold() {
        Run run = new Run(diagnosis().build());
        run.place = 0;
        run.withGroups = 4;
        run.round();
        assertEquals(List.of(), found);
        run.withGroups = 0;
        run.round();
        assertEquals(List.of(Finding.Kind.CLIENTS_WITHOUT_GROUPS), kinds());
    }

    @Test
    void updates_farBeyondTheClipping_areTold() {
        Run run = new Run(diagnosis().clipNorm(0.5).build());
        run.round();
        run.round();
        assertEquals(List.of(Finding.Kind.SATURATED_BOUND), kinds());
        assertEquals(1, found.get(0).value());
    }

    @Test
    void secureSum_leavesOutWhatNeedsUpdates_andSaysSo() {
        Diagnosis diagnosis = diagnosis().build();
        SumPart keys = new SumPart("run", 1, id(0), MessageKind.KEYS, Map.of(id(0), new byte[1]));
        diagnosis.answered(keys, Receipt.accepted(keys));
        assertTrue(diagnosis.notComputed().orElseThrow().contains("secure aggregation"));
    }

    @Test
    void resumed_pastFindingsAreNotToldAgain_andPastLossesCount() {
        Finding past = new Finding(Finding.Kind.UNEQUAL_CORESETS, 1, List.of(id(2)), 0.8, 0.5);
        List<RoundReport> rounds = new ArrayList<>();
        for (int round = 1; round <= 9; round++) {
            rounds.add(report(round, 2, round == 1 ? List.of(past) : List.of()));
        }
        Diagnosis diagnosis = diagnosis().build();
        diagnosis.resumed(rounds);
        Run run = new Run(diagnosis);
        run.loss = 2;
        run.samples = new int[] {1, 1, 20, 1, 1, 1};
        run.round();
        assertEquals(List.of(Finding.Kind.LOSS_PLATEAU), kinds());
    }

    private static RoundReport report(int round, double loss, List<Finding> findings) {
        return new RoundReport(
                        new RoundResult(round, Adapter.empty(), 1, 1, 1, 1, 1, 1, loss),
                        "",
                        List.of(id(0)),
                        new RoundReport.Seconds(0, 0, 0, 0, 0),
                        new RoundReport.Bytes(0, 0),
                        FeatureCache.Statistics.NONE,
                        List.of(),
                        OptionalDouble.empty())
                .withFindings(findings);
    }

    @Test
    void findings_ofARound_areReadAsWritten() {
        List<Finding> all = new ArrayList<>();
        for (Finding.Kind kind : Finding.Kind.values()) {
            all.add(new Finding(kind, 3, List.of(id(1), id(2)), 0.1 + kind.ordinal(), 0.25));
        }
        RoundReport report = report(3, 1, all);
        assertEquals(report, RoundJson.read(RoundJson.of(report)));
        assertEquals(
                List.of(), RoundJson.read(RoundJson.of(report(1, 1, List.of()))).findings());
    }

    @Test
    void finding_ofManyClients_isOneShortLine() {
        List<ClientId> many =
                IntStream.range(0, 100).mapToObj(DiagnosisTest::id).toList();
        for (Finding.Kind kind : Finding.Kind.values()) {
            String text = new Finding(kind, 1, many, 0.5, 0.25).describe();
            assertTrue(text.contains("client 4 and 95 more") && !text.contains("client 5"), text);
            assertTrue(text.length() < 500 && text.lines().count() == 1, text);
        }
        assertFails(
                IllegalArgumentException.class,
                () -> new Finding(Finding.Kind.LOSS_PLATEAU, 1, List.of(), Double.NaN, 0),
                "NaN");
        assertFails(
                IllegalArgumentException.class,
                () -> new Finding(Finding.Kind.LOSS_PLATEAU, 0, List.of(), 1, 0),
                "was 0");
    }

    @Test
    void thresholds_outOfRange_areRefused() {
        Diagnosis.Builder builder = Diagnosis.builder();
        assertFails(IllegalArgumentException.class, () -> builder.window(0), "was 0");
        assertFails(IllegalArgumentException.class, () -> builder.minClients(0), "was 0");
        assertFails(IllegalArgumentException.class, () -> builder.plannedRounds(-1), "was -1");
        assertFails(IllegalArgumentException.class, () -> builder.improvement(Double.NaN), "NaN");
        assertFails(IllegalArgumentException.class, () -> builder.fall(1.1), "1.1");
        assertFails(IllegalArgumentException.class, () -> builder.samplesOfOne(-0.1), "-0.1");
        assertFails(IllegalArgumentException.class, () -> builder.withoutGroups(2), "2");
        assertFails(IllegalArgumentException.class, () -> builder.saturated(Double.NaN), "NaN");
        assertFails(IllegalArgumentException.class, () -> builder.cosine(-2), "-2");
        assertFails(IllegalArgumentException.class, () -> builder.clipNorm(Double.POSITIVE_INFINITY), "Infinity");
    }
}
