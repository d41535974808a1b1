package io.github.fedhds.privacy;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Noise and bounds. */
class NoiseTest {
    /** Mean, variance, third and fourth moment within 4.4 standard errors: a right generator fails once in 20,000 runs. */
    @Test
    void noise_ofEitherSource_hasTheMomentsOfANormalDistribution() {
        int n = 100_000;
        for (NoiseSource source : new NoiseSource[] {NoiseSource.secret(), NoiseSource.repeatable(5)}) {
            double[] values = new double[n];
            source.fill(values);
            double[] moments = new double[5];
            for (double value : values) {
                assertTrue(Double.isFinite(value));
                for (int k = 1; k <= 4; k++) {
                    moments[k] += Math.pow(value, k) / n;
                }
            }
            double[] expected = {1, 0, 1, 0, 3};
            double[] variance = {0, 1, 2, 15, 96}; // of a value's k-th power
            for (int k = 1; k <= 4; k++) {
                assertEquals(expected[k], moments[k], 4.4 * Math.sqrt(variance[k] / n), "moment " + k);
            }
        }
    }

    /** Bits of zeros alone: a number far smaller than 2^-53, so noise above 8.6 deviations. */
    @Test
    void noise_tails_reachFar() {
        long[] bits = {0, 0, 1, 0, -1, 0};
        int[] at = {0};
        double[] values = new double[1];
        NoiseSource.of(() -> bits[at[0]++]).fill(values);
        assertEquals(Math.sqrt(2 * Math.log(2) * 192), Math.abs(values[0]), 1e-9);
    }

    @Test
    void noise_secretSources_neverRepeat() {
        double[] first = new double[3];
        double[] second = new double[3];
        NoiseSource.secret().fill(first);
        NoiseSource.secret().fill(second);
        for (int i = 0; i < 3; i++) {
            assertNotEquals(first[i], second[i]);
        }
        NoiseSource.repeatable(7).fill(first);
        NoiseSource.repeatable(7).fill(second);
        assertArrayEquals(first, second);
        assertTrue(NoiseSource.secret().isSecret());
        assertFalse(NoiseSource.repeatable(7).isSecret());
    }

    @Test
    void bound_anyPoint_isWithinTheRadius() {
        SplittableRandom random = new SplittableRandom(3);
        for (int i = 0; i < 500; i++) {
            double scale = Math.exp(random.nextDouble(-300, 700));
            double[] point = random.doubles(1 + i % 9, -scale, scale).toArray();
            for (Bound bound : new Bound[] {Bound.clip(2.5), Bound.tanh(0.1)}) {
                double[] bounded = bound.of(point);
                double norm = 0;
                for (double x : bounded) {
                    norm += x * x;
                }
                assertTrue(Math.sqrt(norm) <= bound.radius(point.length) * (1 + 1e-12), bound + " " + scale);
            }
        }
    }

    @Test
    void clip_aPointInside_isUnchanged() {
        double[] point = {0.3, -0.4};
        assertArrayEquals(point, Bound.clip(0.5).of(point));
        assertArrayEquals(new double[] {0.6, -0.8}, Bound.clip(1).of(new double[] {6e307, -8e307}), 1e-12);
        assertArrayEquals(new double[2], Bound.clip(1).of(new double[2]));
    }
}
