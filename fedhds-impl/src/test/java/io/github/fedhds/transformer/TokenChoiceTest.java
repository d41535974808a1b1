package io.github.fedhds.transformer;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.FedHdsException;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TokenChoiceTest {
    private static final int DRAWS = 20_000;
    private static final float NONE = Float.NEGATIVE_INFINITY;

    private static float[] logs(double... probabilities) {
        float[] logits = new float[probabilities.length];
        for (int i = 0; i < logits.length; i++) {
            logits[i] = (float) Math.log(probabilities[i]);
        }
        return logits;
    }

    /** How often each token is chosen in so many draws from one stream. */
    private static int[] counts(Sampling sampling, float[] logits, int draws) {
        TokenChoice choice = new TokenChoice(sampling, 1);
        int[] counts = new int[logits.length];
        for (int i = 0; i < draws; i++) {
            counts[choice.next(0, logits)]++;
        }
        return counts;
    }

    private static Set<Integer> chosen(Sampling sampling, float... logits) {
        int[] counts = counts(sampling, logits, 1000);
        return IntStream.range(0, counts.length)
                .filter(i -> counts[i] > 0)
                .boxed()
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static Sampling topP(double topP) {
        return Sampling.seeded(1).withTopP(topP);
    }

    @Test
    void settings_areChecked() {
        Class<IllegalArgumentException> kind = IllegalArgumentException.class;
        for (double temperature : new double[] {-1e-300, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
            assertFails(
                    kind,
                    () -> Sampling.seeded(1).withTemperature(temperature),
                    "temperature must be finite and above 0, or 0 for greedy, was " + temperature);
        }
        for (double topP : new double[] {0, -0.1, 1.0000001, Double.NaN}) {
            assertFails(
                    kind, () -> Sampling.greedy().withTopP(topP), "topP must be above 0 and at most 1, was " + topP);
        }
        assertEquals(new Sampling(0, 1, 0), Sampling.greedy());
        assertEquals(new Sampling(0.7, 0.9, 3), Sampling.seeded(3).withTopP(0.9).withTemperature(0.7));
    }

    /** The smallest set that reaches top-p; in powers of two, so that sums are exact. */
    @Test
    void next_topP_keepsTheFewestThatReachIt() {
        float[] logits = logs(0.125, 0.5, 0.0625, 0.25, 0.0625);
        assertEquals(Set.of(1), chosen(topP(1e-300), logits));
        assertEquals(Set.of(1), chosen(topP(0.49), logits));
        assertEquals(Set.of(1, 3), chosen(topP(0.51), logits));
        assertEquals(Set.of(1, 3), chosen(topP(0.74), logits));
        assertEquals(Set.of(0, 1, 3), chosen(topP(0.76), logits));
        assertEquals(Set.of(0, 1, 2, 3), chosen(topP(0.93), logits), "of equals the lower id");
        assertEquals(Set.of(0, 1, 2, 3, 4), chosen(topP(0.95), logits));
        assertEquals(Set.of(0, 1, 2, 3, 4), chosen(topP(1), logits));
        assertEquals(Set.of(0, 1), chosen(topP(0.5), 7, 7, 7, 7), "reached is enough");
        assertEquals(Set.of(0), chosen(topP(0.25), -0f, 0f, -0f, 0f), "the zeros of both signs are equal");
    }

    /** The temperature comes first: a sharper distribution needs fewer tokens to reach top-p. */
    @Test
    void next_temperature_actsBeforeTopP() {
        float[] logits = logs(0.4, 0.3, 0.2, 0.1);
        assertEquals(Set.of(0, 1, 2), chosen(topP(0.75), logits));
        // Squares: 16, 9, 4, 1 of 30.
        assertEquals(Set.of(0, 1), chosen(topP(0.75).withTemperature(0.5), logits));
        // Square roots: 63, 55, 45, 32 of 194.
        assertEquals(Set.of(0, 1, 2), chosen(topP(0.8).withTemperature(2), logits));
        assertEquals(Set.of(0, 1, 2, 3), chosen(topP(0.9).withTemperature(2), logits));
    }

    /** Random logits: never outside of a set that is made by the definition, all of the set at some time. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void next_randomLogits_staysInTheNucleus(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        float[] logits = new float[200];
        for (int i = 0; i < logits.length; i++) {
            logits[i] = Math.round(random.nextGaussian() * 8) / 4f; // with ties
        }
        double temperature = 0.3 + random.nextDouble() * 2;
        double topP = 0.05 + 0.9 * random.nextDouble();
        double[] weights = IntStream.range(0, 200)
                .mapToDouble(i -> Math.exp(logits[i] / temperature))
                .toArray();
        double sum = Arrays.stream(weights).sum();
        List<Integer> order = IntStream.range(0, 200)
                .boxed()
                .sorted(Comparator.comparingDouble((Integer i) -> -weights[i]).thenComparing(i -> i))
                .toList();
        Set<Integer> nucleus = new TreeSet<>();
        double reached = 0;
        for (int i = 0; reached < topP; i++) {
            nucleus.add(order.get(i));
            reached += weights[order.get(i)] / sum;
        }
        int[] counts = counts(new Sampling(temperature, topP, seed), logits, DRAWS);
        double chi = 0;
        for (int i = 0; i < 200; i++) {
            if (nucleus.contains(i)) {
                double expected = DRAWS * weights[i] / sum / reached;
                chi += (counts[i] - expected) * (counts[i] - expected) / expected;
            } else {
                assertEquals(0, counts[i], "token " + i + " outside of the nucleus");
            }
        }
        // Five deviations of chi-square; another stream would pass it by chance in all but some 1 of 10,000.
        int freedom = nucleus.size() - 1;
        assertTrue(chi <= freedom + 5 * Math.sqrt(2.0 * freedom), "chi-square " + chi + " at " + freedom);
    }

    @Test
    void next_lowTemperatureOrTopP_isGreedy() {
        SplittableRandom random = new SplittableRandom(9);
        for (int round = 0; round < 10; round++) {
            float[] logits = new float[100];
            for (int i = 0; i < logits.length; i++) {
                logits[i] = (float) (random.nextGaussian() * 100);
            }
            Set<Integer> greedy = chosen(Sampling.greedy(), logits);
            assertEquals(1, greedy.size());
            for (double low : new double[] {1e-6, 1e-300, Double.MIN_VALUE}) {
                assertEquals(greedy, chosen(Sampling.seeded(round).withTemperature(low), logits));
                assertEquals(greedy, chosen(Sampling.seeded(round).withTopP(low), logits));
                assertEquals(greedy, chosen(new Sampling(1e300, low, round), logits), "order is of the logits");
            }
        }
        assertEquals(Set.of(1), chosen(Sampling.greedy(), 3, 7, 7, -9), "the first among equals");
        assertEquals(Set.of(1), chosen(topP(1e-9), 3, 7, 7, -9));
    }

    @Test
    void next_extremeLogits_areChosenFrom() {
        float huge = Float.MAX_VALUE;
        assertEquals(Set.of(0, 2), chosen(topP(1), huge, -huge, huge, NONE));
        assertEquals(Set.of(0, 2), chosen(topP(0.9), huge, -huge, huge, NONE));
        assertEquals(Set.of(1, 2), chosen(Sampling.seeded(1), NONE, -huge, -huge));
        assertEquals(Set.of(0), chosen(topP(0.5), -5));
        assertEquals(Set.of(1), chosen(Sampling.greedy(), NONE, -huge));
        assertEquals(Set.of(0, 1, 2), chosen(Sampling.seeded(1).withTemperature(Double.MAX_VALUE), 1, huge, -huge));
    }

    @Test
    void next_logitsThatAreNotNumbers_nameTheRow() {
        for (Sampling sampling : List.of(Sampling.greedy(), Sampling.seeded(1), topP(0.5))) {
            TokenChoice choice = new TokenChoice(sampling, 8);
            Class<FedHdsException> kind = FedHdsException.class;
            assertFails(kind, () -> choice.next(7, new float[] {1, Float.NaN}), "row 7", "logit of token 1 is NaN");
            assertFails(kind, () -> choice.next(0, new float[] {Float.NaN, 1}), "row 0", "token 0 is NaN");
            float infinity = Float.POSITIVE_INFINITY;
            assertFails(kind, () -> choice.next(2, new float[] {0, infinity}), "row 2", "token 1 is Infinity");
            assertFails(kind, () -> choice.next(2, new float[] {NONE, NONE}), "row 2", "token 0 is -Infinity");
        }
    }

    @Test
    void next_streams_areOfSeedAndPlace() {
        float[] flat = new float[1000];
        int[][] made = new int[4][];
        TokenChoice choice = new TokenChoice(Sampling.seeded(1), 3);
        for (int text = 2; text >= 0; text--) { // in another order than the places
            made[text] = stream(choice, text, flat);
        }
        for (int text = 0; text < 3; text++) {
            assertArrayEquals(made[text], stream(new TokenChoice(Sampling.seeded(1), text + 1), text, flat));
        }
        made[3] = stream(new TokenChoice(Sampling.seeded(2), 1), 0, flat);
        assertEquals(4, Arrays.stream(made).map(Arrays::toString).distinct().count());
    }

    private static int[] stream(TokenChoice choice, int text, float[] logits) {
        return IntStream.range(0, 10).map(i -> choice.next(text, logits)).toArray();
    }
}
