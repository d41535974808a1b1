package io.github.fedhds;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.aggregation.Aggregation;
import io.github.fedhds.aggregation.Aggregator;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.message.Centroid;
import io.github.fedhds.message.CentroidReport;
import io.github.fedhds.message.GroupSelection;
import io.github.fedhds.message.Receipt;
import io.github.fedhds.message.Refusal;
import io.github.fedhds.message.RoundResult;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.round.RoundContext;
import io.github.fedhds.training.TrainingCounts;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Clients that are lost at any step of a round cost their own answer; too few answers, and the round is void. */
class RoundDropoutTest {
    private static final List<ClientId> REGISTERED = List.of(new ClientId("c"), new ClientId("a"), new ClientId("b"));
    private static final Adapter FIRST = Roles.adapter(0, 1);

    /** What voids and results the server told. */
    private static final class Ends implements ServerListener {
        final List<String> voids = new ArrayList<>();
        final List<RoundResult> results = new ArrayList<>();

        @Override
        public void voided(int round, String reason) {
            voids.add(round + ": " + reason);
        }

        @Override
        public void closed(RoundResult result) {
            results.add(result);
        }
    }

    private static FedHdsServerBuilder builder() {
        return FedHdsServer.builder()
                .runId("run")
                .clients(REGISTERED)
                .sampler(ClientSampler.uniform(1))
                .selector(new Roles.FirstCoordinate())
                .aggregator(new Roles.Momentum())
                .initialAdapter(FIRST);
    }

    /** Where a client is lost. */
    private enum Lost {
        AFTER_OPENING,
        AFTER_CENTROIDS,
        AFTER_SELECTION,
        NEVER;

        boolean reports() {
            return this != AFTER_OPENING;
        }

        boolean updates() {
            return this == NEVER;
        }
    }

    private static RoundResult round(FedHdsServer server, List<Lost> lost) {
        int number = server.open().round();
        for (int i = 0; i < lost.size(); i++) {
            if (lost.get(i).reports()) {
                Centroid centroid = new Centroid(0, new double[] {i, 0});
                assertTrue(server.accept(new CentroidReport("run", number, REGISTERED.get(i), List.of(centroid)))
                        .counts());
            }
        }
        Map<ClientId, GroupSelection> selections = server.select();
        for (int i = 0; i < lost.size(); i++) {
            GroupSelection selection = selections.get(REGISTERED.get(i));
            assertEquals(lost.get(i).reports(), selection != null);
            if (lost.get(i).updates()
                    && !Objects.requireNonNull(selection).groups().isEmpty()) {
                AdapterUpdate update = new AdapterUpdate("run", number, REGISTERED.get(i), Roles.adapter(i, 8), 1, i);
                assertEquals(Receipt.accepted(update), server.accept(update));
            }
        }
        return server.aggregate();
    }

    @Test
    void round_clientsLostAtAnyStep_comesToWhatTheRestMakes() {
        List<Lost> steps = List.of(Lost.values());
        int rounds = 0;
        int voids = 0;
        for (int code = 0; code < 64; code++) {
            List<Lost> lost = List.of(steps.get(code % 4), steps.get(code / 4 % 4), steps.get(code / 16));
            int reports = (int) lost.stream().filter(Lost::reports).count();
            int updates = (int) lost.stream().filter(Lost::updates).count();
            for (int least = 0; least <= 3; least++) {
                for (double share : new double[] {0, 1 / 3.0, 0.5, 1}) {
                    Ends ends = new Ends();
                    FedHdsServer server = builder()
                            .minAnswers(least)
                            .minShare(share)
                            .listener(ends)
                            .build();
                    RoundResult result = round(server, lost);
                    String of = lost + " of " + least + " and " + share + ": " + result;

                    boolean fewReports = reports < Math.max(least, Math.ceil(share * 3));
                    boolean fewUpdates = updates < Math.max(least, Math.ceil(share * reports));
                    assertEquals(fewReports || fewUpdates, result.isVoid(), of);
                    assertEquals(reports, result.reports(), of);
                    assertEquals(fewReports ? 0 : updates, result.updates(), of);
                    assertEquals(fewReports || fewUpdates || updates == 0, result.isEmpty(), of);
                    assertEquals(result.isEmpty(), server.globalAdapter().equals(FIRST), of);
                    assertEquals(result.adapter(), server.globalAdapter(), of);
                    // The rule is told of a round that counts, of no other.
                    assertEquals(
                            result.isEmpty(), server.state().aggregatorState().isEmpty(), of);
                    assertEquals(List.of(result), ends.results, of);
                    assertEquals(
                            result.voidReason()
                                    .map(reason -> List.of("1: " + reason))
                                    .orElse(List.of()),
                            ends.voids,
                            of);

                    // The next round goes on as if that one had never been, but for its number.
                    if (result.isEmpty()) {
                        RoundResult next = round(server, List.of(Lost.NEVER, Lost.NEVER, Lost.NEVER));
                        FedHdsServer fresh = builder().build();
                        RoundResult alone = round(fresh, List.of(Lost.NEVER, Lost.NEVER, Lost.NEVER));
                        assertEquals(2, next.round());
                        assertEquals(alone.adapter().digest(), next.adapter().digest(), of);
                    }
                    rounds++;
                    voids += result.isVoid() ? 1 : 0;
                }
            }
        }
        assertTrue(rounds == 1024 && voids > 300 && voids < 900, rounds + " rounds, " + voids + " void");
    }

    @Test
    void select_tooFewReports_choosesNothingAndSaysWhy() {
        FedHdsServer server = builder().minShare(0.5).build();
        RoundResult result = round(server, List.of(Lost.NEVER, Lost.AFTER_OPENING, Lost.AFTER_OPENING));
        assertEquals(
                new RoundResult(
                        1,
                        FIRST,
                        3,
                        1,
                        1,
                        0,
                        0,
                        0,
                        Double.NaN,
                        0,
                        TrainingCounts.NONE,
                        Optional.of("1 reports came of 3 clients asked, and the round needs 2")),
                result);
    }

    @Test
    void select_groupsOfTooFewClients_isVoidBeforeAnyoneTrains() {
        FedHdsServer server = builder().minAnswers(2).build();
        server.open();
        for (ClientId id : REGISTERED) { // all alike: the first one's stands for all
            server.accept(new CentroidReport("run", 1, id, List.of(new Centroid(0, new double[2]))));
        }
        server.select().values().forEach(selection -> assertEquals(List.of(), selection.groups()));
        Receipt receipt = server.accept(new AdapterUpdate("run", 1, REGISTERED.get(0), FIRST, 1, 0));
        assertEquals(Optional.of(Refusal.NOT_CHOSEN), receipt.refusal());
        assertEquals(
                Optional.of("groups of 1 clients were chosen, and the round needs the updates of 2"),
                server.aggregate().voidReason());
    }

    @Test
    void aggregate_tooFewUpdates_keepsAdapterAndRuleAndSaysWhy() {
        FedHdsServer server = builder().minAnswers(2).build();
        RoundResult result = round(server, List.of(Lost.NEVER, Lost.AFTER_SELECTION, Lost.AFTER_CENTROIDS));
        assertEquals(Optional.of("1 updates came of 3 clients asked, and the round needs 2"), result.voidReason());
        assertEquals(1, result.updates());
        assertEquals(FIRST, result.adapter());
        assertEquals(new ServerState("run", 0, 1, REGISTERED, Map.of(), FIRST, Adapter.empty()), server.state());
    }

    private static final class NeedsTwo implements Aggregator {
        @Override
        public Aggregation open(RoundContext round, Adapter state) {
            return new Roles.Mean().open(round, state);
        }

        @Override
        public int leastUpdates() {
            return 2;
        }

        @Override
        public String toString() {
            return "a rule of two";
        }
    }

    @Test
    void round_fewerUpdatesThanTheRuleNeeds_isVoid() {
        FedHdsServer server = builder().aggregator(new NeedsTwo()).build();
        assertEquals(
                Optional.of("groups of 1 clients were chosen, and the round needs the updates of 2"),
                round(server, List.of(Lost.NEVER, Lost.AFTER_OPENING, Lost.AFTER_OPENING))
                        .voidReason());
        assertEquals(
                Optional.of("1 updates came of 2 clients asked, and the round needs 2"),
                round(server, List.of(Lost.NEVER, Lost.AFTER_OPENING, Lost.AFTER_SELECTION))
                        .voidReason());
        assertEquals(
                Optional.of("0 updates came of 3 clients asked, and the round needs 2"),
                round(server, List.of(Lost.AFTER_SELECTION, Lost.AFTER_SELECTION, Lost.AFTER_SELECTION))
                        .voidReason());
        RoundResult none = round(server, List.of(Lost.AFTER_OPENING, Lost.AFTER_OPENING, Lost.AFTER_OPENING));
        assertTrue(none.isEmpty() && !none.isVoid(), "nobody was asked");
        assertEquals(FIRST, server.globalAdapter());
        assertFalse(round(server, List.of(Lost.NEVER, Lost.NEVER, Lost.AFTER_SELECTION))
                .isEmpty());
    }

    @Test
    void round_nothingChosen_isEmptyAndNotVoid() {
        FedHdsServer server = builder().minShare(1).build();
        server.open();
        for (ClientId id : REGISTERED) {
            server.accept(new CentroidReport("run", 1, id, List.of()));
        }
        server.select();
        RoundResult result = server.aggregate();
        assertTrue(result.isEmpty());
        assertFalse(result.isVoid());
    }

    @Test
    void open_samplerNamesFewerThanMustAnswer_isRefusedAndMayBeCalledAgain() {
        Map<Integer, Integer> calls = new HashMap<>();
        FedHdsServer server = builder()
                .minAnswers(2)
                .sampler((clients, round) -> clients.subList(0, calls.merge(0, 1, Integer::sum)))
                .build();
        assertFails(IllegalStateException.class, server::open, "names 1 client, and a round needs the answers of 2");
        assertEquals(1, server.open().round());
    }

    @Test
    void open_samplerNamesFewerThanTheRuleNeeds_isRefusedBeforeAnyoneWorks() {
        FedHdsServer server = builder()
                .aggregator(new NeedsTwo())
                .sampler((clients, round) -> clients.subList(0, 1))
                .build();
        assertFails(
                IllegalStateException.class,
                server::open,
                "names 1 client, and the aggregator a rule of two needs the updates of 2");
    }

    @Test
    void build_clientsThatCanNeverAnswerEnough_isRefused() {
        Class<IllegalArgumentException> bad = IllegalArgumentException.class;
        assertFails(bad, () -> builder().minAnswers(4).build(), "the server has 3 clients", "the answers of 4");
        FedHdsServerBuilder one = builder().clients(REGISTERED.subList(0, 1)).aggregator(new NeedsTwo());
        assertFails(
                bad, one::build, "the server has 1 client, and the aggregator a rule of two needs the updates of 2");
    }

    private static Limits limits(int minAnswers, double minShare) {
        return new Limits(1, 1, 1, 1, 1, minAnswers, minShare);
    }

    @Test
    void builder_leastAnswersOutOfRange_areRefused() {
        Class<IllegalArgumentException> bad = IllegalArgumentException.class;
        assertFails(bad, () -> builder().minAnswers(-1), "minAnswers must be 0 or more, was -1");
        for (double share : new double[] {-0.1, 1.1, Double.NaN}) {
            assertFails(bad, () -> builder().minShare(share), "minShare must be 0 to 1, was " + share);
        }
        assertEquals(7, limits(0, 0.07).answersOf(100), "0.07 * 100 is 7.000000000000001");
        assertEquals(8, limits(0, 0.0701).answersOf(100));
        assertEquals(5, limits(5, 0.5).answersOf(3));
        assertEquals(0, limits(0, 1).answersOf(0));
    }
}
