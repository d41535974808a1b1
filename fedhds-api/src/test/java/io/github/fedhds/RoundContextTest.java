package io.github.fedhds;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.round.RoundContext;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class RoundContextTest {
    private static RoundContext context(int round, String client, long seed) {
        Optional<ClientId> id = client.isEmpty() ? Optional.empty() : Optional.of(new ClientId(client));
        return new RoundContext("run", round, id, seed, Adapter.empty(), Map.of());
    }

    /** Literal values: a run that was saved yesterday draws the same numbers today. */
    @Test
    void seedOf_literalValues_stay() {
        assertEquals(6942701759050372242L, RoundContext.first().seedOf("dropout"));
        assertEquals(-8677017700958286190L, context(7, "client-3", -5).seedOf("t-SNE"));
        assertEquals(
                2151683801043447773L, RoundContext.first().random("dropout").nextLong());
    }

    @Test
    void seedOf_anyDifference_givesAnotherStream() {
        Set<Long> seeds = new HashSet<>();
        int count = 0;
        for (int round : new int[] {1, 2, 11, 111}) {
            for (String client : new String[] {"", "1", "11", "a", "ab"}) {
                for (long seed : new long[] {0, 1, -1, 1L << 32}) {
                    for (String purpose : new String[] {"", "a", "b", "ba", "1"}) {
                        seeds.add(context(round, client, seed).seedOf(purpose));
                        count++;
                    }
                }
            }
        }
        assertEquals(count, seeds.size());
    }

    @Test
    void random_useOfOneStream_changesNoOther() {
        RoundContext round = context(1, "a", 3);
        long expected = round.random("x").nextLong();
        SplittableRandom other = round.random("y");
        for (int i = 0; i < 100; i++) {
            assertTrue(other.nextLong() != expected);
        }
        assertEquals(expected, round.random("x").nextLong());
        assertEquals(expected, context(1, "a", 9).withSeed(3).random("x").nextLong());
    }

    /** Correlation of 2,000 pairs of first numbers; above 0.1 by chance less than once in 10^5. */
    @Test
    void random_neighbouringClients_areUncorrelated() {
        int n = 2000;
        double sum = 0;
        for (int i = 0; i < n; i++) {
            double x = context(1, "c" + i, 0).random("x").nextDouble() - 0.5;
            double y = context(1, "c" + (i + 1), 0).random("x").nextDouble() - 0.5;
            sum += 12 * x * y;
        }
        assertEquals(0, sum / n, 0.1);
    }

    @Test
    void roundContext_checksItsRound() {
        assertFails(IllegalArgumentException.class, () -> context(0, "", 0), "round must be 1 or more, was 0");
        assertEquals("run", RoundContext.first().runId());
    }

    private static List<ClientId> registered(int size) {
        List<ClientId> registered = new ArrayList<>();
        for (int i = 0; i < size; i++) {
            registered.add(new ClientId("c" + (size - i)));
        }
        return registered;
    }

    @Test
    void uniform_count_isTheShareCutToAWholeNumberButOneAtLeast() {
        double[][] cases = {{0.05, 738, 36}, {0.05, 200, 10}, {0.05, 5, 1}, {0.29, 100, 29}, {1, 7, 7}, {0.999, 7, 6}};
        for (double[] one : cases) {
            List<ClientId> registered = registered((int) one[1]);
            List<ClientId> sampled = ClientSampler.uniform(one[0]).sample(registered, context(1, "", 4));
            assertEquals((int) one[2], sampled.size());
            assertEquals(
                    registered.stream().filter(sampled::contains).toList(), sampled, "registered order, none twice");
        }
    }

    @Test
    void uniform_manyRounds_takeEachClientAlikeOften() {
        List<ClientId> registered = registered(10);
        int[] counts = new int[10];
        for (int round = 1; round <= 2000; round++) {
            for (ClientId id : ClientSampler.uniform(0.3).sample(registered, context(round, "", 1))) {
                counts[registered.indexOf(id)]++;
            }
        }
        for (int count : counts) { // 600 expected, standard deviation 20.5; 6 of these
            assertEquals(600, count, 123);
        }
        assertEquals(
                ClientSampler.uniform(0.3).sample(registered, context(5, "", 1)),
                ClientSampler.uniform(0.3).sample(registered, context(5, "", 1)));
    }

    @Test
    void uniform_shareOutOfRange_isRefused() {
        for (double share : new double[] {0, -1, 1.01, Double.NaN}) {
            assertFails(IllegalArgumentException.class, () -> ClientSampler.uniform(share), "share", "" + share);
        }
    }
}
