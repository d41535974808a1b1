package io.github.fedhds;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.message.Centroid;
import io.github.fedhds.message.CentroidReport;
import io.github.fedhds.message.GroupSelection;
import io.github.fedhds.message.Receipt;
import io.github.fedhds.message.RoundOpening;
import io.github.fedhds.message.RoundResult;
import io.github.fedhds.training.Adapter;
import io.github.fedhds.training.LocalTrainer;
import io.github.fedhds.training.TrainingResult;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.PriorityQueue;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/**
 * Runs of a server and its clients over a network that drops, delays, repeats, reorders and forges messages. Whatever it
 * does, the adapter is to the last bit the one of an undisturbed run over what was accepted.
 */
class DeliverySimulationTest {
    private static final int ROUNDS = 4;
    private static final int STEP = 100; // ticks for a step; messages take up to two of them
    private static final ClientId STRANGER = new ClientId("stranger");

    /** A message on its way: delivered to whom its type tells. */
    private record Letter(long time, int order, Object message, boolean forged) {}

    /** What a server accepted in a round. */
    private record Accepted(Map<ClientId, CentroidReport> reports, Map<ClientId, AdapterUpdate> updates) {
        Accepted() {
            this(new TreeMap<>(), new TreeMap<>());
        }
    }

    private static FedHdsServer server(long seed, List<ClientId> roster) {
        return FedHdsServer.builder()
                .roster(roster)
                .seed(seed)
                .sampler(ClientSampler.uniform(0.8))
                .selector(new Roles.FirstCoordinate())
                .aggregator(new Roles.Mean())
                .initialAdapter(Roles.adapter(0.1f, -3, 1e-7f))
                .build();
    }

    private static List<ClientId> roster(int clients) {
        List<ClientId> roster = new ArrayList<>();
        for (int i = clients; i-- > 0; ) {
            roster.add(new ClientId("client " + i));
        }
        return roster;
    }

    private static FedHdsClient client(ClientId id, SplittableRandom random) {
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
        final SplittableRandom random;
        final FedHdsServer server;
        final Map<ClientId, FedHdsClient> clients = new LinkedHashMap<>();
        final PriorityQueue<Letter> letters =
                new PriorityQueue<>(Comparator.comparingLong(Letter::time).thenComparingInt(Letter::order));
        final Map<Integer, Accepted> accepted = new TreeMap<>();
        final Map<Receipt.Status, Integer> receipts = new HashMap<>();
        long now;
        int forgeries;

        Network(long seed) {
            random = new SplittableRandom(seed);
            List<ClientId> roster = roster(2 + random.nextInt(5));
            server = server(seed, roster);
            roster.forEach(id -> clients.put(id, client(id, random.split())));
        }

        List<RoundResult> run() {
            List<RoundResult> results = new ArrayList<>();
            for (int i = 0; i < ROUNDS; i++) {
                RoundOpening opening = server.open();
                accepted.put(opening.round(), new Accepted());
                opening.clients().forEach(id -> send(Map.entry(id, opening)));
                pass();
                server.select().values().forEach(this::send);
                pass();
                results.add(server.aggregate());
                if (random.nextInt(3) == 0) {
                    pass(); // between rounds
                }
            }
            return results;
        }

        void send(Object message) {
            int copies = random.nextInt(10) == 0 ? 0 : random.nextInt(4) == 0 ? 2 + random.nextInt(2) : 1;
            for (int i = 0; i < copies; i++) {
                post(message, false);
            }
            if (random.nextInt(3) == 0) {
                forge(message);
            }
        }

        void post(Object message, boolean forged) {
            boolean late = random.nextInt(6) == 0;
            long time = now + random.nextInt(late ? 2 * STEP : STEP / 3);
            letters.add(new Letter(time, random.nextInt(), message, forged));
        }

        void forge(Object message) {
            if (message instanceof CentroidReport report) {
                forgeries++;
                post(forgedReport(report), true);
            } else if (message instanceof AdapterUpdate update) {
                forgeries++;
                post(forgedUpdate(update), true);
            }
        }

        CentroidReport forgedReport(CentroidReport r) {
            double[][] points = {{1}, {1, 2, 3}, {}, {Double.NaN, 0}, {0, Double.NEGATIVE_INFINITY}};
            return switch (random.nextInt(6)) {
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
                new Adapter(Map.of(
                        "other", Objects.requireNonNull(u.adapter().tensors().get("w"))))
            };
            return switch (random.nextInt(6)) {
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
            if (letter.message() instanceof CentroidReport report) {
                if (counted(server.accept(report), letter)) {
                    assertEquals(null, current(report.round()).reports().put(report.client(), report));
                }
            } else if (letter.message() instanceof AdapterUpdate update) {
                if (counted(server.accept(update), letter)) {
                    assertEquals(null, current(update.round()).updates().put(update.client(), update));
                }
            } else if (letter.message() instanceof GroupSelection selection) {
                try {
                    clientOf(selection.client()).train(selection).ifPresent(this::send);
                } catch (IllegalStateException e) { // the opening was lost, or the selection is two rounds late
                    assertTrue(String.valueOf(e.getMessage()).contains("has not summarised"), e.toString());
                }
            } else if (letter.message() instanceof Map.Entry<?, ?> entry
                    && entry.getKey() instanceof ClientId id
                    && entry.getValue() instanceof RoundOpening opening) {
                send(clientOf(id).summarise(opening));
            }
        }

        boolean counted(Receipt receipt, Letter letter) {
            receipts.merge(receipt.status(), 1, Integer::sum);
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

    /** The same run without a network: what was accepted, in the order of names. */
    private static List<RoundResult> undisturbed(long seed, Network network) {
        FedHdsServer server = server(seed, network.server.roster());
        List<RoundResult> results = new ArrayList<>();
        network.accepted.forEach((round, messages) -> {
            assertEquals(round, server.open().round());
            messages.reports().values().forEach(report -> assertEquals(Receipt.accepted(), server.accept(report)));
            server.select();
            messages.updates().values().forEach(update -> assertEquals(Receipt.accepted(), server.accept(update)));
            results.add(server.aggregate());
        });
        return results;
    }

    @Test
    void run_overABadNetwork_equalsTheUndisturbedRunOverWhatWasAccepted() {
        Map<Receipt.Status, Integer> receipts = new HashMap<>();
        int forgeries = 0;
        int updates = 0;
        int missing = 0;
        for (long seed = 0; seed < 300; seed++) {
            Network network = new Network(seed);
            List<RoundResult> results = network.run();
            assertEquals(undisturbed(seed, network), results, "seed " + seed);
            assertEquals(
                    results.get(ROUNDS - 1).adapter().digest(),
                    network.server.globalAdapter().digest(),
                    "seed " + seed);
            network.receipts.forEach((status, count) -> receipts.merge(status, count, Integer::sum));
            forgeries += network.forgeries;
            updates += results.stream().mapToInt(RoundResult::updates).sum();
            missing += results.stream().mapToInt(r -> r.clients() - r.reports()).sum();
        }
        // The network was as bad as it should be, and not so bad that nothing happened.
        String seen = receipts + ", forgeries " + forgeries + ", updates " + updates + ", missing " + missing;
        for (Receipt.Status status : Receipt.Status.values()) {
            assertTrue(receipts.getOrDefault(status, 0) > 500, seen);
        }
        assertTrue(forgeries > 500 && updates > 500 && missing > 300, seen);
    }
}
