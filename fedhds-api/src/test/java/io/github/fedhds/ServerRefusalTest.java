package io.github.fedhds;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.aggregation.Aggregation;
import io.github.fedhds.aggregation.Aggregator;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.message.Centroid;
import io.github.fedhds.message.CentroidReport;
import io.github.fedhds.message.GroupSelection;
import io.github.fedhds.message.Receipt;
import io.github.fedhds.message.Refusal;
import io.github.fedhds.message.RoundOpening;
import io.github.fedhds.message.RoundResult;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.round.RoundContext;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.Test;

/** Each refusal has its type and its words, is told to the listener, and costs nothing but its message. */
class ServerRefusalTest {
    private static final ClientId A = new ClientId("a");
    private static final ClientId B = new ClientId("b");
    private static final ClientId C = new ClientId("c");
    private static final ClientId RESTING = new ClientId("resting");
    private static final ClientId STRANGER = new ClientId("stranger");

    /** All that is told, in words. */
    private static final class Told implements ServerListener {
        final List<String> events = new ArrayList<>();
        final Set<Refusal> refusals = new TreeSet<>();

        @Override
        public void opened(RoundOpening opening) {
            events.add("opened " + opening.round());
        }

        @Override
        public void received(CentroidReport report, Receipt receipt) {
            events.add("report of " + report.client() + " " + receipt.status());
            receipt.refusal().ifPresent(refusals::add);
        }

        @Override
        public void selected(int round, Map<ClientId, GroupSelection> selections) {
            events.add("selected " + round + " " + selections.keySet());
        }

        @Override
        public void received(AdapterUpdate update, Receipt receipt) {
            events.add("update of " + update.client() + " " + receipt.status());
            receipt.refusal().ifPresent(refusals::add);
        }

        @Override
        public void voided(int round, String reason) {
            events.add("voided " + round + " " + reason);
        }

        @Override
        public void closed(RoundResult result) {
            events.add("closed " + result.round());
        }
    }

    private final Told told = new Told();

    private FedHdsServerBuilder builder() {
        return FedHdsServer.builder()
                .runId("run")
                .clients(List.of(C, A, RESTING, B))
                .sampler((registered, round) -> List.of(C, A, B))
                .selector(new Roles.FirstCoordinate())
                .aggregator(new Roles.Mean())
                .initialAdapter(Roles.adapter(0, 1))
                .maxCentroids(2)
                .maxSamples(10)
                .maxNorm(100)
                .listener(told);
    }

    private static CentroidReport report(int round, ClientId id, double... firsts) {
        List<Centroid> centroids = new ArrayList<>();
        for (double first : firsts) {
            centroids.add(new Centroid(centroids.size(), new double[] {first, 0}));
        }
        return new CentroidReport("run", round, id, centroids);
    }

    private static CentroidReport centroids(Centroid... centroids) {
        return new CentroidReport("run", 1, A, List.of(centroids));
    }

    private static AdapterUpdate update(int round, ClientId id, int samples, float... values) {
        return new AdapterUpdate("run", round, id, Roles.adapter(values), samples, 0.5);
    }

    private void assertRefused(Refusal refusal, String reason, Receipt receipt) {
        assertEquals(Receipt.Status.REFUSED, receipt.status(), reason);
        assertEquals(Optional.of(refusal), receipt.refusal(), receipt.reason());
        assertTrue(receipt.reason().contains(reason), receipt.reason());
        assertTrue(told.events.get(told.events.size() - 1).endsWith("REFUSED"), told.events.toString());
    }

    @Test
    void accept_everyRefusalByType_costsOnlyItsMessage() {
        // The aggregator takes all but 7 samples, and fails over 8.
        Aggregator aggregator = (round, state) -> {
            Aggregation mean = new Roles.Mean().open(round, state);
            return new Aggregation() {
                @Override
                public void accept(AdapterUpdate update) {
                    if (update.samples() == 7) {
                        throw new IllegalArgumentException("seven");
                    }
                    if (update.samples() == 8) {
                        throw new ArithmeticException("eight");
                    }
                    mean.accept(update);
                }

                @Override
                public Adapter finish() {
                    return mean.finish();
                }
            };
        };
        FedHdsServer server = builder().aggregator(aggregator).build();
        assertRefused(
                Refusal.UNKNOWN_ROUND, "no round is open; the message is of round 1", server.accept(report(1, A)));
        server.open();
        assertRefused(
                Refusal.UNKNOWN_RUN,
                "this run is run, the message is of Run",
                server.accept(new CentroidReport("Run", 1, A, List.of())));
        for (int round : new int[] {Integer.MIN_VALUE, -1, 0, 2, Integer.MAX_VALUE}) {
            assertRefused(Refusal.UNKNOWN_ROUND, "is of round " + round, server.accept(report(round, A)));
        }
        assertRefused(Refusal.UNKNOWN_CLIENT, "client stranger is not registered", server.accept(report(1, STRANGER)));
        assertRefused(Refusal.NOT_IN_ROUND, "does not name client resting", server.accept(report(1, RESTING)));
        assertRefused(Refusal.TOO_MANY, "sends 3 centroids", server.accept(report(1, A, 1, 2, 3)));
        assertRefused(
                Refusal.WRONG_GROUPS,
                "place 0 holds group 1",
                server.accept(centroids(new Centroid(1, new double[2]))));
        assertRefused(
                Refusal.WRONG_SHAPE,
                "centroid 0 has 3 coordinates, this run has 2",
                server.accept(centroids(new Centroid(0, new double[3]))));
        assertRefused(
                Refusal.WRONG_SHAPE,
                "set FedHdsServerBuilder.dimensions to the clients' Fusion.dimensions",
                server.accept(centroids(new Centroid(0, new double[1]))));
        assertRefused(
                Refusal.SAMPLES,
                "says that it holds 11 samples, this server takes at most 10",
                server.accept(new CentroidReport("run", 1, A, List.of(), 11, "")));
        for (double bad : new double[] {Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY}) {
            assertRefused(Refusal.NOT_FINITE, "centroid 1 is not finite", server.accept(report(1, A, 1, bad)));
        }
        assertRefused(Refusal.EARLY, "takes no adapters yet", server.accept(update(1, A, 1, 0, 0)));
        // A refused message keeps no key: A may mend its report.
        assertEquals(Receipt.accepted(report(1, A, 1)), server.accept(report(1, A, 1)));
        assertRefused(Refusal.CONFLICTING, "has sent another report", server.accept(report(1, A, 2)));
        assertRefused(Refusal.CONFLICTING, "has sent another report", server.accept(report(1, A, Double.NaN)));
        assertEquals(Receipt.alreadyHad(report(1, A, 1)), server.accept(report(1, A, 1)));
        server.accept(report(1, C, 3));
        server.select();

        assertRefused(Refusal.LATE, "takes no reports any more", server.accept(report(1, B, 2)));
        assertRefused(Refusal.NOT_CHOSEN, "no group of client b was chosen", server.accept(update(1, B, 1, 0, 0)));
        for (int samples : new int[] {0, -1, Integer.MIN_VALUE}) {
            assertRefused(
                    Refusal.SAMPLES, "1 sample or more, was " + samples, server.accept(update(1, A, samples, 0, 0)));
        }
        for (int samples : new int[] {11, Integer.MAX_VALUE}) {
            assertRefused(
                    Refusal.SAMPLES,
                    "claims " + samples + " samples, this server takes at most 10",
                    server.accept(update(1, A, samples, 0, 0)));
        }
        assertRefused(Refusal.WRONG_SHAPE, "tensor w is Tensor[3]", server.accept(update(1, A, 1, 0, 0, 0)));
        Tensor w = new Tensor(new int[] {2}, new float[2]);
        for (Adapter adapter :
                List.of(Adapter.empty(), new Adapter(Map.of("v", w)), new Adapter(Map.of("v", w, "w", w)))) {
            assertRefused(Refusal.WRONG_NAMES, "tensor ", server.accept(new AdapterUpdate("run", 1, A, adapter, 1, 0)));
        }
        for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
            assertRefused(
                    Refusal.NOT_FINITE, "tensor w holds " + bad + " at 1", server.accept(update(1, A, 1, 0, bad)));
        }
        assertRefused(
                Refusal.TOO_FAR,
                "is 100.125 from the global one, this server takes at most 100.0",
                server.accept(update(1, A, 1, 0, 101.125f)));
        assertRefused(
                Refusal.TOO_FAR, "this server takes", server.accept(update(1, A, 1, Float.MAX_VALUE, Float.MAX_VALUE)));
        assertRefused(Refusal.RULE, "the aggregator does not take it: seven", server.accept(update(1, A, 7, 0, 0)));
        assertEquals(
                Receipt.accepted(update(1, A, 10, 100, 1)),
                server.accept(update(1, A, 10, 100, 1)),
                "just within the limits");
        assertRefused(Refusal.CONFLICTING, "has sent another adapter", server.accept(update(1, A, 10, 100, 2)));
        assertRefused(Refusal.CONFLICTING, "has sent another adapter", server.accept(update(1, A, 9, 100, 1)));
        assertEquals(Receipt.alreadyHad(update(1, A, 10, 100, 1)), server.accept(update(1, A, 10, 100, 1)));
        RoundResult result = server.aggregate();
        assertEquals(new RoundResult(1, Roles.adapter(100, 1), 3, 2, 2, 2, 1, 10, 0.5), result);

        assertRefused(
                Refusal.LATE, "no round is open; the message is of round 1", server.accept(update(1, A, 1, 0, 0)));
        server.open();
        assertRefused(Refusal.LATE, "round 2 is open, the message is of round 1", server.accept(report(1, A, 1)));
        server.accept(report(2, A, 1));
        server.accept(report(2, B, 2));
        server.select();
        assertRefused(Refusal.FAILED, "failed in round 2", server.accept(update(2, A, 8, 100, 1)));
        assertRefused(Refusal.FAILED, "ArithmeticException: eight", server.accept(update(2, B, 1, 100, 1)));
        assertFails(IllegalStateException.class, server::aggregate, "failed in round 2");
        assertTrue(
                told.events.get(told.events.size() - 1).startsWith("voided 2 the aggregator"), told.events.toString());
        assertEquals(Refusals.ofServer(), told.refusals, "every type was met");
    }

    @Test
    void accept_ruleThatLooksAtUpdatesItself_decidesFormAndIsNamed() {
        Aggregator rule = new Aggregator() {
            @Override
            public Aggregation open(RoundContext round, Adapter state) {
                return new Roles.Largest().open(round, state);
            }

            @Override
            public Optional<String> refusal(Adapter globalAdapter, Adapter update) {
                if (update.isEmpty()) {
                    throw new ArithmeticException("nothing there");
                }
                return Roles.values(update)[0] < 0 ? Optional.of("negative") : Optional.empty();
            }
        };
        FedHdsServer server = builder().aggregator(rule).build();
        server.open();
        server.accept(report(1, A, 1));
        server.select();
        assertRefused(Refusal.RULE, "negative", server.accept(update(1, A, 1, -1, 0)));
        assertRefused(Refusal.WRONG_SHAPE, "negative", server.accept(update(1, A, 1, -1)));
        assertRefused(
                Refusal.RULE,
                "ArithmeticException: nothing there",
                server.accept(new AdapterUpdate("run", 1, A, Adapter.empty(), 1, 0)));
        // A rule that overlooks a NaN: the norm does not.
        assertRefused(Refusal.TOO_FAR, "is NaN from the global one", server.accept(update(1, A, 1, 0, Float.NaN)));
        assertEquals(
                Receipt.accepted(update(1, A, 1, 3, 4, 5)),
                server.accept(update(1, A, 1, 3, 4, 5)),
                "another form, and the rule takes it");
    }

    @Test
    void receipt_ofARefusalOnly_namesOne() {
        Optional<ClientId> none = Optional.empty();
        Class<IllegalArgumentException> bad = IllegalArgumentException.class;
        assertFails(
                bad,
                () -> new Receipt("r", 1, none, Optional.empty(), Receipt.Status.REFUSED, Optional.empty(), ""),
                "was REFUSED");
        assertFails(
                bad,
                () -> new Receipt(
                        "r", 1, none, Optional.empty(), Receipt.Status.ACCEPTED, Optional.of(Refusal.LATE), ""),
                "was ACCEPTED");
    }

    @Test
    void builder_limitsOutOfRange_areRefused() {
        Class<IllegalArgumentException> bad = IllegalArgumentException.class;
        assertFails(bad, () -> builder().maxSamples(0), "maxSamples must be 1 or more, was 0");
        for (double norm : new double[] {0, -1, Double.NaN}) {
            assertFails(bad, () -> builder().maxNorm(norm), "maxNorm must be above 0, was " + norm);
        }
    }

    @Test
    void accept_withTheDefaults_takesAMillionSamplesAndANormOfAMillion() {
        FedHdsServer server = FedHdsServer.builder()
                .runId("run")
                .clients(List.of(A))
                .selector(new Roles.FirstCoordinate())
                .aggregator(new Roles.Mean())
                .initialAdapter(Roles.adapter(0))
                .listener(told)
                .build();
        server.open();
        server.accept(report(1, A, 1));
        server.select();
        assertRefused(Refusal.SAMPLES, "at most 1000000", server.accept(update(1, A, 1_000_001, 1)));
        assertRefused(Refusal.TOO_FAR, "at most 1000000.0", server.accept(update(1, A, 1, 1_000_001)));
        assertEquals(Receipt.accepted(update(1, A, 1_000_000, 1e6f)), server.accept(update(1, A, 1_000_000, 1e6f)));
    }

    @Test
    void accept_errorInTheAggregator_passesThroughAndTheRoundIsLost() {
        Error error = new StackOverflowError("deep");
        FedHdsServer server = builder()
                .aggregator((round, state) -> new Aggregation() {
                    @Override
                    public void accept(AdapterUpdate update) {
                        throw error;
                    }

                    @Override
                    public Adapter finish() {
                        return Roles.adapter(5, 5);
                    }
                })
                .build();
        server.open();
        server.accept(report(1, A, 1));
        server.select();
        assertSame(error, assertThrows(Error.class, () -> server.accept(update(1, A, 1, 1, 1))));
        assertRefused(Refusal.FAILED, "StackOverflowError: deep", server.accept(update(1, A, 1, 1, 1)));
        assertFails(IllegalStateException.class, server::aggregate, "deep");
        assertEquals(Roles.adapter(0, 1), server.globalAdapter());
        assertEquals(2, server.open().round());
    }

    @Test
    void aggregate_ruleThatEndsInNaN_keepsTheStateBefore() {
        FedHdsServer server = builder()
                .maxNorm(Double.POSITIVE_INFINITY)
                .aggregator(new Roles.Momentum())
                .build();
        Adapter state = Adapter.empty();
        for (int round = 1; round <= 3; round++) {
            server.open();
            server.accept(report(round, A, 1));
            server.select();
            Adapter adapter = server.globalAdapter();
            if (round == 2) { // a finite mean, whose move overflows
                server.accept(update(round, A, 1, -Float.MAX_VALUE, Float.MAX_VALUE));
                assertFails(IllegalStateException.class, server::aggregate, "tensor w holds ");
                assertEquals(state, server.state().aggregatorState());
                assertEquals(adapter, server.globalAdapter());
            } else {
                server.accept(update(round, A, 1, Float.MAX_VALUE / 2, -9));
                assertTrue(!server.aggregate().isEmpty());
                assertNotEquals(state, server.state().aggregatorState());
                state = server.state().aggregatorState();
            }
        }
    }

    private void runARound(FedHdsServer server) throws Exception {
        List<Callable<?>> calls = List.of(
                server::open,
                () -> server.accept(report(1, A, 1)),
                () -> server.accept(report(1, STRANGER, 1)),
                server::select,
                () -> server.accept(update(1, A, 1, 4, 4)),
                () -> server.accept(update(1, A, 1, 4, 4)),
                server::aggregate);
        for (Callable<?> call : calls) {
            call.call();
        }
        server.open();
        server.abandon();
        server.abandon();
    }

    @Test
    void listener_isToldOfAllThatHappensInOrder() throws Exception {
        runARound(builder().build());
        assertEquals(
                List.of(
                        "opened 1",
                        "report of a ACCEPTED",
                        "report of stranger REFUSED",
                        "selected 1 [a]",
                        "update of a ACCEPTED",
                        "update of a ALREADY_HAD",
                        "closed 1",
                        "opened 2",
                        "voided 2 abandoned"),
                told.events);
    }

    /** Throws whatever it is told. */
    private static final class Broken implements ServerListener {
        @Override
        public void opened(RoundOpening opening) {
            throw new IllegalStateException("opened");
        }

        @Override
        public void received(CentroidReport report, Receipt receipt) {
            throw new IllegalStateException("report");
        }

        @Override
        public void selected(int round, Map<ClientId, GroupSelection> selections) {
            throw new IllegalStateException("selected");
        }

        @Override
        public void received(AdapterUpdate update, Receipt receipt) {
            throw new IllegalStateException("update");
        }

        @Override
        public void voided(int round, String reason) {
            throw new IllegalStateException("voided");
        }

        @Override
        public void closed(RoundResult result) {
            throw new IllegalStateException("closed");
        }
    }

    @Test
    void listener_thatThrows_isLoggedAndChangesNothing() throws Exception {
        List<String> logged = new ArrayList<>();
        Handler handler = new Handler() {
            @Override
            public void publish(LogRecord logRecord) {
                if (logRecord.getThrown() != null) {
                    logged.add(logRecord.getThrown().getMessage());
                }
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        };
        Logger logger = Logger.getLogger("io.github.fedhds");
        logger.addHandler(handler);
        logger.setUseParentHandlers(false);
        Level level = logger.getLevel();
        logger.setLevel(Level.WARNING);
        try {
            FedHdsServer server = builder().listener(new Broken()).build();
            runARound(server);
            FedHdsServer quiet = builder().build();
            runARound(quiet);
            assertEquals(quiet.state(), server.state());
        } finally {
            logger.removeHandler(handler);
            logger.setLevel(level);
            logger.setUseParentHandlers(true);
        }
        assertEquals(
                List.of("opened", "report", "report", "selected", "update", "update", "closed", "opened", "voided"),
                logged);
    }

    @Test
    void listener_maySeeTheServerAsItIsThen() throws Exception {
        List<Object> seen = new ArrayList<>();
        List<FedHdsServer> servers = new ArrayList<>();
        FedHdsServer server = builder()
                .listener(new ServerListener() {
                    @Override
                    public void closed(RoundResult result) {
                        seen.add(servers.get(0).state().globalAdapter());
                    }
                })
                .build();
        servers.add(server);
        runARound(server);
        assertEquals(List.of(Roles.adapter(4, 4)), seen);
    }
}
