package io.github.fedhds.dataset;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.internal.RandomOrder;
import io.github.fedhds.round.ClientId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Supplier;
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
            for (int clients : new int[] {1, 2, 7, 50, 400}) {
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

    @Test
    void dirichlet_sharesOfATask_areThoseDrawnUpToOneInstruction() {
        Map<String, List<Instruction>> tasks = tasks(1000, 313);
        for (long seed = 0; seed < 20; seed++) {
            Map<ClientId, List<Instruction>> parts = Partitions.dirichlet(tasks, 12, 0.5, 0, seed);
            for (String task : tasks.keySet()) {
                SplittableRandom random = Dataset.random(seed, "partition of " + task);
                RandomOrder.shuffled(tasks.getOrDefault(task, List.of()), random);
                double[] drawn = Gamma.dirichlet(12, 0.5, random);
                int n = tasks.getOrDefault(task, List.of()).size();
                int client = 0;
                for (List<Instruction> held : parts.values()) {
                    long own = held.stream().filter(i -> i.task().equals(task)).count();
                    assertEquals(drawn[client++] * n, own, 1, "seed " + seed);
                }
            }
        }
    }

    @Test
    void everyPartition_dealsEachInstructionOnce_andDependsOnTheSeedOnly() {
        Map<String, List<Instruction>> tasks = tasks(100, 1, 0, 37, 212);
        for (long seed = 0; seed < 10; seed++) {
            for (int clients : new int[] {1, 3, 50, 400}) {
                long s = seed;
                List<Supplier<Map<ClientId, List<Instruction>>>> all = new ArrayList<>(List.of(
                        () -> Partitions.even(tasks, clients, s),
                        () -> Partitions.byQuantity(tasks, clients, 0.3, 1, s),
                        () -> Partitions.byTaskCount(tasks, clients, 5, s)));
                if (clients > 2) {
                    all.add(() -> Partitions.byTaskCount(tasks, clients, 2, s));
                }
                for (Supplier<Map<ClientId, List<Instruction>>> partition : all) {
                    Map<ClientId, List<Instruction>> parts = partition.get();
                    assertEquals(clients, parts.size());
                    assertEquals(sorted(tasks), sorted(parts));
                    assertEquals(parts, partition.get());
                }
            }
        }
        assertNotEquals(Partitions.even(tasks, 3, 1), Partitions.even(tasks, 3, 2));
    }

    @Test
    void even_sizesDifferByOne_andSharesAreAlike() {
        Map<ClientId, List<Instruction>> parts = Partitions.even(tasks(500, 501), 10, 4);
        assertTrue(parts.values().stream().allMatch(list -> list.size() == 100 || list.size() == 101));
        assertTrue(PartitionSummary.of(parts).heterogeneity() < 0.15);
    }

    @Test
    void byQuantity_smallerAlpha_isMoreUnequal() {
        Map<String, List<Instruction>> tasks = tasks(700, 300);
        PartitionSummary unequal = PartitionSummary.of(Partitions.byQuantity(tasks, 10, 0.2, 2, 1));
        PartitionSummary alike = PartitionSummary.of(Partitions.byQuantity(tasks, 10, 1000, 2, 1));
        assertTrue(unequal.most() > 3 * alike.most(), unequal + " " + alike);
        assertTrue(unequal.least() >= 2 && alike.least() > 80, unequal + " " + alike);
    }

    @Test
    void byTaskCount_eachClient_hasSoManyTasks() {
        Map<String, List<Instruction>> tasks = tasks(60, 60, 60, 60, 60);
        Map<ClientId, List<Instruction>> parts = Partitions.byTaskCount(tasks, 10, 2, 3);
        parts.values().forEach(list -> {
            assertEquals(2, list.stream().map(Instruction::task).distinct().count());
            assertEquals(30, list.size()); // each task has four clients
        });
        assertFails(IllegalArgumentException.class, () -> Partitions.byTaskCount(tasks, 10, 0, 3), "1 to 5", "was 0");
        assertFails(IllegalArgumentException.class, () -> Partitions.byTaskCount(tasks, 10, 6, 3), "was 6");
        assertFails(IllegalArgumentException.class, () -> Partitions.byTaskCount(tasks, 2, 2, 3), "leave out");
        assertFails(IllegalArgumentException.class, () -> Partitions.byTaskCount(tasks, 0, 2, 3), "clients");
        assertFails(IllegalArgumentException.class, () -> Partitions.even(tasks, 0, 3), "clients must be 1");
        assertFails(
                IllegalArgumentException.class,
                () -> Partitions.byQuantity(tasks, 2, Double.NaN, 0, 3),
                "alpha",
                "NaN");
        assertFails(IllegalArgumentException.class, () -> Partitions.byQuantity(tasks, 2, 1, -1, 3), "least", "-1");
    }

    @Test
    void summary_ofKnownPartitions() {
        Map<String, List<Instruction>> tasks = tasks(4, 4);
        PartitionSummary apart = PartitionSummary.of(Partitions.byTask(tasks));
        assertEquals(new PartitionSummary(2, 8, 4, 4, 4, 2, 1, 0.5), apart);
        PartitionSummary one = PartitionSummary.of(Partitions.even(tasks, 1, 1));
        assertEquals(new PartitionSummary(1, 8, 8, 8, 8, 2, 2, 0), one);
        PartitionSummary some = PartitionSummary.of(Partitions.even(tasks(1), 3, 1));
        assertEquals(new PartitionSummary(3, 1, 0, 0, 1, 1, 1.0 / 3, 0), some);
        assertFails(IllegalArgumentException.class, () -> PartitionSummary.of(Map.of()), "one instruction or more");
    }
}
