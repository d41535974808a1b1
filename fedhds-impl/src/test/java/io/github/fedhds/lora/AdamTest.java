package io.github.fedhds.lora;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AdamTest {
    private static final Class<IllegalArgumentException> VALUE = IllegalArgumentException.class;

    /** Algorithm 1 of Adam with the decay of AdamW, in double precision. The largest difference seen is 2e-7. */
    @ParameterizedTest
    @CsvSource({"0.9, 0.999, 1e-8, 0", "0.9, 0.95, 1e-8, 0.05", "0, 0, 1e-3, 0", "0.5, 0.9, 0.1, 2"})
    void step_manyTimes_followsThePaper(double beta1, double beta2, double epsilon, double decay) {
        int n = 50;
        SplittableRandom random = new SplittableRandom(1);
        Adam adam = new Adam(n, beta1, beta2, epsilon, decay);
        float[] parameters = new float[n];
        double[] expected = new double[n];
        for (int i = 0; i < n; i++) {
            parameters[i] = (float) random.nextGaussian();
            expected[i] = parameters[i];
        }
        double[] m = new double[n];
        double[] v = new double[n];
        for (int t = 1; t <= 60; t++) {
            double rate = 0.01 / t;
            float[] gradient = new float[n];
            for (int i = 0; i < n; i++) {
                gradient[i] = (float) (random.nextGaussian() * Math.pow(10, random.nextInt(7) - 4));
                double g = gradient[i];
                m[i] = beta1 * m[i] + (1 - beta1) * g;
                v[i] = beta2 * v[i] + (1 - beta2) * g * g;
                double mean = m[i] / (1 - Math.pow(beta1, t));
                double square = v[i] / (1 - Math.pow(beta2, t));
                expected[i] -= rate * decay * expected[i];
                expected[i] -= rate * mean / (Math.sqrt(square) + epsilon);
            }
            adam.step(parameters, gradient, rate);
        }
        for (int i = 0; i < n; i++) {
            assertEquals(expected[i], parameters[i], 2e-6, "parameter " + i);
        }
    }

    /** The first step has the learning rate's length, whatever the gradient's; torch's defaults. */
    @Test
    void step_first_hasTheLengthOfTheRate() {
        float[] parameters = new float[3];
        new Adam(3).step(parameters, new float[] {100, -1e-3f, 0}, 0.25);
        assertArrayEquals(new float[] {-0.25f, 0.25f, 0}, parameters, 1e-5f);
    }

    @Test
    void defaults_areTorchs() {
        float[] one = {1, 2};
        float[] other = {1, 2};
        Adam defaults = new Adam(2);
        Adam named = new Adam(2, 0.9, 0.999, 1e-8, 0);
        for (int i = 1; i < 5; i++) {
            defaults.step(one, new float[] {i, 1f / i}, 0.1);
            named.step(other, new float[] {i, 1f / i}, 0.1);
        }
        assertArrayEquals(other, one);
    }

    /** Torch 2.15; the script is in SgdTest. The largest difference seen is 6e-8. */
    @Test
    void adamW_ofDefaults_givesTorchsFigures() {
        float[] values = {1, -2, 0.5f};
        Adam adam = Adam.adamW(3);
        for (int t = 1; t <= 5; t++) {
            adam.step(values, SgdTest.gradient(t), 0.1);
        }
        assertArrayEquals(new float[] {0.5109031796f, -1.5508093834f, 0.6405541301f}, values, 1e-6f);
    }

    @Test
    void settings_outOfRange_areRefused() {
        new Adam(0, 0, 0, 0, 0);
        for (double beta : new double[] {-0.1, 1, Double.NaN}) {
            assertFails(VALUE, () -> new Adam(1, beta, 0.9, 0, 0), "betas must be 0 or more and below 1", "" + beta);
            assertFails(VALUE, () -> new Adam(1, 0.9, beta, 0, 0), "betas must be 0 or more and below 1", "" + beta);
        }
        for (double value : new double[] {-1e-9, Double.NaN, Double.POSITIVE_INFINITY}) {
            assertFails(VALUE, () -> new Adam(1, 0.9, 0.9, value, 0), "epsilon and weight decay", "" + value);
            assertFails(VALUE, () -> new Adam(1, 0.9, 0.9, 0, value), "epsilon and weight decay", "" + value);
        }
        assertFails(VALUE, () -> new Adam(-1), "parameters must be 0 or more, was -1");
    }

    @Test
    void step_withOtherLengths_isRefused() {
        Adam adam = new Adam(2);
        assertFails(VALUE, () -> adam.step(new float[3], new float[2], 1), "for 2 parameters, was given 3 and 2");
        assertFails(VALUE, () -> adam.step(new float[2], new float[1], 1), "for 2 parameters, was given 2 and 1");
    }

    /** Squares of gradients above 1.8e19 overflow float: the parameter then stays, it does not become NaN. */
    @Test
    void step_hugeGradient_keepsParametersFinite() {
        float[] parameters = {1};
        Adam adam = new Adam(1);
        adam.step(parameters, new float[] {1e30f}, 0.1);
        adam.step(parameters, new float[] {1}, 0.1);
        assertTrue(Float.isFinite(parameters[0]));
    }
}
