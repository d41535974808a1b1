package io.github.fedhds;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.feature.FeatureExtractor;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.message.CentroidReport;
import io.github.fedhds.message.GroupSelection;
import io.github.fedhds.message.RoundOpening;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.training.TrainingCounts;
import io.github.fedhds.training.TrainingResult;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** What a client makes of messages that come twice, late or from a server that has started again, and of failing roles. */
class ClientFaultTest {
    private final Map<String, CentroidReport> reports = new HashMap<>();

    private static final ClientId A = new ClientId("a");

    private final AtomicInteger extractions = new AtomicInteger();

    private FedHdsClientBuilder client() {
        FeatureExtractor counted = (list, round) -> {
            extractions.incrementAndGet();
            return new Roles.Lengths().extract(list, round);
        };
        return FedHdsClient.builder(A)
                .instructions(List.of(new Instruction("x", "", "o"), new Instruction("yy", "", "o")))
                .featureExtractor(counted)
                .fusion(Roles::asPoints)
                .selector(new Roles.FirstCoordinate())
                .listener(new ClientListener() {
                    @Override
                    public void summarised(RoundOpening opening, CentroidReport report) {
                        reports.put(report.runId() + report.round(), report);
                    }
                })
                .trainer(new Roles.AddCount());
    }

    private static RoundOpening opening(String run, int round, float value) {
        return new RoundOpening(run, round, List.of(A), 0, Roles.adapter(value), Map.of());
    }

    /** The choice among the groups of the newest report of that round, or of a report of nobody. */
    private GroupSelection selection(String run, int round, Integer... groups) {
        CentroidReport report = reports.getOrDefault(run + round, new CentroidReport(run, round, A, List.of()));
        return GroupSelection.of(report, List.of(groups));
    }

    private static float trained(FedHdsClient client, GroupSelection selection) {
        return Roles.values(((AdapterUpdate) client.train(selection).orElseThrow()).adapter())[0];
    }

    @Test
    void summarise_sameOpeningAgain_givesTheSameReportWithoutWork() {
        FedHdsClient client = client().build();
        CentroidReport report = client.summarise(opening("run", 1, 0));
        assertSame(report, client.summarise(opening("run", 1, 0)));
        assertEquals(1, extractions.get());
        assertSame(
                client.train(selection("run", 1, 1)).orElseThrow(),
                client.train(selection("run", 1, 1)).orElseThrow());
    }

    @Test
    void summarise_serverStartedAgainWithAnotherAdapter_worksAnew() {
        FedHdsClient client = client().build();
        client.summarise(opening("run", 1, 0));
        client.summarise(opening("run", 2, 5));
        client.summarise(opening("run", 1, 7)); // back to round 1, say from a checkpoint of another place
        assertEquals(3, extractions.get());
        assertEquals(8, trained(client, selection("run", 1, 0)));
        assertEquals(6, trained(client, selection("run", 2, 0)));
    }

    @Test
    void summarise_oldOpeningComesLate_doesNotLoseTheNewestRound() {
        FedHdsClient client = client().build();
        client.summarise(opening("run", 1, 0));
        client.summarise(opening("run", 2, 1));
        client.summarise(opening("run", 3, 2));
        client.summarise(opening("run", 1, 0));
        assertEquals(4, trained(client, selection("run", 3, 0, 1)));
        assertFails(
                IllegalStateException.class,
                () -> client.train(selection("run", 2, 0)),
                "client a has not summarised round 2 of run run, or two openings since");
    }

    @Test
    void summarise_severalOldOpeningsComeLate_doesNotLoseTheNewestRound() {
        FedHdsClient client = client().build();
        for (int round : new int[] {5, 1, 2, 4, 3}) {
            client.summarise(opening("run", round, round));
        }
        assertEquals(6, trained(client, selection("run", 5, 0)));
        assertEquals(4, trained(client, selection("run", 3, 0)), "and the last one");
        client.summarise(opening("other", 1, 20));
        assertEquals(6, trained(client, selection("run", 5, 0)));
        assertEquals(21, trained(client, selection("other", 1, 0)));
        client.summarise(opening("run", 1, 1));
        client.summarise(opening("run", 2, 2));
        assertEquals(21, trained(client, selection("other", 1, 0)), "late openings of an old run");
    }

    @Test
    void summarise_ofTwoRunsInTurn_keepsThemApart() {
        FedHdsClient client = client().build();
        client.summarise(opening("p", 1, 10));
        client.summarise(opening("q", 1, 20));
        assertEquals(11, trained(client, selection("p", 1, 0)));
        assertEquals(21, trained(client, selection("q", 1, 0)));
    }

    @Test
    void summarise_roleThrows_leavesTheClientAsItWas() {
        AtomicBoolean fails = new AtomicBoolean();
        FedHdsClient client = client().aroundFeatureExtractor(inner -> (list, round) -> {
                    if (fails.get()) {
                        throw new UnsupportedOperationException("out of memory");
                    }
                    return inner.extract(list, round);
                })
                .build();
        client.summarise(opening("run", 1, 0));
        fails.set(true);
        assertFails(UnsupportedOperationException.class, () -> client.summarise(opening("run", 2, 1)), "out of memory");
        assertEquals(1, trained(client, selection("run", 1, 0)));
        assertFails(IllegalStateException.class, () -> client.train(selection("run", 2, 0)), "round 2");
        fails.set(false);
        client.summarise(opening("run", 2, 1));
        assertEquals(2, trained(client, selection("run", 2, 0)));
    }

    @Test
    void train_trainerThrows_canBeTriedAgain() {
        AtomicBoolean fails = new AtomicBoolean(true);
        FedHdsClient client = client().aroundTrainer(inner -> (list, round) -> {
                    if (fails.getAndSet(false)) {
                        throw new UnsupportedOperationException("device is busy");
                    }
                    return inner.train(list, round);
                })
                .build();
        client.summarise(opening("run", 1, 0));
        GroupSelection selection = selection("run", 1, 0, 1);
        assertFails(UnsupportedOperationException.class, () -> client.train(selection), "device is busy");
        AdapterUpdate update = (AdapterUpdate) client.train(selection).orElseThrow();
        assertEquals(2, update.samples());
    }

    @Test
    void train_withoutASingleStep_sendsNoLoss() {
        FedHdsClient client = client().trainer(
                        (list, round) -> new TrainingResult(round.globalAdapter(), list.size(), new double[0], 2, 0, 0))
                .build();
        client.summarise(opening("run", 1, 0));
        AdapterUpdate update =
                (AdapterUpdate) client.train(selection("run", 1, 0)).orElseThrow();
        assertTrue(Double.isNaN(update.meanLoss()));
        assertEquals(new TrainingCounts(2, 0, 0), update.counts());
    }

    @Test
    void around_severalTimes_nestsAndNeedsARoleFirst() {
        List<String> calls = new ArrayList<>();
        FedHdsClient client = client().aroundTrainer(inner -> (list, round) -> {
                    calls.add("inner");
                    return inner.train(list, round);
                })
                .aroundTrainer(inner -> (list, round) -> {
                    calls.add("outer");
                    return inner.train(list, round);
                })
                .build();
        client.summarise(opening("run", 1, 0));
        assertEquals(1, trained(client, selection("run", 1, 0)));
        assertEquals(List.of("outer", "inner"), calls);
        FedHdsClientBuilder bare = FedHdsClient.builder(A);
        Class<NullPointerException> missing = NullPointerException.class;
        assertFails(missing, () -> bare.aroundTrainer(inner -> inner), "a client needs a trainer");
        assertFails(missing, () -> bare.aroundFeatureExtractor(inner -> inner), "a client needs a featureExtractor");
    }
}
