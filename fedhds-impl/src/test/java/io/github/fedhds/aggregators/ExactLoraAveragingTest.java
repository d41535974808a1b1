package io.github.fedhds.aggregators;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.common.collect.ImmutableMap;
import io.github.fedhds.FedHdsServer;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.aggregation.Aggregation;
import io.github.fedhds.aggregation.Aggregator;
import io.github.fedhds.coreset.Coreset;
import io.github.fedhds.coreset.Group;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.message.Centroid;
import io.github.fedhds.message.CentroidReport;
import io.github.fedhds.message.Receipt;
import io.github.fedhds.message.RoundOpening;
import io.github.fedhds.round.ClientId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ExactLoraAveragingTest extends AggregatorContract {
    private static final double ALPHA = 16;
    private static final Map<String, int[]> MODULES = ImmutableMap.of( // its order is that of the random draws
            "layers.0.q_proj", new int[] {24, 20}, "layers.0.up_proj", new int[] {20, 40}, "odd", new int[] {3, 30});

    @Override
    Aggregator aggregator() {
        return ExactLoraAveraging.alpha(ALPHA).build();
    }

    /** The factors may turn, their product stays. */
    @Override
    void assertAlike(Adapter expected, Adapter actual) {
        assertEquals(Optional.empty(), expected.differenceInForm(actual));
        for (String module : modules(expected)) {
            assertNear(product(expected, module), product(actual, module), 1e-6);
        }
    }

    private static List<String> modules(Adapter adapter) {
        return adapter.tensors().keySet().stream()
                .filter(name -> name.endsWith(".lora_A"))
                .map(name -> name.substring(0, name.length() - 7))
                .toList();
    }

    /** Modules of {@code {in, out}}. */
    private static Adapter lora(Random random, int rank, double sizeOfB) {
        Map<String, Tensor> tensors = new HashMap<>();
        MODULES.forEach((name, widths) -> {
            tensors.put(name + ".lora_A", tensor(random, rank, widths[0], 0.3));
            tensors.put(name + ".lora_B", tensor(random, widths[1], rank, sizeOfB));
        });
        return new Adapter(tensors);
    }

    private static Tensor tensor(Random random, int rows, int columns, double size) {
        float[] values = new float[rows * columns];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (size * random.nextGaussian());
        }
        return new Tensor(new int[] {rows, columns}, values);
    }

    private static Tensor get(Adapter adapter, String name) {
        return Objects.requireNonNull(adapter.tensors().get(name));
    }

    /** alpha / rank B A, written out: {@code [out][in]}. */
    private static double[][] product(Adapter adapter, String module) {
        Tensor a = get(adapter, module + ".lora_A");
        Tensor b = get(adapter, module + ".lora_B");
        int rank = a.shape()[0];
        int in = a.shape()[1];
        double[][] full = new double[b.shape()[0]][in];
        for (int i = 0; i < full.length; i++) {
            for (int k = 0; k < rank; k++) {
                for (int j = 0; j < in; j++) {
                    full[i][j] += ALPHA / rank * b.get(i * rank + k) * a.get(k * in + j);
                }
            }
        }
        return full;
    }

    private static double[][] mean(List<AdapterUpdate> updates, String module) {
        double weights = updates.stream().mapToDouble(AdapterUpdate::samples).sum();
        double[][] mean = product(updates.get(0).adapter(), module);
        for (double[] row : mean) {
            Arrays.fill(row, 0);
        }
        for (AdapterUpdate update : updates) {
            double[][] full = product(update.adapter(), module);
            for (int i = 0; i < mean.length; i++) {
                for (int j = 0; j < mean[i].length; j++) {
                    mean[i][j] += update.samples() / weights * full[i][j];
                }
            }
        }
        return mean;
    }

    private static double norm(double[][] matrix) {
        double sum = 0;
        for (double[] row : matrix) {
            for (double value : row) {
                sum += value * value;
            }
        }
        return Math.sqrt(sum);
    }

    private static double distance(double[][] one, double[][] other) {
        double[][] difference = new double[one.length][one[0].length];
        for (int i = 0; i < one.length; i++) {
            for (int j = 0; j < one[0].length; j++) {
                difference[i][j] = one[i][j] - other[i][j];
            }
        }
        return norm(difference);
    }

    private static void assertNear(double[][] expected, double[][] actual, double share) {
        assertEquals(0, distance(expected, actual), share * Math.max(norm(expected), 1e-12));
    }

    /** Eigenvectors of the full symmetric matrix Wᵀ W by two-sided Jacobi rotations, [in][in], by falling eigenvalue. */
    private static double[][] rightVectors(double[][] w) {
        int n = w[0].length;
        double[][] s = new double[n][n];
        double[][] v = new double[n][n];
        for (int i = 0; i < n; i++) {
            v[i][i] = 1;
            for (int j = 0; j < n; j++) {
                for (double[] row : w) {
                    s[i][j] += row[i] * row[j];
                }
            }
        }
        for (int sweep = 0; sweep < 60; sweep++) {
            for (int p = 0; p < n; p++) {
                for (int q = p + 1; q < n; q++) {
                    double angle = 0.5 * Math.atan2(2 * s[p][q], s[q][q] - s[p][p]);
                    double c = Math.cos(angle);
                    double d = Math.sin(angle);
                    for (int k = 0; k < n; k++) {
                        double x = s[k][p];
                        s[k][p] = c * x - d * s[k][q];
                        s[k][q] = d * x + c * s[k][q];
                    }
                    for (int k = 0; k < n; k++) {
                        double x = s[p][k];
                        s[p][k] = c * x - d * s[q][k];
                        s[q][k] = d * x + c * s[q][k];
                        double y = v[p][k];
                        v[p][k] = c * y - d * v[q][k];
                        v[q][k] = d * y + c * v[q][k];
                    }
                }
            }
        }
        return IntStream.range(0, n)
                .boxed()
                .sorted((i, j) -> Double.compare(s[j][j], s[i][i]))
                .map(i -> v[i])
                .toArray(double[][]::new);
    }

    /** The full matrix projected on its leading right vectors: the nearest of that rank. */
    private static double[][] nearest(double[][] w, int rank) {
        double[][] vectors = rightVectors(w);
        double[][] result = new double[w.length][w[0].length];
        for (int k = 0; k < Math.min(rank, vectors.length); k++) {
            for (int i = 0; i < w.length; i++) {
                double along = 0;
                for (int j = 0; j < w[0].length; j++) {
                    along += w[i][j] * vectors[k][j];
                }
                for (int j = 0; j < w[0].length; j++) {
                    result[i][j] += along * vectors[k][j];
                }
            }
        }
        return result;
    }

    private static List<AdapterUpdate> clients(Random random, int... ranks) {
        List<AdapterUpdate> updates = new ArrayList<>();
        for (int rank : ranks) {
            updates.add(update(1, "c" + updates.size(), lora(random, rank, 0.1), 1 + random.nextInt(60)));
        }
        return updates;
    }

    @Test
    void finish_clientsOfRanks4And8And16_isTheNearestToTheMeanOfFullMatrices() {
        for (int seed = 0; seed < 5; seed++) {
            Random random = new Random(seed);
            Adapter global = lora(random, 8, 0.1);
            List<AdapterUpdate> updates = clients(random, 4, 8, 16, 4, 8);
            List<LoraTruncation> told = new ArrayList<>();
            ExactLoraAveraging rule =
                    ExactLoraAveraging.alpha(ALPHA).truncation(told::add).build();
            Adapter next = aggregate(rule, round(7, global), updates);
            assertEquals(Optional.empty(), global.differenceInForm(next));
            assertEquals(1, told.size());
            assertEquals(7, told.get(0).round());
            assertEquals(MODULES.keySet(), told.get(0).modules().keySet());
            double lost = 0;
            double all = 0;
            for (String module : MODULES.keySet()) {
                double[][] mean = mean(updates, module);
                double[][] best = nearest(mean, 8);
                assertNear(best, product(next, module), 1e-6); // float factors; the largest seen is printed
                double share = distance(mean, best) / norm(mean);
                assertEquals(share, Objects.requireNonNull(told.get(0).modules().get(module)), 1e-7);
                lost += Math.pow(distance(mean, best), 2);
                all += Math.pow(norm(mean), 2);
                System.out.printf(
                        "exact LoRA, seed %d, %-16s lost %.4f, off the full matrices' by %.1e of the norm%n",
                        seed, module, share, distance(best, product(next, module)) / norm(best));
            }
            assertEquals(Math.sqrt(lost / all), told.get(0).all(), 1e-7);
            assertTrue(
                    told.get(0).all() > 0.1,
                    "the truncation is not empty: " + told.get(0).all());
        }
    }

    @Test
    void finish_rankEnough_losesNothing() {
        Random random = new Random(3);
        Adapter global = lora(random, 16, 0.1);
        List<AdapterUpdate> updates = clients(random, 4, 8, 4);
        List<LoraTruncation> told = new ArrayList<>();
        Adapter next =
                aggregate(ExactLoraAveraging.alpha(ALPHA).truncation(told::add).build(), round(1, global), updates);
        for (String module : MODULES.keySet()) {
            assertNear(mean(updates, module), product(next, module), 1e-6);
        }
        assertEquals(0, told.get(0).all(), 1e-7);
    }

    /** Why it is worth it: the factors' mean has another product. */
    @Test
    void fedAvg_ofFactors_isNotTheMeanOfProducts() {
        Random random = new Random(3);
        Adapter global = lora(random, 8, 0.1);
        List<AdapterUpdate> updates = clients(random, 8, 8, 8);
        Adapter factors = aggregate(FedAvg.bySamples(), round(1, global), updates);
        Adapter exact = aggregate(aggregator(), round(1, global), updates);
        String module = "layers.0.q_proj";
        double[][] mean = mean(updates, module);
        double byFactors = distance(mean, product(factors, module)) / norm(mean);
        double byProducts = distance(mean, product(exact, module)) / norm(mean);
        System.out.printf("off the mean of products: by factors %.2f, exact %.2f of the norm%n", byFactors, byProducts);
        assertTrue(byProducts < byFactors);
    }

    @Test
    void finish_differentRanksInAnyOrder_givesTheSameBits() {
        Random random = new Random(5);
        Adapter global = lora(random, 8, 0.1);
        List<AdapterUpdate> updates = clients(random, 4, 8, 16, 8);
        String expected = aggregate(aggregator(), round(1, global), updates).digest();
        for (int i = 0; i < 20; i++) {
            List<AdapterUpdate> shuffled = new ArrayList<>(updates);
            Collections.shuffle(shuffled, new Random(i));
            assertEquals(
                    expected,
                    aggregate(aggregator(), round(1, global), shuffled).digest());
        }
    }

    private static void assertCanLearn(Adapter adapter) {
        for (String module : modules(adapter)) {
            Tensor a = get(adapter, module + ".lora_A");
            int rank = a.shape()[0];
            int in = a.shape()[1];
            for (int k = 0; k < rank; k++) {
                for (int l = k < in ? 0 : k; l <= k; l++) { // beyond the inputs no row can be orthogonal to all others
                    double dot = 0;
                    for (int j = 0; j < in; j++) {
                        dot += (double) a.get(k * in + j) * a.get(l * in + j);
                    }
                    assertEquals(k == l ? 1 : 0, dot, 1e-6, module + ": rows of A are of length one, and orthogonal");
                }
            }
        }
    }

    /** As after the first round of clients that learned nothing: B is zero, and A must not become so. */
    @Test
    void finish_productOfZero_keepsRowsThatLearn() {
        Random random = new Random(6);
        Adapter global = lora(random, 8, 0);
        List<LoraTruncation> told = new ArrayList<>();
        ExactLoraAveraging rule =
                ExactLoraAveraging.alpha(ALPHA).truncation(told::add).build();
        for (List<AdapterUpdate> updates :
                List.of(List.of(update(1, "c", global, 3)), List.of(update(1, "c", lora(random, 4, 0), 3)))) {
            Adapter next = aggregate(rule, round(1, global), updates);
            assertCanLearn(next);
            for (String module : MODULES.keySet()) {
                assertEquals(0, norm(product(next, module)));
            }
        }
        assertEquals(0, told.get(0).all());
    }

    @Test
    void atRank_largerAndSmaller_isTheSameOrTheNearestProduct() {
        ExactLoraAveraging rule = ExactLoraAveraging.alpha(ALPHA).build();
        Adapter global = lora(new Random(8), 8, 0.1);
        assertEquals(global, rule.atRank(global, 8));
        Adapter larger = rule.atRank(global, 16);
        Adapter smaller = rule.atRank(global, 4);
        assertCanLearn(larger);
        for (String module : MODULES.keySet()) {
            assertEquals(16, get(larger, module + ".lora_A").shape()[0]);
            assertEquals(4, get(smaller, module + ".lora_B").shape()[1]);
            assertNear(product(global, module), product(larger, module), 1e-6);
            assertNear(nearest(product(global, module), 4), product(smaller, module), 1e-6);
        }
        assertEquals(larger, rule.atRank(global, 16));
        // There and back: nothing is lost.
        assertAlike(global, rule.atRank(larger, 8));
        assertFails(IllegalArgumentException.class, () -> rule.atRank(global, 0), "rank must be 1 or more, was 0");
        assertTrue(rule.atRank(Adapter.empty(), 4).tensors().isEmpty());
    }

    @Test
    void refusal_namesWhatDoesNotFit() {
        Adapter global = lora(new Random(1), 8, 0.1);
        ExactLoraAveraging rule = ExactLoraAveraging.alpha(ALPHA).maxRank(16).build();
        assertEquals(Optional.empty(), rule.refusal(global, lora(new Random(2), 16, 0.1)));
        assertEquals(Optional.empty(), rule.refusal(global, lora(new Random(2), 1, 0.1)));
        assertRefused(rule, global, lora(new Random(2), 17, 0.1), "has rank 17, this rule takes at most 16");
        assertRefused(rule, global, Adapter.empty(), "is missing");
        assertRefused(rule, global, changed(global, "odd.lora_B", new int[] {30, 7}), "odd has A [8, 3] and B [30, 7]");
        assertRefused(rule, global, changed(global, "odd.lora_B", new int[] {29, 8}), "odd is from 3 to 29, expected");
        assertRefused(rule, global, changed(global, "odd.lora_B", new int[] {240}), "B [240]");
        assertRefused(rule, global, changed(global, "odd.bias", new int[] {2}), "odd.bias is neither");
        assertRefused(rule, global, changed(global, "more.lora_A", new int[] {8, 3}), "has no partner more.lora_B");
        Adapter more = changed(changed(global, "more.lora_A", new int[] {8, 3}), "more.lora_B", new int[] {3, 8});
        assertRefused(rule, global, more, "module more is not expected");
        Map<String, Tensor> nan = new HashMap<>(global.tensors());
        nan.put("odd.lora_A", new Tensor(new int[] {1, 3}, new float[] {0, Float.NaN, 0}));
        nan.put("odd.lora_B", new Tensor(new int[] {30, 1}, new float[30]));
        assertRefused(rule, global, new Adapter(nan), "odd.lora_A holds NaN at 1");
        assertFails(
                IllegalArgumentException.class,
                () -> rule.open(round(1, changed(global, "odd.bias", new int[] {2})), Adapter.empty()),
                "odd.bias is neither");
    }

    /** Or one client of such a rank would void every round. */
    @Test
    void refusal_rankWithoutAScale_isAReason() {
        Adapter global = lora(new Random(1), 8, 0.1);
        Map<Integer, Double> known =
                Map.of(4, 4.0, 8, 2.0, 5, Double.NaN, 6, Double.POSITIVE_INFINITY, 7, 0.0, 9, -1.0);
        ExactLoraAveraging rule = ExactLoraAveraging.scale(rank -> Objects.requireNonNull(known.get(rank)))
                .build();
        assertEquals(Optional.empty(), rule.refusal(global, lora(new Random(2), 4, 0.1)));
        assertRefused(rule, global, lora(new Random(2), 3, 0.1), "has rank 3, but the scale of rank 3 is not known");
        known.forEach((rank, scale) -> {
            if (!(scale > 0) || scale.isInfinite()) {
                assertRefused(rule, global, lora(new Random(2), rank, 0.1), "above 0, was " + scale);
            }
        });
        Adapter first = changed(global, "odd.lora_A", new int[] {3, 3}); // in one module only
        assertRefused(rule, global, changed(first, "odd.lora_B", new int[] {30, 3}), "module odd has rank 3, but");

        Aggregation aggregation = rule.open(round(1, global), Adapter.empty());
        List<AdapterUpdate> updates = clients(new Random(2), 4, 8, 3);
        aggregation.accept(updates.get(0));
        aggregation.accept(updates.get(1));
        assertFails(IllegalArgumentException.class, () -> aggregation.accept(updates.get(2)), "client c2", "rank 3");
        assertEquals(Optional.empty(), global.differenceInForm(aggregation.finish()));
        Adapter unknown = lora(new Random(1), 3, 0.1);
        assertFails(
                IllegalArgumentException.class,
                () -> rule.open(round(1, unknown), Adapter.empty()),
                "rank 3 is not known");
    }

    private static void assertRefused(Aggregator rule, Adapter global, Adapter update, String reason) {
        String refusal = rule.refusal(global, update).orElseThrow();
        assertTrue(refusal.contains(reason), refusal);
    }

    private static Adapter changed(Adapter adapter, String name, int[] shape) {
        Map<String, Tensor> tensors = new HashMap<>(adapter.tensors());
        tensors.put(name, new Tensor(shape, new float[IntStream.of(shape).reduce(1, (x, y) -> x * y)]));
        return new Adapter(tensors);
    }

    @Test
    void server_clientsOfOtherRank_takePart() {
        List<ClientId> registered =
                List.of(new ClientId("four"), new ClientId("eight"), new ClientId("sixteen"), new ClientId("huge"));
        Adapter first = lora(new Random(1), 8, 0.1);
        ExactLoraAveraging rule = ExactLoraAveraging.alpha(ALPHA).build();
        FedHdsServer server = FedHdsServer.builder()
                .runId("run")
                .clients(registered)
                .sampler((all, round) -> all)
                .selector((candidates, round) -> new Coreset(IntStream.range(0, candidates.size())
                        .mapToObj(i -> new Group(i, new double[2], new int[] {i}))
                        .toList()))
                .aggregator(rule)
                .initialAdapter(first)
                .build();
        RoundOpening opening = server.open();
        for (ClientId client : registered) {
            server.accept(new CentroidReport("run", 1, client, List.of(new Centroid(0, new double[2]))));
        }
        server.select();
        int[] ranks = {4, 8, 16};
        List<AdapterUpdate> sent = new ArrayList<>();
        for (int i = 0; i < ranks.length; i++) {
            Adapter start = rule.atRank(opening.globalAdapter(), ranks[i]);
            Map<String, Tensor> trained = new HashMap<>(start.tensors());
            trained.put("odd.lora_B", tensor(new Random(i), 30, ranks[i], 0.1));
            sent.add(new AdapterUpdate("run", 1, registered.get(i), new Adapter(trained), 10 + i, 1));
            assertEquals(Receipt.accepted(sent.get(i)), server.accept(sent.get(i)));
        }
        Receipt huge =
                server.accept(new AdapterUpdate("run", 1, registered.get(3), lora(new Random(4), 65, 0.1), 10, 1));
        assertTrue(huge.toString().contains("rank 65"), huge.toString());
        Adapter next = server.aggregate().adapter();
        assertEquals(Optional.empty(), first.differenceInForm(next));
        assertNotEquals(first, next);
        assertNear(nearest(mean(sent, "odd"), 8), product(next, "odd"), 1e-6);
        assertEquals(2, server.open().round());
    }

    @Test
    void settings_outOfRange_areRefused() {
        Class<IllegalArgumentException> kind = IllegalArgumentException.class;
        for (double bad : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
            assertFails(kind, () -> ExactLoraAveraging.alpha(bad), "alpha", "was " + bad);
        }
        assertFails(kind, () -> ExactLoraAveraging.alpha(1).maxRank(0), "maxRank");
        Adapter global = lora(new Random(1), 8, 0.1);
        assertFails(
                kind,
                () -> ExactLoraAveraging.scale(rank -> 0).build().atRank(global, 4),
                "the scale of rank 8 must be finite and above 0");
        ExactLoraAveraging rsLora =
                ExactLoraAveraging.scale(rank -> ALPHA / Math.sqrt(rank)).build();
        double ratio = norm(product(rsLora.atRank(global, 16), "odd")) / norm(product(global, "odd"));
        assertEquals(Math.sqrt(8.0) / Math.sqrt(16.0), ratio, 1e-6); // product() divides by the rank
    }
}
