package io.github.fedhds;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.aggregation.Aggregation;
import io.github.fedhds.aggregation.Aggregator;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.message.Centroid;
import io.github.fedhds.message.CentroidReport;
import io.github.fedhds.message.Receipt;
import io.github.fedhds.message.Refusal;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.round.RoundContext;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.LongFunction;
import org.junit.jupiter.api.Test;

/** A role that gives null is named by an error; no round ends empty without a word over it. */
class RoleAnswerTest {
    private static final Class<IllegalStateException> STATE = IllegalStateException.class;
    private static final ClientId A = new ClientId("a");
    private static final ClientId B = new ClientId("b");
    private static final Adapter FIRST = Roles.adapter(0, 1);

    private boolean broken = true;

    private static FedHdsServerBuilder server() {
        return FedHdsServer.builder()
                .runId("run")
                .clients(List.of(A, B))
                .sampler((clients, round) -> clients)
                .selector(new Roles.FirstCoordinate())
                .aggregator(new Roles.Momentum())
                .initialAdapter(FIRST);
    }

    /** What a host without null checks may give. */
    @SuppressWarnings("NullAway")
    private static <T> T nothing() {
        return null;
    }

    /** The value, or null while the test has it broken. */
    private <T> T unlessBroken(T value) {
        return broken ? nothing() : value;
    }

    private static void report(FedHdsServer server, int round) {
        for (ClientId id : List.of(A, B)) {
            Centroid centroid = new Centroid(0, new double[] {id.value().charAt(0), 0});
            assertTrue(server.accept(new CentroidReport("run", round, id, List.of(centroid)))
                    .counts());
        }
    }

    private static Receipt update(FedHdsServer server, int round, ClientId id) {
        return server.accept(new AdapterUpdate("run", round, id, Roles.adapter(round, 4), 1, 1));
    }

    /** The rest of a round of which the groups are chosen, with a result. */
    private static void assertEnds(FedHdsServer server, int round) {
        assertTrue(update(server, round, A).counts());
        assertTrue(update(server, round, B).counts());
        assertEquals(2, server.aggregate().updates());
        assertEquals(round, server.state().round());
    }

    @Test
    void open_samplerGivesNull_isNamedAndOpensNoRound() {
        for (boolean inside : new boolean[] {false, true}) {
            ClientSampler sampler = (registered, round) -> unlessBroken(registered);
            FedHdsServer server =
                    server().sampler(inside ? sampler.atLeast(2) : sampler).build();
            broken = true;
            assertFails(STATE, server::open, "the client sampler returned null", "a list of clients");
            broken = false;
            assertEquals(1, server.open().round());
        }
    }

    @Test
    void open_samplerNamesNull_isNamedAndOpensNoRound() {
        for (boolean inside : new boolean[] {false, true}) {
            ClientSampler sampler = (registered, round) -> Arrays.asList(A, unlessBroken(B));
            FedHdsServer server =
                    server().sampler(inside ? sampler.atLeast(1) : sampler).build();
            broken = true;
            assertFails(STATE, server::open, "the client sampler must name", "named [a, null]");
            broken = false;
            assertEquals(1, server.open().round());
        }
    }

    @Test
    void open_frameGivesNull_isNamedAndOpensNoRound() {
        FedHdsServer server =
                server().frame(round -> unlessBroken(Optional.empty())).build();
        assertFails(STATE, server::open, "the function of frame returned null", "an Optional");
        broken = false;
        assertEquals(1, server.open().round());
    }

    @Test
    void build_initialAdapterGivesNullOrNaN_isNamed() {
        LongFunction<Adapter> none = seed -> nothing();
        assertFails(STATE, () -> server().initialAdapter(none).build(), "the function of initialAdapter returned null");
        LongFunction<Adapter> nan = seed -> Roles.adapter(seed, Float.NaN);
        assertFails(
                IllegalArgumentException.class,
                () -> server().initialAdapter(nan).build(),
                "the initialAdapter must be finite: tensor w holds NaN at 1");
        LongFunction<Adapter> ofSeed = seed -> Roles.adapter(seed, 2 * seed);
        assertEquals(
                Roles.adapter(3, 6),
                server().seed(1).initialAdapter(ofSeed).seed(3).build().globalAdapter());
    }

    @Test
    void select_selectorGivesNull_isNamedAndCanBeCalledAgain() {
        FedHdsServer server = server().selector(
                        (candidates, round) -> unlessBroken(new Roles.FirstCoordinate().select(candidates, round)))
                .build();
        server.open();
        report(server, 1);
        assertFails(STATE, server::select, "the server's selector returned null", "a Coreset");
        broken = false;
        server.select();
        assertEnds(server, 1);
    }

    @Test
    void select_aggregatorOpensNull_isNamedAndCanBeCalledAgain() {
        FedHdsServer server = server().aggregator((round, state) -> unlessBroken(new Roles.Mean().open(round, state)))
                .build();
        server.open();
        report(server, 1);
        assertFails(STATE, server::select, "the aggregator returned null", "an Aggregation from open");
        broken = false;
        assertEquals(2, server.select().size());
        assertEnds(server, 1);
    }

    /** The rule, except that its rounds end in another way while the test has it broken. */
    private final class Ending implements Aggregator {
        private final boolean inAdapter;

        Ending(boolean inAdapter) {
            this.inAdapter = inAdapter;
        }

        @Override
        public Aggregation open(RoundContext round, Adapter state) {
            Aggregation inner = new Roles.Momentum().open(round, state);
            return new Aggregation() {
                @Override
                public void accept(AdapterUpdate update) {
                    inner.accept(update);
                }

                @Override
                public Adapter finish() {
                    Adapter next = inner.finish();
                    return inAdapter ? unlessBroken(next) : next;
                }

                @Override
                public Adapter state() {
                    return unlessBroken(inner.state());
                }
            };
        }

        @Override
        public void checkState(Adapter globalAdapter, Adapter state) {
            new Roles.Momentum().checkState(globalAdapter, state);
        }
    }

    private void assertRoundIsLost(Aggregator aggregator, String... parts) {
        broken = false;
        FedHdsServer server = server().aggregator(aggregator).build();
        server.open();
        report(server, 1);
        server.select();
        assertEnds(server, 1);
        Adapter adapter = server.globalAdapter();
        Adapter state = server.state().aggregatorState();
        broken = true;
        server.open();
        report(server, 2);
        server.select();
        update(server, 2, A);
        String message = assertFails(STATE, server::aggregate, parts);
        assertTrue(message.contains("failed in round 2; the round is closed and the adapter is the old one"), message);
        assertFails(STATE, server::aggregate, "between two rounds");
        assertSame(adapter, server.globalAdapter());
        assertSame(state, server.state().aggregatorState());
        broken = false;
        server.open();
        report(server, 3);
        server.select();
        assertEnds(server, 3);
    }

    @Test
    void aggregate_aggregatorGivesNull_isNamedAndLosesTheRound() {
        assertRoundIsLost(new Ending(true), "the aggregator returned null", "an Adapter from finish");
        assertRoundIsLost(new Ending(false), "the aggregator returned null", "an Adapter from state");
    }

    @Test
    void aggregate_stateThatTheAggregatorItselfRefuses_losesTheRound() {
        Aggregator forgetful = (round, state) -> {
            Aggregation inner = new Roles.Momentum().open(round, state);
            return new Aggregation() {
                @Override
                public void accept(AdapterUpdate update) {
                    inner.accept(update);
                }

                @Override
                public Adapter finish() {
                    return inner.finish();
                }

                @Override
                public Adapter state() {
                    return broken ? inner.state() : Adapter.empty();
                }
            };
        };
        assertRoundIsLost(forgetful, "this rule keeps no state", "override checkState");
    }

    /** Looks at updates while the test has it broken. */
    private Aggregator refusing(boolean throwing) {
        return new Aggregator() {
            @Override
            public Aggregation open(RoundContext round, Adapter state) {
                return new Roles.Mean().open(round, state);
            }

            @Override
            public Optional<String> refusal(Adapter globalAdapter, Adapter update) {
                if (broken && throwing) {
                    throw new ArithmeticException("norm of nothing");
                }
                return unlessBroken(Optional.empty());
            }
        };
    }

    @Test
    void aggregate_refusalFailsOverEveryUpdate_isNoSilentEmptyRound() {
        assertRoundIsLost(refusing(false), "the aggregator returned null", "an Optional from refusal");
        assertRoundIsLost(refusing(true), "ArithmeticException: norm of nothing");
    }

    @Test
    void accept_refusalFailsOverOneUpdate_costsThatUpdateOnly() {
        for (boolean throwing : new boolean[] {false, true}) {
            FedHdsServer server = server().aggregator(refusing(throwing)).build();
            server.open();
            report(server, 1);
            server.select();
            broken = true;
            Receipt receipt = update(server, 1, A);
            assertEquals(Optional.of(Refusal.RULE), receipt.refusal());
            assertTrue(
                    receipt.reason().contains(throwing ? "norm of nothing" : "the aggregator returned null"),
                    receipt.reason());
            broken = false;
            assertTrue(update(server, 1, B).counts());
            assertEquals(Roles.adapter(1, 4), server.aggregate().adapter());
        }
    }

    private static FedHdsClientBuilder client() {
        return FedHdsClient.builder(A)
                .instructions(List.of(new Instruction("x", "", "o")))
                .featureExtractor(new Roles.Lengths())
                .fusion(Roles::asPoints)
                .selector(new Roles.FirstCoordinate())
                .trainer(new Roles.AddCount());
    }

    @Test
    void client_wrapperGivesNull_isNamed() {
        assertFails(
                STATE, () -> client().aroundTrainer(trainer -> nothing()), "wrapper around the trainer returned null");
        assertFails(
                STATE,
                () -> client().aroundFeatureExtractor(extractor -> nothing()),
                "wrapper around the featureExtractor returned null");
    }
}
