package io.github.fedhds;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.adapter.Adapter;
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
import io.github.fedhds.training.LocalTrainer;
import io.github.fedhds.training.TrainingResult;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.SortedMap;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/**
 * Runs of a server and its clients over a network that drops, delays, repeats, reorders and forges messages, between
 * machines that crash. Whatever it does, results and state are to the last bit those of an undisturbed run over what was
 * accepted. {@code -Dfedhds.simulations=100000} tries more seeds than the build does.
 */
class DeliverySimulationTest {
    private static final int SEEDS = Integer.getInteger("fedhds.simulations", 1000);
    private static final int ROUNDS = 4;
    private static final int STEP = 100; // ticks for a step; messages take up to two of them
    private static final ClientId STRANGER = new ClientId("stranger");

    /** A message on its way: delivered to whom its type tells. */
    private record Letter(long time, int order, Object message, boolean forged) {}

    /** What a server accepted in a round. */
    private static final class Accepted {
        final Map<ClientId, CentroidReport> reports = new TreeMap<>();
        final Map<ClientId, AdapterUpdate> updates = new TreeMap<>();
        final Map<ClientId, Withdrawal> withdrawals = new TreeMap<>();
        boolean abandoned;
    }

    /** The server's machine goes down. */
    private static final class Crash extends RuntimeException {
        private static final long serialVersionUID = 1;
    }

    /** What the network and the machines did. */
    private enum Fault {
        DROPPED,
        DELAYED,
        REPEATED,
        FORGED,
        ASSUMED_NAME,
        SERVER_CRASH,
        CLIENT_CRASH,
        ABANDONED,
        WITHDRAWAL,
        ASKED_AGAIN,
        VOID
    }

    private static FedHdsServerBuilder server(long seed, List<ClientId> registered) {
        return FedHdsServer.builder()
                .runId("run")
                .clients(registered)
                .seed(seed)
                .sampler(ClientSampler.uniform(0.8).atLeast(2))
                .selector(new Roles.FirstCoordinate())
                .aggregator(new Roles.Momentum())
                .initialAdapter(Roles.adapter(0.1f, -3, 1e-7f))
                .maxCentroids(4)
                .maxSamples(100)
                .maxNorm(1000)
                .minAnswers((int) (seed % 3))
                .minShare(seed % 4 == 0 ? 0.5 : 0);
    }

    private static List<ClientId> registered(int clients) {
        List<ClientId> registered = new ArrayList<>();
        for (int i = clients; i-- > 0; ) {
            registered.add(new ClientId("client " + i));
        }
        return registered;
    }

    private static FedHdsClient client(ClientId id, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        List<Instruction> instructions = new ArrayList<>();
        for (int i = random.nextInt(6); i > 0; i--) {
            instructions.add(new Instruction("x".repeat(1 + random.nextInt(4)), "", "o"));
        }
        LocalTrainer trainer = (list, round) -> {
            SplittableRandom numbers = round.random("training");
            float[] values = Roles.values(round.globalAdapter());
            for (int i = 0; i < values.length; i++) {
                values[i] += (float) (numbers.nextDouble() * Math.pow(10, i - 3));
            }
            return new TrainingResult(Roles.adapter(values), list.size(), new double[] {numbers.nextDouble()});
        };
        return FedHdsClient.builder(id)
                .instructions(instructions)
                .featureExtractor(new Roles.Lengths())
                .fusion(Roles::asPoints)
                .selector(new Roles.FirstCoordinate())
                .trainer(trainer)
                .build();
    }

    /** One run over a bad network. */
    private static final class Network {
        final long seed;
        final SplittableRandom random;
        final List<ClientId> registered;
        final Map<ClientId, FedHdsClient> clients = new LinkedHashMap<>();
        final PriorityQueue<Letter> letters =
                new PriorityQueue<>(Comparator.comparingLong(Letter::time).thenComparingInt(Letter::order));
        final SortedMap<Integer, Accepted> accepted = new TreeMap<>();
        final SortedMap<Integer, RoundResult> results = new TreeMap<>();
        final Map<Receipt.Status, Integer> receipts = new EnumMap<>(Receipt.Status.class);
        final Map<Refusal, Integer> refusals = new TreeMap<>();
        final Map<Fault, Integer> faults = new EnumMap<>(Fault.class);
        FedHdsServer server;
        ServerState saved;
        long now;

        Network(long seed) {
            this.seed = seed;
            random = new SplittableRandom(seed);
            registered = registered(2 + random.nextInt(5));
            registered.forEach(this::start);
            server = server(seed, registered).build();
            saved = server.state();
        }

        void start(ClientId id) {
            clients.put(id, client(id, seed + 31L * id.hashCode()));
        }

        void happened(Fault fault) {
            faults.merge(fault, 1, Integer::sum);
        }

        void run() {
            while (accepted.size() < ROUNDS) {
                try {
                    round();
                    mayCrash(20);
                    saved = server.state(); // after the result is out: a crash in between runs the round again
                } catch (Crash crash) {
                    happened(Fault.SERVER_CRASH);
                    server = server(seed, registered).restore(saved).build();
                    accepted.tailMap(saved.round() + 1).clear();
                    results.tailMap(saved.round() + 1).clear();
                }
            }
        }

        void round() {
            RoundOpening opening = server.open();
            Accepted round = new Accepted();
            accepted.put(opening.round(), round);
            opening.clients().forEach(id -> send(Map.entry(id, opening)));
            pass();
            if (random.nextInt(25) == 0) {
                abandon(round);
                return;
            }
            server.select().values().forEach(this::send);
            pass();
            if (random.nextInt(25) == 0) {
                abandon(round);
                return;
            }
            RoundResult result = server.aggregate();
            results.put(opening.round(), result);
            result.voidReason().ifPresent(reason -> happened(Fault.VOID));
            if (random.nextInt(3) == 0) {
                pass(); // between rounds
            }
        }

        void abandon(Accepted round) {
            server.abandon();
            round.abandoned = true;
            happened(Fault.ABANDONED);
        }

        void mayCrash(int times) {
            if (random.nextInt(times) == 0) {
                throw new Crash();
            }
        }

        void send(Object message) {
            int copies = random.nextInt(10) == 0 ? 0 : random.nextInt(4) == 0 ? 2 + random.nextInt(2) : 1;
            if (copies != 1) {
                happened(copies == 0 ? Fault.DROPPED : Fault.REPEATED);
            }
            for (int i = 0; i < copies; i++) {
                post(message, false);
            }
            if (random.nextInt(3) == 0) {
                forge(message);
            }
        }

        void post(Object message, boolean forged) {
            boolean late = random.nextInt(6) == 0;
            if (late) {
                happened(Fault.DELAYED);
            }
            long time = now + random.nextInt(late ? 2 * STEP : STEP / 3);
            letters.add(new Letter(time, random.nextInt(), message, forged));
        }

        void forge(Object message) {
            boolean assumed = random.nextInt(4) == 0;
            Fault fault = assumed ? Fault.ASSUMED_NAME : Fault.FORGED;
            if (message instanceof CentroidReport report) {
                happened(fault);
                post(assumed ? inAnotherName(report) : forgedReport(report), !assumed);
            } else if (message instanceof AdapterUpdate update) {
                happened(fault);
                post(assumed ? inAnotherName(update) : forgedUpdate(update), !assumed);
            }
        }

        ClientId anyone() {
            return registered.get(random.nextInt(registered.size()));
        }

        /** As a client of that name might have sent it, so that it counts if it comes first: proof of origin is the transport's. */
        Object inAnotherName(CentroidReport r) {
            return random.nextBoolean()
                    ? new CentroidReport(r.runId(), r.round(), anyone(), r.centroids())
                    : new AdapterUpdate(r.runId(), r.round(), anyone(), Roles.adapter(1, 2, 3), 2, 7);
        }

        AdapterUpdate inAnotherName(AdapterUpdate u) {
            Adapter adapter = random.nextBoolean() ? u.adapter() : Roles.adapter(random.nextInt(9), -1, 5e-5f);
            return new AdapterUpdate(u.runId(), u.round(), anyone(), adapter, 1 + random.nextInt(99), u.meanLoss());
        }

        CentroidReport forgedReport(CentroidReport r) {
            double[][] points = {{1}, {1, 2, 3}, {}, {Double.NaN, 0}, {0, Double.NEGATIVE_INFINITY}};
            return switch (random.nextInt(7)) {
                case 6 ->
                    new CentroidReport(
                            r.runId(), r.round(), r.client(), Collections.nCopies(5, new Centroid(0, new double[2])));
                case 0 -> new CentroidReport(r.runId() + "?", r.round(), r.client(), r.centroids());
                case 1 -> new CentroidReport(r.runId(), r.round() + 1000, r.client(), r.centroids());
                case 2 -> new CentroidReport(r.runId(), Integer.MIN_VALUE, r.client(), r.centroids());
                case 3 -> new CentroidReport(r.runId(), r.round(), STRANGER, r.centroids());
                case 4 ->
                    new CentroidReport(
                            r.runId(), r.round(), r.client(), List.of(new Centroid(Integer.MAX_VALUE, new double[2])));
                default ->
                    new CentroidReport(
                            r.runId(),
                            r.round(),
                            r.client(),
                            List.of(new Centroid(0, points[random.nextInt(points.length)])));
            };
        }

        AdapterUpdate forgedUpdate(AdapterUpdate u) {
            Adapter[] adapters = {
                Roles.adapter(1, 2),
                Adapter.empty(),
                Roles.adapter(1, Float.NaN, 3),
                Roles.adapter(1, 2, Float.POSITIVE_INFINITY),
                Roles.adapter(1, Float.MAX_VALUE, -1e10f),
                new Adapter(Map.of(
                        "other", Objects.requireNonNull(u.adapter().tensors().get("w"))))
            };
            return switch (random.nextInt(9)) {
                case 6 -> new AdapterUpdate(u.runId(), u.round(), u.client(), u.adapter(), 101, u.meanLoss());
                case 0 -> new AdapterUpdate("", u.round(), u.client(), u.adapter(), u.samples(), u.meanLoss());
                case 1 -> new AdapterUpdate(u.runId(), -1, u.client(), u.adapter(), u.samples(), u.meanLoss());
                case 2 ->
                    new AdapterUpdate(u.runId(), Integer.MAX_VALUE, u.client(), u.adapter(), u.samples(), u.meanLoss());
                case 3 -> new AdapterUpdate(u.runId(), u.round(), STRANGER, u.adapter(), u.samples(), u.meanLoss());
                case 4 ->
                    new AdapterUpdate(u.runId(), u.round(), u.client(), u.adapter(), -random.nextInt(3), u.meanLoss());
                default ->
                    new AdapterUpdate(
                            u.runId(),
                            u.round(),
                            u.client(),
                            adapters[random.nextInt(adapters.length)],
                            u.samples(),
                            u.meanLoss());
            };
        }

        /** Time goes by until the step is over. */
        void pass() {
            long end = now + STEP;
            for (Letter next = letters.peek(); next != null && next.time() < end; next = letters.peek()) {
                letters.poll();
                now = next.time();
                deliver(next);
            }
            now = end;
        }

        void deliver(Letter letter) {
            mayCrash(150);
            if (random.nextInt(100) == 0) {
                happened(Fault.CLIENT_CRASH);
                start(anyone());
            }
            if (letter.message() instanceof Map.Entry<?, ?> entry
                    && entry.getKey() instanceof ClientId id
                    && entry.getValue() instanceof RoundOpening opening) {
                clientOf(id).answer(opening).ifPresent(this::send);
            } else if (letter.message() instanceof GroupSelection selection) {
                clientOf(selection.client()).answer(selection).ifPresent(this::send);
            } else if (letter.message() instanceof Message message && counted(server.accept(message), letter)) {
                Accepted round = current(message.round());
                if (message instanceof CentroidReport report) {
                    assertEquals(null, round.reports.put(report.client(), report));
                } else if (message instanceof AdapterUpdate update) {
                    assertEquals(null, round.updates.put(update.client(), update));
                } else if (message instanceof Withdrawal withdrawal) {
                    happened(Fault.WITHDRAWAL);
                    assertEquals(null, round.withdrawals.put(withdrawal.client(), withdrawal));
                } else { // a client that has not the opening: it is sent again
                    happened(Fault.ASKED_AGAIN);
                    ClientId client = message.party().orElseThrow();
                    RoundOpening again =
                            (RoundOpening) server.messageFor(client).orElseThrow();
                    send(Map.entry(client, again));
                    Optional.ofNullable(server.selections().get(client)).ifPresent(this::send);
                }
            }
        }

        boolean counted(Receipt receipt, Letter letter) {
            receipts.merge(receipt.status(), 1, Integer::sum);
            receipt.refusal().ifPresent(refusal -> refusals.merge(refusal, 1, Integer::sum));
            assertTrue(!letter.forged() || !receipt.counts(), () -> letter + " was " + receipt);
            return receipt.status() == Receipt.Status.ACCEPTED;
        }

        Accepted current(int round) {
            return Objects.requireNonNull(accepted.get(round));
        }

        FedHdsClient clientOf(ClientId id) {
            return Objects.requireNonNull(clients.get(id));
        }
    }

    /** The same run without network and crashes: what was accepted, in the order of names. */
    private static void assertAsUndisturbed(Network network) {
        String seed = "seed " + network.seed;
        FedHdsServer server = server(network.seed, network.registered).build();
        network.accepted.forEach((number, round) -> {
            assertEquals(number, server.open().round());
            round.reports
                    .values()
                    .forEach(report -> assertEquals(Receipt.accepted(report), server.accept(report), seed));
            server.select();
            round.updates
                    .values()
                    .forEach(update -> assertEquals(Receipt.accepted(update), server.accept(update), seed));
            round.withdrawals.values().forEach(server::accept);
            if (round.abandoned) {
                server.abandon();
            } else {
                assertEquals(server.aggregate(), network.results.get(number), seed);
            }
        });
        assertEquals(server.state(), network.server.state(), seed);
        assertEquals(
                server.globalAdapter().digest(), network.server.globalAdapter().digest(), seed);
    }

    @Test
    void run_overABadNetwork_equalsTheUndisturbedRunOverWhatWasAccepted() {
        Map<Receipt.Status, Integer> receipts = new EnumMap<>(Receipt.Status.class);
        Map<Refusal, Integer> refusals = new TreeMap<>();
        Map<Fault, Integer> faults = new EnumMap<>(Fault.class);
        int updates = 0;
        int missing = 0;
        for (long seed = 0; seed < SEEDS; seed++) {
            Network network = new Network(seed);
            network.run();
            assertAsUndisturbed(network);
            network.receipts.forEach((status, count) -> receipts.merge(status, count, Integer::sum));
            network.refusals.forEach((refusal, count) -> refusals.merge(refusal, count, Integer::sum));
            network.faults.forEach((fault, count) -> faults.merge(fault, count, Integer::sum));
            updates += network.results.values().stream()
                    .mapToInt(RoundResult::updates)
                    .sum();
            missing += network.results.values().stream()
                    .mapToInt(r -> r.clients() - r.reports())
                    .sum();
        }
        String seen = SEEDS + " simulated runs equal the undisturbed ones: " + faults + ", " + receipts + ", "
                + refusals + ", updates " + updates + ", reports missing " + missing;
        System.out.println(seen);
        // The network was as bad as it should be, and not so bad that nothing happened.
        for (Receipt.Status status : Receipt.Status.values()) {
            assertTrue(receipts.getOrDefault(status, 0) > SEEDS, seen);
        }
        for (Refusal refusal : Refusals.ofServer()) {
            boolean ofTheRule = refusal.equals(Refusal.RULE) || refusal.equals(Refusal.FAILED); // which takes all
            assertTrue(ofTheRule || refusals.getOrDefault(refusal, 0) > SEEDS / 50, seen);
        }
        for (Fault fault : Fault.values()) {
            assertTrue(faults.getOrDefault(fault, 0) > SEEDS / 10, seen);
        }
        assertTrue(updates > SEEDS && missing > SEEDS / 2, seen);
    }
}
