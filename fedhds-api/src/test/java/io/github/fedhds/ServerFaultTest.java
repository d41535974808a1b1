package io.github.fedhds;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.aggregation.Aggregation;
import io.github.fedhds.aggregation.Aggregator;
import io.github.fedhds.coreset.Coreset;
import io.github.fedhds.coreset.CoresetSelector;
import io.github.fedhds.coreset.Group;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.message.Centroid;
import io.github.fedhds.message.CentroidReport;
import io.github.fedhds.message.GroupSelection;
import io.github.fedhds.message.Receipt;
import io.github.fedhds.message.Refusal;
import io.github.fedhds.message.RoundResult;
import io.github.fedhds.round.ClientId;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** A part of the application's that fails, or a message that lies, costs a message or a round, never the server. */
class ServerFaultTest {
    private static final Class<IllegalStateException> STATE = IllegalStateException.class;
    private static final ClientId A = new ClientId("a");
    private static final ClientId B = new ClientId("b");
    private static final ClientId C = new ClientId("c");

    private static FedHdsServerBuilder builder() {
        return FedHdsServer.builder()
                .runId("run")
                .clients(List.of(C, A, B))
                .sampler(ClientSampler.uniform(1))
                .selector(new Roles.FirstCoordinate())
                .aggregator(new Roles.Mean())
                .initialAdapter(Roles.adapter(0, 1));
    }

    private static CentroidReport report(int round, ClientId id, double... firsts) {
        List<Centroid> centroids = new ArrayList<>();
        for (double first : firsts) {
            centroids.add(new Centroid(centroids.size(), new double[] {first, 0}));
        }
        return new CentroidReport("run", round, id, centroids);
    }

    private static AdapterUpdate update(int round, ClientId id, int samples, double loss, float... values) {
        return new AdapterUpdate("run", round, id, Roles.adapter(values), samples, loss);
    }

    private static void assertAccepted(Receipt receipt) {
        assertEquals(Receipt.Status.ACCEPTED, receipt.status(), receipt.reason());
    }

    private static void assertRefused(Receipt receipt, String reason) {
        assertEquals(Receipt.Status.REFUSED, receipt.status());
        assertTrue(receipt.reason().contains(reason), receipt.reason());
    }

    /** Opens a round of three clients with a group each, all chosen. */
    private static int openToUpdates(FedHdsServer server) {
        int round = server.open().round();
        assertAccepted(server.accept(report(round, A, 1)));
        assertAccepted(server.accept(report(round, B, 2)));
        assertAccepted(server.accept(report(round, C, 3)));
        server.select();
        return round;
    }

    /** The next round goes through as if nothing had been. */
    private static void assertGoesOn(FedHdsServer server, int round) {
        assertEquals(round, openToUpdates(server));
        assertAccepted(server.accept(update(round, A, 1, 2, 4, 4)));
        assertAccepted(server.accept(update(round, B, 3, 2, 8, 8)));
        RoundResult result = server.aggregate();
        assertEquals(new RoundResult(round, Roles.adapter(7, 7), 3, 3, 3, 3, 2, 4, 2), result);
        assertSame(result.adapter(), server.globalAdapter());
    }

    @Test
    void open_samplerThrows_leavesNoRoundOpen() {
        AtomicBoolean fails = new AtomicBoolean(true);
        FedHdsServer server = builder()
                .sampler((registered, round) -> {
                    if (fails.get()) {
                        throw new UnsupportedOperationException("no list of clients");
                    }
                    return registered;
                })
                .build();
        assertFails(UnsupportedOperationException.class, server::open, "no list of clients");
        assertFails(STATE, server::select, "between two rounds");
        assertRefused(server.accept(report(1, A, 1)), "no round is open");
        fails.set(false);
        assertGoesOn(server, 1);
    }

    @Test
    void select_selectorThrows_canBeCalledAgain() {
        AtomicBoolean fails = new AtomicBoolean(true);
        CoresetSelector selector = (candidates, round) -> {
            if (fails.getAndSet(false)) {
                throw new UnsupportedOperationException("no clusters today");
            }
            return new Roles.FirstCoordinate().select(candidates, round);
        };
        FedHdsServer server = builder().selector(selector).build();
        server.open();
        assertAccepted(server.accept(report(1, A, 1)));
        assertFails(UnsupportedOperationException.class, server::select, "no clusters today");
        assertRefused(server.accept(update(1, A, 1, 0, 1, 1)), "the groups are not chosen");
        assertAccepted(server.accept(report(1, C, 5)));
        assertEquals(List.of(C, A), List.copyOf(server.select().keySet()));
        assertAccepted(server.accept(update(1, C, 1, 0, 1, 1)));
        assertEquals(1, server.aggregate().updates());
    }

    @Test
    void select_aggregatorCannotOpen_canBeCalledAgainAndKeepsRegistrationOrder() {
        AtomicBoolean fails = new AtomicBoolean(true);
        FedHdsServer server = builder()
                .aggregator((round, state) -> {
                    if (fails.getAndSet(false)) {
                        throw new UnsupportedOperationException("no memory for sums");
                    }
                    return new Roles.Mean().open(round, state);
                })
                .build();
        server.open();
        server.accept(report(1, A, 1));
        assertFails(UnsupportedOperationException.class, server::select, "no memory for sums");
        assertAccepted(server.accept(report(1, C, 5))); // first in the registered clients, second to come
        assertEquals(List.of(C, A), List.copyOf(server.select().keySet()));
        assertEquals(2, server.aggregate().chosen());
    }

    @Test
    void select_selectorNamesACentroidThatIsNotThere_canBeAbandoned() {
        CoresetSelector wrong = (candidates, round) -> round.round() == 1
                ? new Coreset(List.of(new Group(0, new double[2], new int[] {1})))
                : new Roles.FirstCoordinate().select(candidates, round);
        FedHdsServer server = builder().selector(wrong).build();
        server.open();
        server.accept(report(1, A, 1));
        assertFails(STATE, server::select, "names centroid 1, there are 1");
        assertFails(STATE, server::select, "names centroid 1, there are 1");
        server.abandon();
        assertEquals(Roles.adapter(0, 1), server.globalAdapter());
        assertGoesOn(server, 2);
    }

    @Test
    void abandon_atAnyStep_closesTheRoundAndKeepsTheAdapter() {
        FedHdsServer server = builder().build();
        server.abandon();
        server.open();
        server.abandon();
        assertRefused(server.accept(report(1, A, 1)), "no round is open");
        assertEquals(2, server.open().round());
        assertRefused(server.accept(report(1, A, 1)), "round 2 is open, the message is of round 1");
        server.accept(report(2, A, 1));
        server.select();
        assertAccepted(server.accept(update(2, A, 1, 1, 9, 9)));
        server.abandon();
        server.abandon();
        assertFails(STATE, server::aggregate, "between two rounds");
        assertRefused(server.accept(update(2, A, 1, 1, 9, 9)), "no round is open");
        assertEquals(Roles.adapter(0, 1), server.globalAdapter());
        assertGoesOn(server, 3);
    }

    /** The mean, except that round 1 ends in another way. */
    private static Aggregator endingIn(UnaryOperator<Adapter> end) {
        return (round, state) -> {
            Aggregation mean = new Roles.Mean().open(round, state);
            return round.round() > 1
                    ? mean
                    : new Aggregation() {
                        @Override
                        public void accept(AdapterUpdate update) {
                            mean.accept(update);
                        }

                        @Override
                        public Adapter finish() {
                            return end.apply(mean.finish());
                        }
                    };
        };
    }

    private static void assertRoundIsLost(Aggregator aggregator, String... parts) {
        FedHdsServer server = builder().aggregator(aggregator).build();
        openToUpdates(server);
        assertAccepted(server.accept(update(1, A, 1, 1, 5, 5)));
        String message = assertFails(STATE, server::aggregate, parts);
        assertTrue( // a lambda has no name of its own
                message.startsWith(
                        "the aggregator failed in round 1; the round is closed and the adapter is the old one"),
                message);
        assertEquals(Roles.adapter(0, 1), server.globalAdapter());
        assertFails(STATE, server::aggregate, "between two rounds");
        assertGoesOn(server, 2);
    }

    @Test
    void aggregate_aggregatorFails_keepsTheAdapterAndGoesOn() {
        assertRoundIsLost(
                endingIn(mean -> {
                    throw new ArithmeticException("root of a negative number");
                }),
                "ArithmeticException: root of a negative number");
        assertRoundIsLost(endingIn(mean -> Roles.adapter(1, 2, 3)), "tensor w is Tensor[3], expected Tensor[2]");
        assertRoundIsLost(endingIn(mean -> Adapter.empty()), "tensor w is missing");
        assertRoundIsLost(endingIn(mean -> Roles.adapter(1, Float.NaN)), "tensor w holds NaN at 1");
        assertRoundIsLost(endingIn(mean -> Roles.adapter(Float.NEGATIVE_INFINITY, 1)), "holds -Infinity at 0");
    }

    @Test
    void aggregate_aggregatorThatWouldFailButHasNothing_keepsTheAdapter() {
        FedHdsServer server = builder()
                .aggregator(endingIn(mean -> {
                    throw new ArithmeticException("nothing to divide");
                }))
                .build();
        openToUpdates(server);
        assertTrue(server.aggregate().isEmpty());
        assertGoesOn(server, 2);
    }

    /** The mean, which in round 1 meets client a with an exception, after the sums have changed. */
    private static Aggregator failingOnA(RuntimeException failure) {
        return (round, state) -> {
            Aggregation mean = new Roles.Mean().open(round, state);
            return new Aggregation() {
                @Override
                public void accept(AdapterUpdate update) {
                    if (round.round() == 1 && update.client().equals(A)) {
                        throw failure;
                    }
                    mean.accept(update);
                }

                @Override
                public Adapter finish() {
                    return mean.finish();
                }
            };
        };
    }

    @Test
    void accept_updateThatTheAggregatorDoesNotTake_isRefusedAlone() {
        FedHdsServer server = builder()
                .aggregator(failingOnA(new IllegalArgumentException("norm 12 is above 10")))
                .build();
        openToUpdates(server);
        assertAccepted(server.accept(update(1, B, 1, 1, 5, 5)));
        assertRefused(server.accept(update(1, A, 1, 1, 9, 9)), "norm 12 is above 10");
        assertAccepted(server.accept(update(1, C, 1, 1, 7, 7)));
        RoundResult result = server.aggregate();
        assertEquals(2, result.updates());
        assertEquals(Roles.adapter(6, 6), result.adapter());
    }

    @Test
    void accept_updateOverWhichTheAggregatorFails_givesUpTheRound() {
        FedHdsServer server = builder()
                .aggregator(failingOnA(new ArithmeticException("half added")))
                .build();
        openToUpdates(server);
        assertAccepted(server.accept(update(1, B, 1, 1, 5, 5)));
        assertRefused(server.accept(update(1, A, 1, 1, 9, 9)), "half added");
        assertRefused(server.accept(update(1, C, 1, 1, 7, 7)), "half added");
        assertEquals(Receipt.alreadyHad(update(1, B, 1, 1, 5, 5)), server.accept(update(1, B, 1, 1, 5, 5)));
        assertFails(STATE, server::aggregate, "in round 1", "half added");
        assertEquals(Roles.adapter(0, 1), server.globalAdapter());
        assertGoesOn(server, 2);
    }

    @Test
    void aggregate_lossesThatAreNotFinite_areLeftOutOfTheMean() {
        FedHdsServer server = builder().build();
        openToUpdates(server);
        assertAccepted(server.accept(update(1, A, 3, Double.NaN, 4, 4)));
        assertEquals(
                Receipt.alreadyHad(update(1, A, 3, Double.NaN, 4, 4)),
                server.accept(update(1, A, 3, Double.NaN, 4, 4)));
        assertAccepted(server.accept(update(1, B, 1, 2, 8, 8)));
        assertAccepted(server.accept(update(1, C, 4, Double.POSITIVE_INFINITY, 8, 8)));
        RoundResult result = server.aggregate();
        assertEquals(new RoundResult(1, Roles.adapter(6.5f, 6.5f), 3, 3, 3, 3, 3, 8, 2), result);
        openToUpdates(server);
        assertAccepted(server.accept(update(2, A, 3, Double.NaN, 4, 4)));
        assertTrue(Double.isNaN(server.aggregate().meanLoss()));
        openToUpdates(server);
        assertAccepted(server.accept(update(3, A, 10, 1e308, 4, 4)));
        assertAccepted(server.accept(update(3, B, 10, 1e308, 4, 4)));
        assertAccepted(server.accept(update(3, C, 20, -1e308, 4, 4)));
        assertEquals(0, server.aggregate().meanLoss(), "no sum overflows");
        openToUpdates(server);
        for (ClientId id : List.of(A, B, C)) {
            assertAccepted(server.accept(update(4, id, 10, Double.MAX_VALUE, 4, 4)));
        }
        assertTrue(Double.isFinite(server.aggregate().meanLoss()));
    }

    @Test
    void build_ruleThatAnotherServerHasUsed_beginsAnew() {
        Roles.Momentum rule = new Roles.Momentum();
        List<RoundResult> results = new ArrayList<>();
        for (int run = 0; run < 2; run++) {
            FedHdsServer server = builder().aggregator(rule).build();
            openToUpdates(server);
            assertAccepted(server.accept(update(1, A, 1, 1, 4, 4)));
            results.add(server.aggregate());
        }
        assertEquals(results.get(0), results.get(1));
    }

    @Test
    void accept_absurdNumberOfSamples_overflowsNothing() {
        FedHdsServer server = builder()
                .maxSamples(Integer.MAX_VALUE)
                .maxNorm(Double.POSITIVE_INFINITY)
                .build();
        openToUpdates(server);
        for (ClientId id : List.of(A, B, C)) {
            assertAccepted(server.accept(update(1, id, Integer.MAX_VALUE, 3, Float.MAX_VALUE, -2)));
        }
        RoundResult result = server.aggregate();
        assertEquals(3L * Integer.MAX_VALUE, result.samples());
        assertEquals(3, result.meanLoss());
        assertEquals(Roles.adapter(Float.MAX_VALUE, -2), result.adapter());
        openToUpdates(server);
        assertRefused(server.accept(update(2, A, Integer.MIN_VALUE, 3, 1, 1)), "1 sample or more, was -2147483648");
    }

    @Test
    void accept_moreCentroidsThanAllowed_isRefused() {
        FedHdsServer server = builder().maxCentroids(2).build();
        server.open();
        assertRefused(server.accept(report(1, A, 1, 2, 3)), "client a sends 3 centroids, this server takes at most 2");
        assertAccepted(server.accept(report(1, A, 1, 2)));
        FedHdsServer standard = builder().build();
        standard.open();
        assertAccepted(standard.accept(report(1, A, new double[8192])));
        assertRefused(standard.accept(report(1, B, new double[8193])), "takes at most 8192");
        assertFails(IllegalArgumentException.class, () -> builder().maxCentroids(0), "1 or more, was 0");
    }

    @Test
    void accept_coordinatesTooFarOff_isRefused() {
        FedHdsServer server = builder().maxCoordinate(50).build();
        server.open();
        Receipt receipt = server.accept(report(1, A, 1, -51));
        assertRefused(receipt, "centroid 1 of client a has a coordinate of -51.0, this server takes at most 50.0");
        assertEquals(Optional.of(Refusal.TOO_FAR), receipt.refusal());
        assertAccepted(server.accept(report(1, A, 50, -50)));
        FedHdsServer standard = builder().build();
        standard.open();
        assertRefused(standard.accept(report(1, A, 1e308)), "at most 1.0E9");
        for (double most : new double[] {0, -1, Double.NaN}) {
            assertFails(IllegalArgumentException.class, () -> builder().maxCoordinate(most), "above 0, was " + most);
        }
    }

    @Test
    void select_moreGroupsOfAClientThanAllowed_takesTheFirst() {
        FedHdsServer server = builder().maxGroups(2).build();
        server.open();
        server.accept(report(1, A, 5, 6, 7, 8));
        server.accept(report(1, B, 9));
        Map<ClientId, GroupSelection> selections = server.select();
        assertEquals(List.of(0, 1), Objects.requireNonNull(selections.get(A)).groups());
        assertEquals(List.of(0), Objects.requireNonNull(selections.get(B)).groups());
        assertEquals(3, server.aggregate().chosen());
        assertFails(IllegalArgumentException.class, () -> builder().maxGroups(0), "1 or more, was 0");
    }

    @Test
    void accept_fromManyThreads_givesTheSameResult() throws Exception {
        Random random = new Random(5);
        ExecutorService pool = Executors.newFixedThreadPool(4);
        try {
            for (int trial = 0; trial < 50; trial++) {
                FedHdsServer server = builder().build();
                server.open();
                List<Callable<Receipt>> messages = new ArrayList<>();
                for (ClientId id : List.of(A, B, C, A, B, C)) {
                    messages.add(() -> server.accept(report(1, id, id.value().charAt(0))));
                }
                Collections.shuffle(messages, random);
                pool.invokeAll(messages);
                assertEquals(3, server.select().size());
                messages.clear();
                for (ClientId id : List.of(A, B, C, A, B, C)) {
                    float value = id.value().charAt(0) / 7f;
                    messages.add(() -> server.accept(update(1, id, id.value().charAt(0), 1, value, -value)));
                }
                Collections.shuffle(messages, random);
                pool.invokeAll(messages);
                RoundResult result = server.aggregate();
                assertEquals(3, result.updates());
                float mean = (97 * 97 + 98 * 98 + 99 * 99) / 7f / (97 + 98 + 99);
                assertEquals(mean, Roles.values(result.adapter())[0], 1e-5f);
            }
        } finally {
            pool.shutdown();
        }
    }
}
