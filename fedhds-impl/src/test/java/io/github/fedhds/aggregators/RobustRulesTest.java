package io.github.fedhds.aggregators;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.aggregation.Aggregation;
import io.github.fedhds.aggregation.Aggregator;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.round.RoundContext;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** Median, trimmed mean, Krum, Multi-Krum, Bulyan, norm clipping. {@link NaiveRulesTest} has them at random values. */
class RobustRulesTest {
    @Nested
    class Median extends AggregatorContract {
        @Override
        Aggregator aggregator() {
            return new CoordinateMedian();
        }
    }

    @Nested
    class Trimmed extends AggregatorContract {
        @Override
        Aggregator aggregator() {
            return TrimmedMean.of(3);
        }
    }

    @Nested
    class OneByKrum extends AggregatorContract {
        @Override
        Aggregator aggregator() {
            return Krum.of(3);
        }
    }

    @Nested
    class MultiKrum extends AggregatorContract {
        @Override
        Aggregator aggregator() {
            return Krum.multi(2, 6);
        }
    }

    @Nested
    class ByBulyan extends AggregatorContract {
        @Override
        Aggregator aggregator() {
            return Bulyan.of(2);
        }
    }

    @Nested
    class Clipped extends AggregatorContract {
        @Override
        Aggregator aggregator() {
            return NormClipping.of(0.1, FedAvg.bySamples());
        }
    }

    @Nested
    class ClippedBeforeStatefulRule extends AggregatorContract {
        @Override
        Aggregator aggregator() {
            return NormClipping.of(0.1, FedOpt.fedAdam().mean(TrimmedMean.of(1)).build());
        }
    }

    private static Adapter vector(float... values) {
        return new Adapter(Map.of("t", new Tensor(new int[] {values.length}, values)));
    }

    private static float[] values(Adapter adapter) {
        return Objects.requireNonNull(adapter.tensors().get("t")).toArray();
    }

    private static float[] aggregate(Aggregator rule, List<float[]> vectors) {
        List<AdapterUpdate> updates = new ArrayList<>();
        for (float[] values : vectors) {
            updates.add(AggregatorContract.update(1, "c" + updates.size(), vector(values), 1 + updates.size()));
        }
        Adapter global = vector(new float[vectors.get(0).length]);
        return values(AggregatorContract.aggregate(rule, AggregatorContract.round(1, global), updates));
    }

    private static List<float[]> column(float... values) {
        return IntStream.range(0, values.length)
                .mapToObj(i -> new float[] {values[i]})
                .toList();
    }

    private static List<float[]> random(int n, int d, long seed) {
        Random random = new Random(seed);
        List<float[]> vectors = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            float[] values = new float[d];
            for (int k = 0; k < d; k++) {
                values[k] = (float) random.nextGaussian();
            }
            vectors.add(values);
        }
        return vectors;
    }

    @Test
    void values_byHand() {
        float[] six = {9, -4, 1, 2, 100, 3};
        assertArrayEquals(new float[] {2.5f}, aggregate(new CoordinateMedian(), column(six)));
        assertArrayEquals(new float[] {3.75f}, aggregate(TrimmedMean.of(1), column(six)));
        assertArrayEquals(new float[] {2.5f}, aggregate(TrimmedMean.of(2), column(six)));
        // Krum, f = 1, n = 6: sums of the 3 nearest squared distances; 1: 1 + 4 + 25, 2: 1 + 1 + 36, 3: 1 + 4 + 36
        assertArrayEquals(new float[] {1}, aggregate(Krum.of(1), column(six)));
        // By samples: 1 (weight 3), 2 (4) and 3 (6); equally: 2.
        assertArrayEquals(new float[] {29 / 13f}, aggregate(Krum.multi(1, 3), column(six)));
        assertArrayEquals(new float[] {2}, aggregate(Krum.multi(1, 3).weighing(FedAvg.equally()), column(six)));
        // Bulyan, f = 1, n = 7 chooses 2, 3, 1, 0 and 50; the 3 of them nearest to their median.
        assertArrayEquals(new float[] {2}, aggregate(Bulyan.of(1), column(3, 50, 0, 4, 2, 60, 1)));
        // Median 3.5; 3 and 4 are nearest, 2 and 5 equally far: the smaller one.
        assertEquals(3, Coordinatewise.meanAroundMedian(new float[] {1, 2, 3, 4, 5, 6}, 3));
        assertEquals(0, Float.floatToRawIntBits(aggregate(new CoordinateMedian(), column(-0f))[0]));
    }

    /** In the order of registration c2 is before c10, in that of the text behind it. */
    @Test
    void ties_goByTheOrderOfRegistration() {
        // c2 and c10 have the same score, the lowest one.
        float[] ten = {100, 1, 200, 400, 800, -100, -200, -400, -800, -1};
        assertTie(1, Krum.of(3), 1, ten);
        // Chosen in turn: 7, -7, 13, -13, then 16 of c4 before -16 of c10. Median 7; 7, 13 and 16 are nearest.
        assertTie(12, Bulyan.of(1), 4, new float[] {16, 13, 7, 0, -13, -7, -16});
    }

    /** Values that are the same about zero, so that the result of the opposite order has the opposite sign. */
    private static void assertTie(float expected, Aggregator rule, int first, float[] values) {
        List<ClientId> clients = new ArrayList<>();
        List<AdapterUpdate> updates = new ArrayList<>();
        for (int i = 0; i < values.length; i++) {
            clients.add(new ClientId("c" + (first + i)));
            updates.add(AggregatorContract.update(1, "c" + (first + i), vector(values[i]), 1));
        }
        List<ClientId> opposite = new ArrayList<>(clients);
        Collections.reverse(opposite);
        for (int arrival = 0; arrival < 20; arrival++) {
            Adapter next = AggregatorContract.aggregate(rule, AggregatorContract.round(1, vector(0), clients), updates);
            assertArrayEquals(new float[] {expected}, values(next), rule.toString());
            Adapter turned =
                    AggregatorContract.aggregate(rule, AggregatorContract.round(1, vector(0), opposite), updates);
            assertArrayEquals(new float[] {-expected}, values(turned), rule.toString());
            if (arrival == 0) {
                Collections.reverse(updates);
            } else {
                Collections.shuffle(updates, new Random(arrival));
            }
        }
    }

    @Test
    void trimmedMean_ofNone_isTheMean() {
        List<float[]> vectors = random(9, 20, 5);
        assertArrayEquals(aggregate(FedAvg.equally(), vectors), aggregate(TrimmedMean.of(0), vectors), 1e-7f);
    }

    @Test
    void rules_coordinatesInAnotherOrder_giveTheSame() {
        List<Aggregator> rules = List.of(
                new CoordinateMedian(),
                TrimmedMean.of(2),
                Krum.of(2),
                Krum.multi(2, 5),
                Bulyan.of(2),
                NormClipping.of(1, FedAvg.equally()));
        for (int trial = 0; trial < 30; trial++) {
            List<float[]> vectors = random(11, 8, trial);
            List<Integer> order = new ArrayList<>(IntStream.range(0, 8).boxed().toList());
            Collections.shuffle(order, new Random(trial));
            List<float[]> permuted =
                    vectors.stream().map(v -> permute(v, order)).toList();
            for (Aggregator rule : rules) {
                assertArrayEquals(
                        permute(aggregate(rule, vectors), order),
                        aggregate(rule, permuted),
                        1e-6f,
                        rule + ", trial " + trial);
            }
        }
    }

    private static float[] permute(float[] values, List<Integer> order) {
        float[] permuted = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            permuted[i] = values[order.get(i)];
        }
        return permuted;
    }

    @Test
    void normClipping_differences_areCutToTheBound() {
        Aggregator rule = NormClipping.of(5, FedAvg.equally());
        assertArrayEquals(new float[] {3, 4}, aggregate(rule, List.of(new float[] {3, 4})));
        assertArrayEquals(new float[] {-3, 4}, aggregate(rule, List.of(new float[] {-6e30f, 8e30f})), 1e-6f);
        // From the global adapter, not from zero, and over all tensors together.
        Adapter global = new Adapter(Map.of(
                "a", new Tensor(new int[] {1}, new float[] {100}), "b", new Tensor(new int[] {1}, new float[] {-7})));
        Adapter far = new Adapter(Map.of(
                "a", new Tensor(new int[] {1}, new float[] {130}), "b", new Tensor(new int[] {1}, new float[] {33})));
        Adapter next = AggregatorContract.aggregate(
                rule, AggregatorContract.round(1, global), List.of(AggregatorContract.update(1, "c", far, 1)));
        assertEquals(
                "[103.0, -3.0]",
                Arrays.toString(next.tensors().values().stream()
                        .mapToDouble(t -> t.get(0))
                        .toArray()));
    }

    @Test
    void innerRule_lambdaThatReturnsNull_isNamedWithoutAnAddress() {
        Aggregator lambda = (round, state) -> absent();
        String told = String.valueOf(assertThrows(
                        IllegalStateException.class,
                        () -> NormClipping.of(1, lambda).open(RoundContext.first(), Adapter.empty()))
                .getMessage());
        assertEquals(
                "the rule inside, a rule of the application, returned null; it must return an Aggregation from open",
                told);
    }

    @SuppressWarnings("NullAway")
    private static <T> T absent() {
        return null;
    }

    /** Takes what it is given, NaN too, and counts how often it is asked. */
    private static final class Lenient implements Aggregator {
        private int asked;

        @Override
        public Optional<String> refusal(Adapter globalAdapter, Adapter update) {
            asked++;
            return Optional.empty();
        }

        @Override
        public Aggregation open(RoundContext round, Adapter state) {
            return FedAvg.equally().open(round, state);
        }
    }

    @Test
    void layers_anUpdate_isCheckedOnce() {
        Lenient own = new Lenient();
        Adapter global = vector(0, 0);
        AdapterUpdate update = AggregatorContract.update(1, "c", vector(3, 4), 1);
        Aggregator rule = NormClipping.of(1, FedOpt.fedAvgM().mean(own).build());
        Adapter next = AggregatorContract.aggregate(rule, AggregatorContract.round(1, global), List.of(update));
        assertEquals(1, own.asked);
        assertArrayEquals(new float[] {0.6f, 0.8f}, values(next));
    }

    /** NaN has no length that could be cut; and the inner rule opens the round of another, which was not asked. */
    @Test
    void layers_nanThatTheInnerRuleTakes_isRefused() {
        for (float bad : new float[] {Float.NaN, Float.NEGATIVE_INFINITY}) {
            for (Aggregator rule : List.of(
                    NormClipping.of(1, new Lenient()),
                    FedOpt.fedAvgM().mean(new Lenient()).build(),
                    NormClipping.of(1, FedOpt.fedAvgM().mean(new Lenient()).build()))) {
                Aggregation aggregation = rule.open(AggregatorContract.round(1, vector(0, 0)), Adapter.empty());
                AdapterUpdate update = AggregatorContract.update(1, "bad", vector(0.5f, bad), 1);
                assertFails(
                        IllegalArgumentException.class,
                        () -> aggregation.accept(update),
                        "update of client bad: tensor t holds " + bad + " at 1");
                aggregation.accept(AggregatorContract.update(1, "bad", vector(0.5f, 0.25f), 1));
                assertArrayEquals(new float[] {0.5f, 0.25f}, values(aggregation.finish()));
            }
        }
    }

    @Test
    void settings_outOfTheTheory_areRefusedWithTheReason() {
        Class<IllegalArgumentException> kind = IllegalArgumentException.class;
        assertFails(kind, () -> Krum.of(-1), "f must be from 0", "was -1");
        assertFails(kind, () -> TrimmedMean.of(Integer.MAX_VALUE), "f must be from 0");
        assertFails(kind, () -> Bulyan.of(-2), "was -2");
        assertFails(kind, () -> Krum.multi(1, 0), "1 update or more, was 0");
        assertFails(kind, () -> Krum.multi(1, Integer.MAX_VALUE), "Multi-Krum keeps");
        assertFails(kind, () -> Krum.of(2, 6), "Krum[f = 2] needs 7 updates or more, n = 6");
        assertFails(kind, () -> Krum.multi(2, 5, 8), "needs 9 updates or more, n = 8");
        assertFails(kind, () -> Bulyan.of(2, 10), "Bulyan[f = 2] needs 11 updates or more, n = 10");
        assertFails(kind, () -> TrimmedMean.of(2, 4), "TrimmedMean[f = 2] needs 5 updates or more, n = 4");
        assertEquals(7, Krum.of(2, 7).leastUpdates());
        assertEquals(9, Krum.multi(2, 5, 9).leastUpdates());
        assertEquals(11, Bulyan.of(2, 11).leastUpdates());
        assertEquals(5, TrimmedMean.of(2, 5).leastUpdates());
        assertEquals(1, new CoordinateMedian().leastUpdates());
        assertEquals(11, NormClipping.of(1, Bulyan.of(2)).leastUpdates());
        for (double bound : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
            assertFails(kind, () -> NormClipping.of(bound, FedAvg.equally()), "was " + bound);
        }
    }
}
