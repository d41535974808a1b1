package io.github.fedhds.privacy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.BudgetSpentException;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.aggregation.Aggregation;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.round.RoundContext;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Noise of the server on the sum of updates: its size, the clipping, the account, the drawn clients. */
class CentralNoiseTest {
    private static final PrivacyBudget LARGE = new PrivacyBudget(1e6, 1e-5);
    private static final int VALUES = 20_000;

    private static List<ClientId> clients(int count) {
        return IntStream.range(0, count)
                .mapToObj(i -> new ClientId("client-" + i))
                .toList();
    }

    private static Adapter adapter(double value) {
        return new Adapter(Map.of("a", Tensor.of(new int[] {VALUES}, i -> (float) value)));
    }

    private static RoundContext round(int number, Adapter global) {
        return new RoundContext("run", number, Optional.empty(), 0, global, Map.of());
    }

    private static AdapterUpdate update(ClientId client, Adapter adapter) {
        return new AdapterUpdate("run", 1, client, adapter, 3, 1);
    }

    @Test
    void sum_isClippedAndNoisedWithTheStatedDeviation() {
        CentralNoise noise = CentralNoise.of(LARGE, 2, 0.5, 1, 4);
        assertEquals(0.5 * 2 / 4, noise.deviation());
        Adapter global = adapter(1);
        Aggregation sum = noise.open(round(1, global), Adapter.empty());
        double step = 1 / Math.sqrt(VALUES); // a norm of 1, which is kept
        for (ClientId client : clients(2)) {
            sum.accept(update(client, adapter(1 + step)));
        }
        sum.accept(update(new ClientId("client-2"), adapter(1 + 100 * step))); // a norm of 100, which becomes 2
        float[] next = Objects.requireNonNull(sum.finish().tensors().get("a")).toArray();
        double expected = 1 + (1 + 1 + 2) * step / 4; // of four clients, one of which has sent nothing
        double mean = 0;
        double square = 0;
        for (float value : next) {
            mean += (value - expected) / VALUES;
            square += (value - expected) * (value - expected) / VALUES;
        }
        double deviation = noise.deviation();
        assertEquals(0, mean, 4.4 * deviation / Math.sqrt(VALUES));
        assertEquals(deviation * deviation, square, 4.4 * deviation * deviation * Math.sqrt(2.0 / VALUES));
    }

    @Test
    void repeatableSum_doesNotDependOnTheOrderOfUpdates() {
        CentralNoise noise = CentralNoise.of(LARGE, 1, 0.01, 1, 5).from(NoiseSource.repeatable(4));
        Random random = new Random(1);
        List<AdapterUpdate> updates = clients(5).stream()
                .map(client -> update(client, new Adapter(Map.of("a", Tensor.of(new int[] {VALUES}, i ->
                        (float) (1 + 0.02 * random.nextGaussian()))))))
                .collect(Collectors.toList());
        String first = sum(noise, updates);
        Collections.reverse(updates);
        assertEquals(first, sum(noise, updates));
        assertNotEquals(first, sum(noise.from(NoiseSource.repeatable(5)), updates));
        assertNotEquals(first, sum(noise.from(NoiseSource.secret()), updates));
    }

    private static String sum(CentralNoise noise, List<AdapterUpdate> updates) {
        Aggregation sum = noise.open(round(1, adapter(1)), Adapter.empty());
        updates.forEach(sum::accept);
        return sum.finish().digest();
    }

    @Test
    void withoutSampling_epsilonIsExact() {
        CentralNoise noise = CentralNoise.of(LARGE, 1, 3, 1, 10);
        assertEquals(GaussianPrivacy.epsilon(Math.sqrt(7) / 3, 1e-5), noise.epsilon(7), 1e-4);
    }

    @Test
    void sampling_lowersEpsilon_asTheAccountantHasIt() {
        CentralNoise noise = CentralNoise.of(LARGE, 1, 1, 0.1, 1000);
        assertTrue(noise.epsilon(10) < 0.5 * noise.epsilonOfKnownSamples(10), "epsilon " + noise.epsilon(10));
        assertEquals(RenyiPrivacy.of(1, 0.1).times(10).epsilon(1e-5), noise.epsilon(10), 1e-4);
    }

    @Test
    void roundWithoutUpdates_hasNoiseToo() {
        CentralNoise noise = CentralNoise.of(LARGE, 1, 1, 1, 4);
        assertTrue(noise.changesWithoutUpdates());
        assertNotEquals(sum(noise, List.of()), sum(noise, List.of()));
    }

    @Test
    void spending_findsTheLeastNoise_andStopsAtTheBudget() {
        PrivacyBudget budget = new PrivacyBudget(8, 1e-5);
        for (double probability : new double[] {1, 0.2}) {
            CentralNoise noise = CentralNoise.spending(budget, 1, probability, 200, 20);
            assertEquals(8, noise.epsilon(20), 1e-5);
            assertFalse(drawn(noise, 200, 20).isEmpty());
            BudgetSpentException spent = assertThrows(BudgetSpentException.class, () -> drawn(noise, 200, 21));
            assertTrue(String.valueOf(spent.getMessage()).contains("above the budget of 8.0"), spent.getMessage());
            assertThrows(BudgetSpentException.class, () -> noise.open(round(21, adapter(0)), Adapter.empty()));
        }
    }

    @Test
    void sampler_drawsEachClientIndependently_notFromTheRunsSeed() {
        CentralNoise noise = CentralNoise.of(LARGE, 1, 1, 0.3, 500);
        assertNotEquals(drawn(noise, 500, 1), drawn(noise, 500, 1));
        double total = 0;
        for (int i = 0; i < 100; i++) {
            total += drawn(noise, 500, 1).size();
        }
        assertEquals(0.3, total / 50_000, 4.4 * Math.sqrt(0.3 * 0.7 / 50_000));
        assertThrows(IllegalStateException.class, () -> drawn(noise, 499, 1));
        assertEquals(List.of(), drawn(CentralNoise.of(LARGE, 1, 1, 1e-9, 2), 2, 1));
    }

    private static List<ClientId> drawn(CentralNoise noise, int registered, int round) {
        return noise.clients(clients(registered), clients(registered), round(round, adapter(0)));
    }

    @Test
    void misuse_isRefused() {
        PrivacyBudget budget = new PrivacyBudget(1, 1e-5);
        for (double wrong : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
            assertThrows(IllegalArgumentException.class, () -> CentralNoise.of(budget, wrong, 100, 1, 10));
            assertThrows(IllegalArgumentException.class, () -> CentralNoise.of(budget, 1, wrong, 1, 10));
            assertThrows(IllegalArgumentException.class, () -> CentralNoise.of(budget, 1, 100, wrong, 10));
        }
        assertThrows(IllegalArgumentException.class, () -> CentralNoise.of(budget, 1, 100, 1, 0));
        assertThrows(IllegalArgumentException.class, () -> CentralNoise.spending(budget, 1, 1, 10, 0));
        IllegalArgumentException weak =
                assertThrows(IllegalArgumentException.class, () -> CentralNoise.of(budget, 1, 0.1, 1, 10));
        assertTrue(String.valueOf(weak.getMessage()).contains("above the budget"), weak.getMessage());
        assertFalse(CentralNoise.of(budget, 1, 100, 1, 10)
                .from(NoiseSource.repeatable(1))
                .isSecret());
    }
}
