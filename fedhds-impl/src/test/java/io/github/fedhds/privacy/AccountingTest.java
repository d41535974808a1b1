package io.github.fedhds.privacy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.github.fedhds.reduction.GoldenArrays;
import java.io.IOException;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The two accountants: reference values, and properties that hold for every noise. */
class AccountingTest {
    @Tag("golden")
    @Test
    void everyRow_matchesTheReference() throws IOException {
        JsonObject file = GoldenArrays.json("dp-accounting.json");
        int rows = 0;
        for (JsonElement element : file.getAsJsonArray("rows")) {
            JsonObject row = element.getAsJsonObject();
            double sigma = number(row, "sigma");
            double sensitivity = number(row, "sensitivity");
            double probability = number(row, "sampling_rate");
            int steps = row.get("steps").getAsInt();
            double delta = number(row, "delta");
            double epsilon = number(row, "epsilon");
            switch (row.get("accountant").getAsString()) {
                case "analytic" -> {
                    assertEquals(1, probability, row.toString());
                    double spread = sensitivity * Math.sqrt(steps);
                    if (row.get("solved_for").getAsString().equals("sigma")) {
                        assertEquals(sigma, spread / GaussianPrivacy.mu(epsilon, delta), 1e-6 * sigma, row.toString());
                    } else {
                        assertEquals(
                                epsilon,
                                GaussianPrivacy.epsilon(spread / sigma, delta),
                                1e-6 * epsilon,
                                row.toString());
                    }
                }
                case "rdp" ->
                    assertEquals(
                            epsilon,
                            RenyiPrivacy.of(sigma / sensitivity, probability)
                                    .times(steps)
                                    .epsilon(delta),
                            1e-6 * epsilon,
                            row.toString());
                default -> throw new AssertionError("no accountant for " + row);
            }
            rows++;
        }
        assertTrue(rows > 0, "the file has rows");
    }

    private static double number(JsonObject row, String name) {
        return row.get(name).getAsDouble();
    }

    @Test
    void gaussian_epsilonDeltaAndMu_areInverse() {
        SplittableRandom random = new SplittableRandom(4);
        for (int i = 0; i < 300; i++) {
            double mu = Math.exp(random.nextDouble(-6, 5));
            double delta = Math.exp(random.nextDouble(-40, -1));
            double epsilon = GaussianPrivacy.epsilon(mu, delta);
            if (epsilon > 0) {
                assertEquals(delta, GaussianPrivacy.delta(mu, epsilon), 1e-6 * delta, mu + " " + epsilon);
                assertEquals(mu, GaussianPrivacy.mu(epsilon, delta), 1e-6 * mu, mu + " " + epsilon);
            } else {
                assertTrue(GaussianPrivacy.delta(mu, 0) <= delta);
            }
        }
    }

    @Test
    void gaussian_moreNoiseOrMoreDelta_isLessEpsilon() {
        double before = Double.POSITIVE_INFINITY;
        for (double mu = 50; mu > 0.01; mu *= 0.9) {
            double epsilon = GaussianPrivacy.epsilon(mu, 1e-5);
            assertTrue(epsilon <= before, mu + ": " + epsilon);
            assertTrue(GaussianPrivacy.epsilon(mu, 1e-4) <= epsilon);
            before = epsilon;
        }
    }

    @Test
    void gaussian_edges() {
        assertEquals(0, GaussianPrivacy.delta(0, 1));
        assertEquals(1, GaussianPrivacy.delta(Double.POSITIVE_INFINITY, 1));
        assertEquals(1, GaussianPrivacy.delta(1e6, 1));
        assertEquals(0, GaussianPrivacy.delta(1e-3, 50));
        assertEquals(Double.POSITIVE_INFINITY, GaussianPrivacy.epsilon(Double.POSITIVE_INFINITY, 1e-5));
        for (double bad : new double[] {-1, Double.NaN}) {
            assertThrows(IllegalArgumentException.class, () -> GaussianPrivacy.delta(bad, 1));
            assertThrows(IllegalArgumentException.class, () -> GaussianPrivacy.delta(1, bad));
            assertThrows(IllegalArgumentException.class, () -> GaussianPrivacy.epsilon(1, bad));
            assertThrows(IllegalArgumentException.class, () -> GaussianPrivacy.mu(bad, 0.1));
        }
        assertThrows(IllegalArgumentException.class, () -> GaussianPrivacy.epsilon(1, 0));
        assertThrows(IllegalArgumentException.class, () -> GaussianPrivacy.epsilon(1, 1));
        assertThrows(IllegalArgumentException.class, () -> GaussianPrivacy.mu(Double.POSITIVE_INFINITY, 0.1));
    }

    /** Renyi orders give an upper bound, and sampling lowers it. */
    @Test
    void renyi_isAboveTheExactValueAndFallsWithSampling() {
        for (double noise : new double[] {0.5, 1, 3, 20}) {
            for (int steps : new int[] {1, 10, 300}) {
                double exact = GaussianPrivacy.epsilon(Math.sqrt(steps) / noise, 1e-6);
                double all = RenyiPrivacy.of(noise, 1).times(steps).epsilon(1e-6);
                double half = RenyiPrivacy.of(noise, 0.5).times(steps).epsilon(1e-6);
                double few = RenyiPrivacy.of(noise, 0.01).times(steps).epsilon(1e-6);
                assertTrue(exact <= all && half <= all && few <= half, noise + " " + steps);
            }
        }
        RenyiPrivacy one = RenyiPrivacy.of(2, 0.1);
        assertEquals(one.times(3).epsilon(1e-5), one.and(one).and(one).epsilon(1e-5), 1e-12);
        assertEquals(0, RenyiPrivacy.none().epsilon(0.5));
    }

    @Test
    void renyi_badValues_areNamed() {
        for (double bad : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
            assertThrows(IllegalArgumentException.class, () -> RenyiPrivacy.of(bad, 0.5));
        }
        for (double bad : new double[] {0, -1, Double.NaN, 1.5}) {
            assertThrows(IllegalArgumentException.class, () -> RenyiPrivacy.of(1, bad));
        }
    }
}
