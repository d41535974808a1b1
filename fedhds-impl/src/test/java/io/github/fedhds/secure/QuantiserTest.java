package io.github.fedhds.secure;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.aggregation.MeanUpdate;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.round.ClientId;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Updates as whole numbers: the sum cannot overflow, the mean is near the exact one, and a wrong sum is noticed. */
class QuantiserTest {
    private static Adapter adapter(double... values) {
        return new Adapter(Map.of("w", Tensor.of(new int[] {values.length}, i -> (float) values[i])));
    }

    private static AdapterUpdate update(Adapter adapter, int samples, double loss) {
        return new AdapterUpdate("run", 1, new ClientId("a"), adapter, samples, loss);
    }

    private static float[] values(Adapter adapter) {
        return Objects.requireNonNull(adapter.tensors().get("w")).toArray();
    }

    @Test
    void mean_isWithinTheStatedRounding() {
        Random random = new Random(3);
        for (int repeat = 0; repeat < 200; repeat++) {
            int clients = 1 + random.nextInt(30);
            double norm = Math.pow(10, random.nextInt(5) - 2);
            int most = 1 + random.nextInt(50);
            Adapter global = adapter(random.doubles(6, -1, 1).toArray());
            Quantiser quantiser = new Quantiser(global, norm, most, clients);
            double[] exact = new double[6];
            int[] sum = new int[quantiser.length()];
            long weights = 0;
            for (int c = 0; c < clients; c++) {
                int samples = 1 + random.nextInt(80);
                double[] to = new double[6];
                for (int i = 0; i < 6; i++) {
                    to[i] = values(global)[i] + norm / 3 * random.nextDouble();
                }
                Adapter trained = adapter(to);
                int weight = Math.min(most, samples);
                weights += weight;
                for (int i = 0; i < 6; i++) {
                    exact[i] += weight * ((double) values(trained)[i] - values(global)[i]);
                }
                int[] words = quantiser.words(update(trained, samples, 2));
                for (int i = 0; i < words.length; i++) {
                    sum[i] = Math.addExact(sum[i], words[i]);
                }
            }
            MeanUpdate mean = quantiser.mean(sum, clients);
            double rounding = norm * most / ((double) weights / clients) * clients / Math.pow(2, 32);
            for (int i = 0; i < 6; i++) {
                double expected = values(global)[i] + exact[i] / weights;
                assertEquals(expected, values(mean.adapter())[i], 2 * rounding + Math.ulp((float) expected));
            }
            assertEquals(weights, mean.samples());
            assertEquals(2, mean.meanLoss(), 64 * 2 * rounding / norm);
        }
    }

    @Test
    void longUpdates_areClipped_andTheirSumFits() {
        Adapter global = adapter(0, 0);
        Quantiser quantiser = new Quantiser(global, 5, 10, 3);
        int[] sum = new int[quantiser.length()];
        for (int c = 0; c < 3; c++) {
            int[] words = quantiser.words(update(adapter(3e38, 4e38 / 2), 1_000_000, 1e300));
            for (int i = 0; i < words.length; i++) {
                sum[i] = Math.addExact(sum[i], words[i]);
            }
        }
        MeanUpdate mean = quantiser.mean(sum, 3);
        assertEquals(5, Math.hypot(values(mean.adapter())[0], values(mean.adapter())[1]), 1e-5);
        assertEquals(30, mean.samples());
        assertEquals(64, mean.meanLoss(), 1e-5);
    }

    @Test
    void changeFarAboveTheOthers_isCut() {
        Adapter global = adapter(new double[10_000]);
        double[] far = new double[10_000];
        far[3] = -2;
        far[4] = 0.1;
        Quantiser quantiser = new Quantiser(global, 5, 10, 3);
        int[] words = quantiser.words(update(adapter(far), 4, 1));
        float[] mean = values(quantiser.mean(words, 1).adapter());
        assertEquals(-16 * 5 / 100.0, mean[3], 1e-6);
        assertEquals(0.1, mean[4], 1e-6);
    }

    @Test
    void lossThatNobodyReports_isNaN() {
        Quantiser quantiser = new Quantiser(adapter(0), 1, 1, 2);
        assertTrue(Double.isNaN(quantiser
                .mean(quantiser.words(update(adapter(0.5), 1, Double.NaN)), 1)
                .meanLoss()));
    }

    @Test
    void wrongUpdatesAndSums_areRefused() {
        Adapter global = adapter(0, 0);
        Quantiser quantiser = new Quantiser(global, 1, 10, 4);
        assertThrows(IllegalArgumentException.class, () -> quantiser.words(update(adapter(0, Double.NaN), 1, 0)));
        assertThrows(IllegalArgumentException.class, () -> quantiser.words(update(adapter(0), 1, 0)));
        int[] words = quantiser.words(update(adapter(0.6, 0.6), 5, 1));
        quantiser.mean(words, 1);
        assertThrows(IllegalStateException.class, () -> quantiser.mean(new int[words.length], 1));
        for (int place = 0; place < words.length; place++) {
            int[] wrong = words.clone();
            wrong[place] = Integer.MIN_VALUE;
            if (place < 4) { // not the loss, which is only reported
                assertThrows(IllegalStateException.class, () -> quantiser.mean(wrong, 1), "word " + place);
            }
        }
        assertThrows(IllegalArgumentException.class, () -> new Quantiser(global, 1, 1_000_000, 10_000));
    }
}
