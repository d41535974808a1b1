package io.github.fedhds.aggregators;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.aggregation.Aggregator;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.round.ClientId;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The robust rules against slow ones, written anew from the papers' definitions. */
class NaiveRulesTest {
    private static final int TRIALS = 400;

    /** Their order is that of the lists; c10 comes after c9, whatever the text. */
    private record Client(String name, double[] vector, int samples) {
        double squaredDistance(Client other) {
            double sum = 0;
            for (int k = 0; k < vector.length; k++) {
                sum += Math.pow(vector[k] - other.vector[k], 2);
            }
            return sum;
        }
    }

    /** n clients, f of them far away in some trials; values that are often equal in others, and copies. */
    private static List<Client> clients(Random random, int n, int f) {
        int d = 1 + random.nextInt(8);
        int kind = random.nextInt(4);
        List<double[]> vectors = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            double size = kind == 1 && i < f ? 1000 : 1;
            double[] vector = new double[d];
            for (int k = 0; k < d; k++) {
                vector[k] = kind == 2 ? random.nextInt(5) - 2 : (float) (size * random.nextGaussian());
            }
            boolean copy = kind == 3 && i > 0 && random.nextBoolean();
            vectors.add(copy ? vectors.get(random.nextInt(i)) : vector);
        }
        Collections.shuffle(vectors, random);
        List<Client> clients = new ArrayList<>();
        for (double[] vector : vectors) {
            clients.add(new Client("c" + clients.size(), vector, 1 + random.nextInt(9)));
        }
        return clients;
    }

    private static Adapter adapter(double[] vector) {
        return new Adapter(Map.of("t", Tensor.of(new int[] {vector.length}, i -> (float) vector[i])));
    }

    private static void assertAgrees(Aggregator rule, List<Client> clients, double[] expected, int trial) {
        List<AdapterUpdate> updates = new ArrayList<>();
        for (Client client : clients) {
            updates.add(AggregatorContract.update(1, client.name(), adapter(client.vector()), client.samples()));
        }
        List<ClientId> order = updates.stream().map(AdapterUpdate::client).toList();
        Collections.shuffle(updates, new Random(trial)); // the order of arrival
        Adapter global = adapter(new double[expected.length]);
        Adapter next = AggregatorContract.aggregate(rule, AggregatorContract.round(1, global, order), updates);
        Tensor actual = Objects.requireNonNull(next.tensors().get("t"));
        double[] values =
                IntStream.range(0, actual.size()).mapToDouble(actual::get).toArray();
        double largest = IntStream.range(0, values.length)
                .mapToDouble(k -> Math.abs(expected[k]))
                .max()
                .orElseThrow();
        assertArrayEquals(expected, values, 1e-6 * Math.max(1, largest), rule + ", trial " + trial); // float32
    }

    private static double[] eachCoordinate(List<Client> clients, ToDoubleFunction<List<Double>> reduction) {
        return IntStream.range(0, clients.get(0).vector().length)
                .mapToDouble(k -> reduction.applyAsDouble(
                        clients.stream().map(client -> client.vector()[k]).toList()))
                .toArray();
    }

    private static double mean(List<Double> values) {
        return values.stream().mapToDouble(Double::doubleValue).average().orElseThrow();
    }

    private static double trimmedMean(List<Double> values, int f) {
        List<Double> left = new ArrayList<>(values);
        for (int i = 0; i < f; i++) {
            left.remove(Collections.min(left));
            left.remove(Collections.max(left));
        }
        return mean(left);
    }

    /** As the trimmed mean of all but one or two. */
    private static double median(List<Double> values) {
        return trimmedMean(values, (values.size() - 1) / 2);
    }

    private static double krumScore(Client client, List<Client> all, int f) {
        List<Client> others = new ArrayList<>(all);
        others.remove(client);
        return others.stream()
                .map(client::squaredDistance)
                .sorted()
                .limit(Math.max(1, all.size() - f - 2)) // Bulyan's last choices are among few
                .reduce(0.0, Double::sum);
    }

    private static List<Client> byKrum(List<Client> clients, int f) {
        List<Client> sorted = new ArrayList<>(clients);
        sorted.sort(Comparator.comparingDouble(client -> krumScore(client, clients, f)));
        return sorted;
    }

    private static double[] weightedMean(List<Client> clients) {
        double weights = clients.stream().mapToInt(Client::samples).sum();
        return IntStream.range(0, clients.get(0).vector().length)
                .mapToDouble(k -> clients.stream()
                                .mapToDouble(c -> c.samples() * c.vector()[k])
                                .sum()
                        / weights)
                .toArray();
    }

    private static double[] bulyan(List<Client> clients, int f) {
        int n = clients.size();
        List<Client> left = new ArrayList<>(clients);
        List<Client> chosen = new ArrayList<>();
        while (chosen.size() < n - 2 * f) {
            Client best = byKrum(left, f).get(0);
            left.remove(best);
            chosen.add(best);
        }
        return eachCoordinate(chosen, values -> {
            double median = median(values);
            List<Double> nearest = new ArrayList<>(values);
            nearest.sort(Comparator.comparingDouble((Double value) -> Math.abs(value - median))
                    .thenComparing(Comparator.naturalOrder()));
            return mean(nearest.subList(0, n - 4 * f));
        });
    }

    @Test
    void median_isTheDefinition() {
        for (int trial = 0; trial < TRIALS; trial++) {
            Random random = new Random(trial);
            List<Client> clients = clients(random, 1 + random.nextInt(15), 2);
            assertAgrees(new CoordinateMedian(), clients, eachCoordinate(clients, NaiveRulesTest::median), trial);
        }
    }

    @Test
    void trimmedMean_isTheDefinition() {
        for (int trial = 0; trial < TRIALS; trial++) {
            Random random = new Random(trial);
            int f = random.nextInt(4);
            List<Client> clients = clients(random, 2 * f + 1 + random.nextInt(5), f);
            double[] expected = eachCoordinate(clients, values -> trimmedMean(values, f));
            assertAgrees(TrimmedMean.of(f), clients, expected, trial);
        }
    }

    @Test
    void krum_isTheDefinition() {
        for (int trial = 0; trial < TRIALS; trial++) {
            Random random = new Random(trial);
            int f = random.nextInt(4);
            List<Client> clients = clients(random, 2 * f + 3 + random.nextInt(5), f);
            assertAgrees(Krum.of(f), clients, byKrum(clients, f).get(0).vector(), trial);
        }
    }

    @Test
    void multiKrum_isTheDefinition() {
        for (int trial = 0; trial < TRIALS; trial++) {
            Random random = new Random(trial);
            int f = random.nextInt(4);
            int kept = 1 + random.nextInt(6);
            List<Client> clients = clients(random, Math.max(2 * f + 3, kept + f + 2) + random.nextInt(3), f);
            double[] expected = weightedMean(byKrum(clients, f).subList(0, kept));
            assertAgrees(Krum.multi(f, kept), clients, expected, trial);
        }
    }

    @Test
    void bulyan_isTheDefinition() {
        for (int trial = 0; trial < TRIALS; trial++) {
            Random random = new Random(trial);
            int f = random.nextInt(4);
            List<Client> clients = clients(random, 4 * f + 3 + random.nextInt(4), f);
            assertAgrees(Bulyan.of(f), clients, bulyan(clients, f), trial);
        }
    }
}
