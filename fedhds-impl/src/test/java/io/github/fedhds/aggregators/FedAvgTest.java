package io.github.fedhds.aggregators;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.aggregation.Aggregation;
import io.github.fedhds.aggregation.Aggregator;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.round.ClientId;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;

class FedAvgTest extends AggregatorContract {
    @Override
    Aggregator aggregator() {
        return FedAvg.bySamples();
    }

    private static Adapter one(float... values) {
        return new Adapter(Map.of("t", new Tensor(new int[] {values.length}, values)));
    }

    private static AdapterUpdate update(int samples, float... values) {
        return new AdapterUpdate("run", 1, new ClientId("c"), one(values), samples, 0);
    }

    private static float[] mean(Aggregator rule, AdapterUpdate... updates) {
        Adapter global = one(new float[(int) updates[0].adapter().parameters()]);
        List<AdapterUpdate> distinct = new ArrayList<>();
        for (AdapterUpdate update : updates) {
            distinct.add(update(1, "c" + distinct.size(), update.adapter(), update.samples()));
        }
        Adapter result = aggregate(rule, round(1, global), distinct);
        return Objects.requireNonNull(result.tensors().get("t")).toArray();
    }

    @Test
    void finish_weights_areSamplesOrEqual() {
        assertArrayEquals(new float[] {2.5f}, mean(FedAvg.bySamples(), update(3, 2), update(1, 4)));
        assertArrayEquals(new float[] {3}, mean(FedAvg.equally(), update(3, 2), update(1, 4)));
    }

    @Test
    void bySamplesUpTo_aHugeClaim_countsAsTheMost() {
        AdapterUpdate[] updates = {update(3, 2), update(Integer.MAX_VALUE, 10), update(1, 6)};
        assertArrayEquals(new float[] {(3 * 2 + 4 * 10 + 6) / 8f}, mean(FedAvg.bySamplesUpTo(4), updates));
        assertArrayEquals(new float[] {6}, mean(FedAvg.bySamplesUpTo(1), updates));
        assertArrayEquals(mean(FedAvg.bySamples(), updates), mean(FedAvg.bySamplesUpTo(Integer.MAX_VALUE), updates));
        assertEquals("FedAvg[by samples up to 4]", FedAvg.bySamplesUpTo(4).toString());
        assertFails(IllegalArgumentException.class, () -> FedAvg.bySamplesUpTo(0), "1 or more, was 0");
    }

    @Test
    void finish_oneUpdate_isThatUpdate() {
        Random random = new Random(3);
        for (int i = 0; i < 100_000; i++) {
            float value = Float.intBitsToFloat(random.nextInt());
            if (Float.isFinite(value) && value != 0) {
                int samples = 1 + random.nextInt(Integer.MAX_VALUE);
                assertEquals(value, mean(FedAvg.bySamples(), update(samples, value))[0]);
            }
        }
    }

    @Test
    void finish_extremes_areExact() {
        float max = Float.MAX_VALUE;
        float least = Float.MIN_VALUE;
        int most = Integer.MAX_VALUE;
        assertArrayEquals(
                new float[] {max, -max, least, 0, 1e38f, 0},
                mean(
                        aggregator(),
                        update(most, max, -max, least, max, 1e38f, -0f),
                        update(most, max, -max, least, -max, 1e38f, -0f)));
        // What cancels leaves the rest untouched, however small.
        assertArrayEquals(
                new float[] {least, 1e-30f},
                mean(aggregator(), update(5, max, 1e30f), update(5, -max, -1e30f), update(1, 11 * least, 11e-30f)));
        // Half of the least float: to the even one, 0; three quarters: up.
        assertArrayEquals(new float[] {0}, mean(aggregator(), update(1, least), update(1, 0)));
        assertArrayEquals(new float[] {least}, mean(aggregator(), update(3, least), update(1, 0)));
        // From subnormal to normal by rounding up.
        float below = Math.nextDown(Float.MIN_NORMAL);
        assertArrayEquals(
                new float[] {Float.MIN_NORMAL}, mean(aggregator(), update(1, below), update(1, Float.MIN_NORMAL)));
    }

    /** Against exact decimal arithmetic, correctly rounded: values of all magnitudes, and near ones that tie often. */
    @Test
    void finish_randomValues_isTheNearestFloat() {
        Random random = new Random(8);
        int ties = 0;
        for (int trial = 0; trial < 4_000; trial++) {
            int clients = 1 + random.nextInt(6);
            boolean wild = trial % 2 == 0;
            int exponent = random.nextInt(254);
            AdapterUpdate[] updates = new AdapterUpdate[clients];
            BigDecimal sum = BigDecimal.ZERO;
            long weights = 0;
            for (int client = 0; client < clients; client++) {
                float value;
                do {
                    int bits = random.nextInt();
                    value = Float.intBitsToFloat(wild ? bits : (bits & 0x007fffff) | (exponent << 23));
                } while (!Float.isFinite(value));
                int samples = wild ? 1 + random.nextInt(Integer.MAX_VALUE) : 1 + random.nextInt(2);
                updates[client] = update(samples, value);
                sum = sum.add(new BigDecimal(value).multiply(BigDecimal.valueOf(samples)));
                weights += samples;
            }
            float actual = mean(aggregator(), updates)[0];
            BigDecimal exact = sum.divide(BigDecimal.valueOf(weights), new MathContext(400));
            BigDecimal error = exact.subtract(new BigDecimal(actual)).abs();
            for (float neighbour : new float[] {Math.nextUp(actual), Math.nextDown(actual)}) {
                if (Float.isFinite(neighbour)) {
                    int order = error.compareTo(
                            exact.subtract(new BigDecimal(neighbour)).abs());
                    assertTrue(order <= 0, actual + " is not the nearest to " + exact);
                    if (order == 0) {
                        ties++;
                        assertEquals(0, Float.floatToRawIntBits(actual) & 1, "ties go to the even one");
                    }
                }
            }
        }
        assertTrue(ties > 50, "ties were met: " + ties);
    }

    @Test
    void accept_updateThatDoesNotFit_isRefusedAndChangesNothing() {
        Adapter global = one(1, 2);
        Aggregation aggregation = aggregator().open(round(1, global), Adapter.empty());
        Class<IllegalArgumentException> kind = IllegalArgumentException.class;
        assertFails(kind, () -> aggregation.accept(update(1, 1)), "client c", "tensor t");
        assertFails(kind, () -> aggregation.accept(update(1, 5, Float.NaN)), "holds NaN at 1");
        assertFails(kind, () -> aggregation.accept(update(0, 5, 5)), "samples must be 1 or more, was 0");
        assertEquals(global, aggregation.finish());
    }
}
