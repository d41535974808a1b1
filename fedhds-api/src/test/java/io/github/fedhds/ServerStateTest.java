package io.github.fedhds;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.coreset.Candidates;
import io.github.fedhds.coreset.Coreset;
import io.github.fedhds.coreset.CoresetSelector;
import io.github.fedhds.feature.Points;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.message.Centroid;
import io.github.fedhds.message.CentroidReport;
import io.github.fedhds.message.Frame;
import io.github.fedhds.message.RoundOpening;
import io.github.fedhds.message.RoundResult;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.round.RoundContext;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** A server put back from its state goes on as if it had never stopped. */
class ServerStateTest {
    private static final Class<IllegalArgumentException> BAD = IllegalArgumentException.class;
    private static final List<ClientId> REGISTERED =
            List.of(new ClientId("c"), new ClientId("a"), new ClientId("b"), new ClientId("d"));

    private static FedHdsServerBuilder builder() {
        return FedHdsServer.builder()
                .runId("run 7")
                .seed(7)
                .clients(REGISTERED)
                .sampler(ClientSampler.uniform(0.5))
                .selector(new Roles.FirstCoordinate())
                .aggregator(new Roles.Momentum())
                .initialAdapter(Roles.adapter(0.3f, -2));
    }

    private static RoundResult round(FedHdsServer server) {
        RoundOpening opening = server.open();
        for (ClientId id : opening.clients()) {
            double x = opening.contextOf(id).random("x").nextDouble();
            server.accept(new CentroidReport(
                    "run 7", opening.round(), id, List.of(new Centroid(0, new double[] {x, 0}))));
        }
        server.select();
        for (ClientId id : opening.clients()) {
            float x = (float) opening.contextOf(id).random("y").nextDouble();
            float[] values = Roles.values(opening.globalAdapter());
            AdapterUpdate update =
                    new AdapterUpdate("run 7", opening.round(), id, Roles.adapter(values[0] + x, values[1] * x), 3, x);
            assertEquals(true, server.accept(update).counts());
        }
        return server.aggregate();
    }

    @Test
    void restore_afterAnyRound_goesOnWithTheSameBits() {
        FedHdsServer straight = builder().build();
        List<ServerState> states = new ArrayList<>(List.of(straight.state()));
        List<RoundResult> results = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            results.add(round(straight));
            states.add(straight.state());
        }
        for (int stop = 0; stop < 6; stop++) {
            FedHdsServer resumed = builder().restore(states.get(stop)).build();
            assertEquals(states.get(stop), resumed.state());
            for (int i = stop; i < 6; i++) {
                assertEquals(results.get(i), round(resumed));
                assertEquals(states.get(i + 1), resumed.state());
            }
        }
    }

    /** The points that the selector was given, beside its choice of the first centroid of each value. */
    private static final class Watching implements CoresetSelector {
        private final List<Points> given = new ArrayList<>();

        @Override
        public Coreset select(Candidates candidates, RoundContext round) {
            given.add(candidates.earlier());
            return new Roles.FirstCoordinate().select(candidates, round);
        }
    }

    @Test
    void rememberChosen_givesTheSelectorWhatClientsTrainedOn_alsoAfterARestart() {
        Watching watching = new Watching();
        FedHdsServer server = builder().selector(watching).rememberChosen(true).build();
        List<double[]> expected = new ArrayList<>();
        for (int round = 1; round <= 4; round++) {
            RoundOpening opening = server.open();
            List<ClientId> clients = opening.clients();
            for (ClientId id : clients) {
                double x = 10 * round + REGISTERED.indexOf(id);
                server.accept(new CentroidReport("run 7", round, id, List.of(new Centroid(0, new double[] {x, 1}))));
            }
            server.select();
            Points given = watching.given.get(round - 1);
            assertEquals(expected.isEmpty() ? new Points(0, 2, new double[0]) : Points.of(expected), given);
            for (ClientId id :
                    clients.subList(0, round == 3 ? 0 : 1)) { // the others never answer; round 3 has no result
                expected.add(new double[] {10 * round + REGISTERED.indexOf(id), 1});
                server.accept(new AdapterUpdate("run 7", round, id, Roles.adapter(round, 1), 3, 1));
            }
            server.aggregate();
            assertEquals(Points.of(expected), server.state().chosen());
            server = builder()
                    .selector(watching)
                    .rememberChosen(true)
                    .restore(server.state())
                    .build();
        }
        assertEquals(3, expected.size());
        ServerState last = server.state();
        assertFails(BAD, () -> builder().restore(last).build(), "has the 3 chosen points", "set rememberChosen(true)");
    }

    private static FedHdsServerBuilder remembering(int dimensions, boolean newFrames) {
        return builder()
                .rememberChosen(true)
                .frame(round -> Optional.of(new Frame.Signs(dimensions, newFrames ? round.round() : 1)));
    }

    @Test
    void open_anotherFrameThanThatOfTheMemory_isRefusedBeforeClientsCompute() {
        FedHdsServer server = remembering(2, true).build();
        round(server);
        assertEquals(2, server.state().chosen().size());
        assertFails(IllegalStateException.class, server::open, "remembers 2 chosen points of 2 coordinates", "round 2");
        ServerState state = server.state();
        FedHdsServer wider = remembering(3, false).restore(state).build();
        assertFails(IllegalStateException.class, wider::open, "Signs[dimensions=3", "one frame for all rounds");
        round(remembering(2, false).restore(state).build());
    }

    @Test
    void state_chosenPointsThatAreNotFinite_areRefused() {
        ServerState state = builder().build().state();
        Points bad = new Points(2, 1, new double[] {1, Double.NaN});
        assertFails(
                BAD,
                () -> new ServerState(
                        state.runId(),
                        state.seed(),
                        state.round(),
                        state.clients(),
                        state.agreedSettings(),
                        state.globalAdapter(),
                        state.aggregatorState(),
                        bad),
                "point 1 of 2");
    }

    @Test
    void rememberChosen_byDefault_keepsNothing() {
        Watching watching = new Watching();
        FedHdsServer server = builder().selector(watching).build();
        round(server);
        round(server);
        assertEquals(0, server.state().chosen().size());
        assertEquals(0, watching.given.get(1).size());
    }

    @Test
    void state_countsRoundsThatWereAbandoned() {
        FedHdsServer server = builder().build();
        server.open();
        assertFails(IllegalStateException.class, server::state, "state was called in step");
        server.abandon();
        assertEquals(
                new ServerState("run 7", 7, 1, REGISTERED, Map.of(), Roles.adapter(0.3f, -2), Adapter.empty()),
                server.state());
        assertEquals(2, builder().restore(server.state()).build().open().round());
    }

    @Test
    void restore_stateOfAnotherRun_isRefused() {
        ServerState state = builder().build().state();
        assertFails(BAD, () -> builder().runId("other").restore(state).build(), "of run run 7, this run is other");
        assertFails(BAD, () -> builder().restore(state).seed(8).build(), "of seed 7, this run has 8");
        List<ClientId> turned = List.of(REGISTERED.get(1), REGISTERED.get(0), REGISTERED.get(2), REGISTERED.get(3));
        assertFails(BAD, () -> builder().restore(state).clients(turned).build(), "in the same order");
        List<ClientId> fewer = List.of(REGISTERED.get(0), REGISTERED.get(3), new ClientId("new"));
        assertFails(
                BAD,
                () -> builder().restore(state).clients(fewer).build(),
                "number 2 of its 4 is " + REGISTERED.get(1) + ", here it is " + REGISTERED.get(3),
                "not registered here: " + REGISTERED.get(1) + ", " + REGISTERED.get(2) + ";");
        assertFails(
                BAD,
                () -> builder().restore(state).initialAdapter(Roles.adapter(1)).build(),
                "cannot start from: tensor w is Tensor[2], expected Tensor[1]");
        ServerState nan =
                new ServerState("run 7", 7, 1, REGISTERED, Map.of(), Roles.adapter(1, Float.NaN), Adapter.empty());
        assertFails(BAD, () -> builder().restore(nan).build(), "cannot start from: tensor w holds NaN at 1");
        assertFails(
                BAD,
                () -> new ServerState("run 7", 7, -1, REGISTERED, Map.of(), Adapter.empty(), Adapter.empty()),
                "0 or more, was -1");
        ServerState foreign =
                new ServerState("run 7", 7, 1, REGISTERED, Map.of(), Roles.adapter(1, 2), Roles.adapter(1));
        assertFails(
                BAD,
                () -> builder().aggregator(new Roles.Mean()).restore(foreign).build(),
                "keeps no state");
        assertFails(
                BAD, () -> builder().restore(foreign).build(), "no velocity of this adapter: tensor w is Tensor[1]");
    }

    @Test
    void restore_withoutAnInitialAdapter_startsFromTheStates() {
        ServerState state = builder().build().state();
        FedHdsServer server = FedHdsServer.builder()
                .restore(state)
                .runId("run 7")
                .seed(7)
                .clients(REGISTERED)
                .selector(new Roles.FirstCoordinate())
                .aggregator(new Roles.Mean())
                .build();
        assertEquals(Roles.adapter(0.3f, -2), server.globalAdapter());
    }

    @Test
    void state_afterEqualAcceptedSetsInAnyOrder_isEqual() {
        Random random = new Random(6);
        ServerState expected = null;
        RoundResult last = null;
        for (int trial = 0; trial < 50; trial++) {
            FedHdsServer server = builder().sampler(ClientSampler.uniform(1)).build();
            RoundResult result = null;
            for (int round = 1; round <= 2; round++) {
                server.open();
                List<CentroidReport> reports = new ArrayList<>();
                List<AdapterUpdate> updates = new ArrayList<>();
                for (int i = 0; i < REGISTERED.size(); i++) {
                    Centroid centroid = new Centroid(0, new double[] {i % 3, i});
                    reports.add(new CentroidReport("run 7", round, REGISTERED.get(i), List.of(centroid)));
                    Adapter adapter = Roles.adapter(i / 7f, -i * 1e-3f);
                    updates.add(new AdapterUpdate("run 7", round, REGISTERED.get(i), adapter, i + 1, 0.1 * i));
                    if (random.nextBoolean()) { // the same again changes nothing
                        reports.add(reports.get(random.nextInt(reports.size())));
                        updates.add(updates.get(random.nextInt(updates.size())));
                    }
                }
                Collections.shuffle(reports, random);
                Collections.shuffle(updates, random);
                reports.forEach(server::accept);
                server.select();
                updates.forEach(server::accept);
                result = server.aggregate();
                assertEquals(3, result.updates());
            }
            expected = expected == null ? server.state() : expected;
            last = last == null ? result : last;
            assertEquals(expected, server.state());
            assertEquals(last, result);
        }
    }

    /** Two servers with one aggregator, step by step in turn, against two with one each. */
    @Test
    void state_ofServersThatShareAnAggregator_isAsWithOneEach() {
        Roles.Momentum shared = new Roles.Momentum();
        FedHdsServerBuilder other = builder().initialAdapter(Roles.adapter(7, -7));
        List<FedHdsServer> sharing = List.of(
                builder().aggregator(shared).build(), other.aggregator(shared).build());
        List<FedHdsServer> alone = List.of(
                builder().build(), other.aggregator(new Roles.Momentum()).build());
        for (int round = 1; round <= 4; round++) {
            for (List<FedHdsServer> servers : List.of(sharing, alone)) {
                List<RoundOpening> openings = new ArrayList<>();
                for (FedHdsServer server : servers) {
                    RoundOpening opening = server.open();
                    openings.add(opening);
                    for (ClientId id : opening.clients()) {
                        Centroid centroid = new Centroid(0, new double[] {openings.size(), 0});
                        server.accept(new CentroidReport("run 7", round, id, List.of(centroid)));
                    }
                    server.select();
                }
                for (int i = 0; i < 2; i++) {
                    ClientId first = openings.get(i).clients().get(0);
                    Adapter adapter = Roles.adapter(round * (i + 1), -round);
                    servers.get(i).accept(new AdapterUpdate("run 7", round, first, adapter, 1, 1));
                }
                if (round == 2) {
                    servers.get(0).abandon();
                } else {
                    assertFalse(servers.get(0).aggregate().isEmpty());
                }
                assertFalse(servers.get(1).aggregate().isEmpty());
            }
            for (int i = 0; i < 2; i++) {
                assertEquals(alone.get(i).state(), sharing.get(i).state());
            }
        }
        assertNotEquals(
                sharing.get(0).state().aggregatorState(), sharing.get(1).state().aggregatorState());
    }
}
