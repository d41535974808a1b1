package io.github.fedhds.dataset;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.internal.RandomOrder;
import io.github.fedhds.round.ClientId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class PartitionsTest {
    private static Map<String, List<Instruction>> tasks(int... sizes) {
        Map<String, List<Instruction>> tasks = new LinkedHashMap<>();
        for (int t = 0; t < sizes.length; t++) {
            List<Instruction> list = new ArrayList<>();
            for (int i = 0; i < sizes[t]; i++) {
                list.add(new Instruction("task " + t + " sample " + i, "", "", "t" + t));
            }
            tasks.put("t" + t, list);
        }
        return tasks;
    }

    private static List<String> sorted(Map<?, List<Instruction>> parts) {
        return parts.values().stream()
                .flatMap(Collection::stream)
                .map(Instruction::instruction)
                .sorted(Comparator.naturalOrder())
                .toList();
    }

    @Test
    void byTask_eachTask_isAClient() {
        Map<ClientId, List<Instruction>> clients = Partitions.byTask(tasks(2, 0, 3));
        assertEquals(
                List.of(new ClientId("t0"), new ClientId("t1"), new ClientId("t2")), List.copyOf(clients.keySet()));
        assertEquals(List.of(2, 0, 3), clients.values().stream().map(List::size).toList());
        assertFails(IllegalArgumentException.class, () -> Partitions.byTask(Map.of("", List.of())), "client id");
    }

    @Test
    void dirichlet_manySettings_dealEveryInstanceOnceAndTheLeastToEach() {
        Map<String, List<Instruction>> tasks = tasks(100, 1, 0, 37, 212);
        for (double alpha : new double[] {1e-300, 1e-6, 0.01, 0.5, 1, 5, 1e6, 1e300}) {
            for (int clients : new int[] {1, 2, 7, 50, 350}) {
                for (int least : new int[] {0, 1, 5, 1000}) {
                    Map<ClientId, List<Instruction>> parts = Partitions.dirichlet(tasks, clients, alpha, least, 9);
                    assertEquals(clients, parts.size());
                    assertEquals(sorted(tasks), sorted(parts));
                    int promised = Math.min(least, 350 / clients);
                    parts.values().forEach(list -> assertTrue(list.size() >= promised));
                }
            }
        }
    }

    /** What the partition must do: give each client of a label its drawn share, up to rounding of one instruction. */
    @Test
    void dirichlet_withoutMinimum_reproducesTheDrawnSharesOfEachLabel() {
        Map<String, List<Instruction>> tasks = tasks(1000, 37, 1, 0, 212);
        for (long seed = 0; seed < 20; seed++) {
            for (double alpha : new double[] {0.05, 0.5, 5}) {
                List<List<Instruction>> clients = List.copyOf(
                        Partitions.dirichlet(tasks, 25, alpha, 0, seed).values());
                for (Map.Entry<String, List<Instruction>> label : tasks.entrySet()) {
                    SplittableRandom random = Dataset.random(seed, "partition of " + label.getKey());
                    RandomOrder.shuffled(label.getValue(), random);
                    double[] drawn = Gamma.dirichlet(25, alpha, random);
                    for (int client = 0; client < 25; client++) {
                        long has = clients.get(client).stream()
                                .filter(instruction -> instruction.task().equals(label.getKey()))
                                .count();
                        assertEquals(drawn[client] * label.getValue().size(), has, 1 + 1e-9, label.getKey());
                    }
                }
            }
        }
    }

    /**
     * Independent of how shares are drawn: the mean square of a client's share of a label is that of the Dirichlet
     * distribution, (alpha + 1) / (n (n alpha + 1)). Over 400 labels; a bound of 5 standard errors or more.
     */
    @Test
    void dirichlet_manyLabels_haveSharesOfTheRightVariance() {
        int[] sizes = new int[400];
        Arrays.fill(sizes, 200);
        for (double alpha : new double[] {0.5, 5}) {
            double squares = 0;
            for (List<Instruction> client :
                    Partitions.dirichlet(tasks(sizes), 10, alpha, 0, 3).values()) {
                Map<String, Long> counts =
                        client.stream().collect(Collectors.groupingBy(Instruction::task, Collectors.counting()));
                for (long count : counts.values()) {
                    squares += count / 200.0 * count / 200.0;
                }
            }
            double expected = (alpha + 1) / (10 * (10 * alpha + 1));
            assertEquals(expected, squares / 4000, 0.1 * expected, "alpha " + alpha);
        }
    }

    /** All partitions of a number of clients, under one seed. */
    private static Map<String, Map<ClientId, List<Instruction>>> all(
            Map<String, List<Instruction>> tasks, int clients, int labels, long seed) {
        Map<String, Map<ClientId, List<Instruction>>> all = new LinkedHashMap<>();
        all.put("dirichlet", Partitions.dirichlet(tasks, clients, 0.5, 1, seed));
        all.put("even", Partitions.even(tasks, clients, seed));
        all.put("byQuantity", Partitions.byQuantity(tasks, clients, 0.5, 1, seed));
        all.put("byTaskCount", Partitions.byTaskCount(tasks, clients, labels, seed));
        return all;
    }

    @Test
    void eachPartition_randomData_givesEachInstructionToExactlyOneClientAndNoneIsEmpty() {
        for (long seed = 0; seed < 40; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            int[] sizes = new int[1 + random.nextInt(12)];
            for (int t = 0; t < sizes.length; t++) {
                sizes[t] = 1 + random.nextInt(random.nextBoolean() ? 4 : 80);
            }
            Map<String, List<Instruction>> tasks = tasks(sizes);
            if (seed % 3 == 0) { // the same text several times, and a label without a name
                tasks.put("", Collections.nCopies(7, new Instruction("the same", "", "", "")));
            }
            int total = tasks.values().stream().mapToInt(List::size).sum();
            int labels = 1 + random.nextInt(tasks.size());
            int least = (tasks.size() + labels - 1) / labels;
            int clients = seed % 5 == 0 ? total : Math.min(total, least + random.nextInt(total));
            all(tasks, clients, labels, seed).forEach((name, parts) -> {
                assertEquals(clients, parts.size(), name);
                assertEquals(sorted(tasks), sorted(parts), name);
                parts.values().forEach(list -> assertFalse(list.isEmpty(), name));
            });
            assertEquals(all(tasks, clients, labels, seed), all(tasks, clients, labels, seed));
        }
    }

    /** Literal sizes: a data set that is distributed today is distributed in the same way tomorrow. */
    @Test
    void eachPartition_literalSeed_staysAsItWas() {
        Map<String, List<Integer>> sizes = new LinkedHashMap<>();
        all(tasks(100, 50, 7), 4, 2, 2024)
                .forEach((name, parts) ->
                        sizes.put(name, parts.values().stream().map(List::size).toList()));
        assertEquals(
                Map.of(
                        "dirichlet", List.of(67, 51, 9, 30),
                        "even", List.of(40, 39, 39, 39),
                        "byQuantity", List.of(1, 33, 122, 1),
                        "byTaskCount", List.of(20, 38, 50, 49)),
                sizes);
    }

    @Test
    void even_anyLabels_givesEqualSizesAndLabelsAtRandom() {
        Map<String, List<Instruction>> tasks = tasks(500, 300, 3);
        Map<ClientId, List<Instruction>> parts = Partitions.even(tasks, 10, 1);
        assertEquals(
                List.of(81, 81, 81, 80, 80, 80, 80, 80, 80, 80),
                parts.values().stream().map(List::size).toList());
        for (List<Instruction> client : parts.values()) { // 50 expected, standard deviation 4.1
            long first = client.stream().filter(i -> i.task().equals("t0")).count();
            assertEquals(50, first, 21, "label t0");
        }
        assertNotEquals(parts, Partitions.even(tasks, 10, 2));
        assertEquals(sorted(tasks), sorted(Partitions.even(tasks, 1, 1)));
    }

    @Test
    void byQuantity_withoutMinimum_reproducesTheDrawnSizes() {
        Map<String, List<Instruction>> tasks = tasks(700, 301);
        for (long seed = 0; seed < 20; seed++) {
            double[] drawn = Gamma.dirichlet(30, 0.5, Dataset.random(seed, "sizes of clients"));
            List<List<Instruction>> clients =
                    List.copyOf(Partitions.byQuantity(tasks, 30, 0.5, 0, seed).values());
            for (int client = 0; client < 30; client++) {
                assertEquals(drawn[client] * 1001, clients.get(client).size(), 1 + 1e-9);
            }
        }
        assertTrue(spread(Partitions.byQuantity(tasks, 20, 0.1, 0, 1))
                > 4 * spread(Partitions.byQuantity(tasks, 20, 100, 0, 1)));
    }

    @Test
    void byTaskCount_enoughInstructions_givesEachClientItsLabelsAndEachLabelAsManyClients() {
        Map<String, List<Instruction>> tasks = tasks(400, 100, 300, 100, 100, 0);
        for (long seed = 0; seed < 20; seed++) {
            for (int labels = 1; labels <= 5; labels++) {
                Map<String, Integer> owners = new TreeMap<>();
                for (List<Instruction> client :
                        Partitions.byTaskCount(tasks, 20, labels, seed).values()) {
                    Set<String> own = client.stream().map(Instruction::task).collect(Collectors.toSet());
                    assertEquals(labels, own.size());
                    own.forEach(label -> owners.merge(label, 1, Integer::sum));
                }
                int expected = 20 * labels / 5;
                owners.values().forEach(count -> assertEquals(expected, count, 1));
            }
        }
        List<Integer> sizes = Partitions.byTaskCount(tasks, 5, 1, 1).values().stream()
                .map(List::size)
                .sorted()
                .toList();
        assertEquals(List.of(100, 100, 100, 300, 400), sizes);
    }

    @Test
    void byTaskCount_settingsOutOfRange_areRefused() {
        Class<IllegalArgumentException> kind = IllegalArgumentException.class;
        Map<String, List<Instruction>> tasks = tasks(9, 9, 9, 9, 9, 0);
        assertFails(kind, () -> Partitions.byTaskCount(tasks, 3, 0, 0), "tasksPerClient must be 1 to 5");
        assertFails(kind, () -> Partitions.byTaskCount(tasks, 3, 6, 0), "tasksPerClient must be 1 to 5");
        assertFails(
                kind,
                () -> Partitions.byTaskCount(tasks, 2, 2, 0),
                "2 clients of 2 tasks each cannot hold the 5 tasks of the data; take 3 clients or more, or 3 tasks"
                        + " or more");
        assertEquals(1, Partitions.byTaskCount(tasks, 1, 5, 0).size());
    }

    @Test
    void eachPartition_clientsOutOfRange_areRefused() {
        Class<IllegalArgumentException> kind = IllegalArgumentException.class;
        for (int clients : new int[] {0, -1}) {
            assertFails(kind, () -> Partitions.even(tasks(3), clients, 0), "clients must be 1 or more");
            assertFails(kind, () -> Partitions.byQuantity(tasks(3), clients, 1, 0, 0), "clients must be 1 or more");
            assertFails(kind, () -> Partitions.byTaskCount(tasks(3), clients, 1, 0), "clients must be 1 or more");
        }
        String more = "clients must be at most the number of instructions, 3, was 4";
        assertFails(kind, () -> Partitions.even(tasks(3), 4, 0), more);
        assertFails(kind, () -> Partitions.byQuantity(tasks(3), 4, 1, 0, 0), more);
        assertFails(kind, () -> Partitions.byTaskCount(tasks(3), 4, 1, 0), more);
        assertFails(kind, () -> Partitions.dirichlet(tasks(3), 4, 1, 0, 0), more);
        assertFails(kind, () -> Partitions.even(Map.of(), 1, 0), "number of instructions, 0");
        for (double alpha : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
            assertFails(kind, () -> Partitions.byQuantity(tasks(3), 1, alpha, 0, 0), "alpha must be finite");
        }
        assertFails(kind, () -> Partitions.byQuantity(tasks(3), 1, 1, -1, 0), "least must be 0 or more");
    }

    @Test
    void dirichlet_equalArguments_giveEqualClients() {
        Map<String, List<Instruction>> tasks = tasks(50, 60);
        assertEquals(Partitions.dirichlet(tasks, 5, 0.5, 1, 3), Partitions.dirichlet(tasks, 5, 0.5, 1, 3));
        assertNotEquals(Partitions.dirichlet(tasks, 5, 0.5, 1, 3), Partitions.dirichlet(tasks, 5, 0.5, 1, 4));
        assertEquals(
                List.of("client-00", "client-01", "client-02"),
                Partitions.dirichlet(tasks, 11, 1, 0, 0).keySet().stream()
                        .limit(3)
                        .map(ClientId::value)
                        .toList());
        List<ClientId> ids =
                List.copyOf(Partitions.dirichlet(tasks, 11, 1, 0, 0).keySet());
        assertEquals(ids.stream().sorted().toList(), ids);
    }

    /** Literal sizes of one deal: a data set dealt today is dealt alike tomorrow. */
    @Test
    void dirichlet_literalSeed_staysAsItWas() {
        assertEquals(
                List.of(89, 8, 6, 97),
                Partitions.dirichlet(tasks(100, 100), 4, 0.5, 1, 2024).values().stream()
                        .map(List::size)
                        .toList());
    }

    @Test
    void dirichlet_smallAlpha_dealsLessEvenly() {
        Map<String, List<Instruction>> tasks = tasks(1000);
        double uneven = spread(Partitions.dirichlet(tasks, 20, 0.1, 0, 1));
        double even = spread(Partitions.dirichlet(tasks, 20, 100, 0, 1));
        assertTrue(uneven > 4 * even, uneven + " against " + even);
    }

    private static double spread(Map<ClientId, List<Instruction>> parts) {
        double[] sizes = parts.values().stream().mapToDouble(List::size).toArray();
        double mean = Arrays.stream(sizes).average().orElse(0);
        return Math.sqrt(Arrays.stream(sizes).map(s -> (s - mean) * (s - mean)).sum() / sizes.length);
    }

    @Test
    void dirichlet_settingsOutOfRange_areRefused() {
        Class<IllegalArgumentException> kind = IllegalArgumentException.class;
        assertFails(kind, () -> Partitions.dirichlet(tasks(3), 0, 1, 0, 0), "clients must be 1 or more, was 0");
        assertFails(kind, () -> Partitions.dirichlet(tasks(3), 1, 1, -1, 0), "least must be 0 or more");
        for (double alpha : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
            assertFails(kind, () -> Partitions.dirichlet(tasks(3), 1, alpha, 0, 0), "alpha must be finite");
        }
    }

    /** Mean and variance of 40,000 numbers; bounds of 6 standard errors, so one seed in 10^8 would fail. */
    @Test
    void gamma_manySamples_haveMeanAndVarianceOfTheShape() {
        int n = 40_000;
        for (double shape : new double[] {0.1, 0.5, 1, 2.5, 40}) {
            SplittableRandom random = new SplittableRandom(7);
            double sum = 0;
            double squares = 0;
            for (int i = 0; i < n; i++) {
                double x = Math.exp(Gamma.logSample(shape, random));
                sum += x;
                squares += (x - shape) * (x - shape);
            }
            assertEquals(shape, sum / n, 6 * Math.sqrt(shape / n), "mean");
            // the fourth central moment of a gamma variate is 3 shape^2 + 6 shape
            assertEquals(shape, squares / n, 6 * Math.sqrt((2 * shape * shape + 6 * shape) / n), "variance");
        }
    }

    /** Against the distribution function of shape 1, which is 1 - exp(-x). */
    @Test
    void gamma_shapeOne_followsTheExponentialDistribution() {
        int n = 40_000;
        SplittableRandom random = new SplittableRandom(11);
        double[] x = new double[n];
        for (int i = 0; i < n; i++) {
            x[i] = Math.exp(Gamma.logSample(1, random));
        }
        Arrays.sort(x);
        double largest = 0;
        for (int i = 0; i < n; i++) {
            double expected = 1 - Math.exp(-x[i]);
            largest = Math.max(largest, Math.max(expected - (double) i / n, (i + 1.0) / n - expected));
        }
        // Kolmogorov: exceeded with chance 2 exp(-2 * 3^2) = 3e-8
        assertTrue(largest < 3 / Math.sqrt(n), "largest difference " + largest);
    }

    @Test
    void dirichlet_manySamples_sumToOneWithTheRightVariance() {
        int n = 5;
        double alpha = 0.5;
        int draws = 20_000;
        double squares = 0;
        SplittableRandom random = new SplittableRandom(5);
        for (int i = 0; i < draws; i++) {
            double[] p = Gamma.dirichlet(n, alpha, random);
            assertEquals(1, Arrays.stream(p).sum(), 1e-12);
            squares += (p[0] - 0.2) * (p[0] - 0.2);
        }
        double variance = 0.2 * 0.8 / (n * alpha + 1);
        assertEquals(variance, squares / draws, 0.05 * variance);
    }
}
