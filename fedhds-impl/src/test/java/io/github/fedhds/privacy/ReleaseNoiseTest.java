package io.github.fedhds.privacy;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.BudgetSpentException;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.message.Centroid;
import io.github.fedhds.message.CentroidReport;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.round.RoundContext;
import io.github.fedhds.training.TrainingCounts;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Reports and updates with noise: their form, the size of the noise, what is spent. */
class ReleaseNoiseTest {
    private static final ClientId ID = new ClientId("a");
    private static final PrivacyBudget LARGE = new PrivacyBudget(1e6, 1e-5);

    private static RoundContext round(Adapter global) {
        return new RoundContext("run", 1, Optional.of(ID), 0, global, Map.of());
    }

    private static CentroidReport report(int groups, int dimensions, double value) {
        List<Centroid> centroids = new ArrayList<>();
        for (int i = 0; i < groups; i++) {
            double[] point = new double[dimensions];
            Arrays.fill(point, value + i);
            centroids.add(new Centroid(i, point));
        }
        return new CentroidReport("run", 1, ID, centroids, 1234, "opening");
    }

    @Test
    void report_ofAnyNumberOfGroups_hasTheFixedForm() {
        for (int groups : new int[] {0, 1, 3, 4, 9}) {
            CentroidNoise noise = CentroidNoise.of(4, Bound.clip(1), 0.5).publicSamples(50);
            PrivacyLedger ledger = PrivacyLedger.inMemory(LARGE, NoiseSource.secret());
            CentroidReport released = noise.with(ledger).release(report(groups, 3, 100), 3, round(Adapter.empty()));
            assertEquals(4, released.centroids().size());
            assertEquals(50, released.samples());
            assertEquals("opening", released.openingDigest());
            for (int i = 0; i < 4; i++) {
                assertEquals(i, released.centroids().get(i).group());
                for (double x : released.centroids().get(i).point()) {
                    assertTrue(Math.abs(x) < 1 + 0.5 * 12, "bounded, with noise: " + x);
                    assertEquals(0, Math.abs(Math.IEEEremainder(x, 0x1p-11)), "on the grid of 0.5 / 1024");
                }
            }
            assertEquals(GaussianPrivacy.epsilon(2 * 1 * 2 / 0.5, 1e-5), ledger.epsilon());
        }
    }

    /** 4,000 released coordinates of points at the origin are noise alone. */
    @Test
    void report_noise_hasItsDeviation() {
        CentroidNoise noise = CentroidNoise.of(40, Bound.tanh(1), 3);
        CentroidReport released = noise.with(PrivacyLedger.inMemory(LARGE, NoiseSource.secret()))
                .release(report(0, 100, 0), 100, round(Adapter.empty()));
        double squares = 0;
        for (Centroid centroid : released.centroids()) {
            for (double x : centroid.point()) {
                squares += x * x;
            }
        }
        assertEquals(9, squares / 4000, 4.9 * 9 * Math.sqrt(2.0 / 4000));
        assertEquals(2 * Math.sqrt(100) * Math.sqrt(40), noise.sensitivity(100), 1e-12);
    }

    /** The noise does not come from the run's seed, which everybody knows: two processes draw other noise. */
    @Test
    void report_sameRoundAndSeed_otherNoise() {
        CentroidNoise noise = CentroidNoise.of(1, Bound.clip(1), 1);
        double[][] points = new double[2][];
        for (int i = 0; i < 2; i++) {
            points[i] = noise.with(PrivacyLedger.inMemory(LARGE, NoiseSource.secret()))
                    .release(report(1, 2, 0), 2, round(Adapter.empty()))
                    .centroids()
                    .get(0)
                    .point();
        }
        assertNotEquals(points[0][0], points[1][0]);
    }

    @Test
    void report_planForABudget_spendsIt() {
        PrivacyBudget budget = new PrivacyBudget(3, 1e-6);
        CentroidNoise noise = CentroidNoise.spending(budget, 8, Bound.clip(2), 16, 5);
        PrivacyLedger ledger = PrivacyLedger.inMemory(budget, NoiseSource.repeatable(4));
        for (int i = 0; i < 5; i++) {
            CentroidReport exact = new CentroidReport("run", 1 + i, ID, List.of(), 0, "opening " + i);
            noise.with(ledger).release(exact, 16, round(Adapter.empty()));
        }
        assertEquals(3, ledger.epsilon(), 1e-6);
        CentroidReport exact = new CentroidReport("run", 6, ID, List.of(), 0, "opening 6");
        assertThrows(BudgetSpentException.class, () -> noise.with(ledger).release(exact, 16, round(Adapter.empty())));
    }

    @Test
    void report_withOtherSettingsDuringTheRound_isAnError() {
        PrivacyLedger ledger = PrivacyLedger.inMemory(LARGE, NoiseSource.secret());
        CentroidNoise.of(4, Bound.clip(1), 1).with(ledger).release(report(1, 2, 0), 2, round(Adapter.empty()));
        assertThrows(
                IllegalStateException.class,
                () -> CentroidNoise.of(5, Bound.clip(1), 1)
                        .with(ledger)
                        .release(report(1, 2, 0), 2, round(Adapter.empty())));
    }

    private static Adapter adapter(float... values) {
        return new Adapter(Map.of("w", new Tensor(new int[] {values.length}, values)));
    }

    private static float[] values(AdapterUpdate update) {
        return update.adapter().tensors().values().iterator().next().toArray();
    }

    private static AdapterUpdate update(Adapter adapter) {
        return new AdapterUpdate("run", 1, ID, adapter, 77, 1.5, TrainingCounts.NONE, "selection");
    }

    @Test
    void update_isClippedAndNoised_andHasNothingElse() {
        Adapter global = adapter(1, 2, 3);
        UpdateNoise noise = new UpdateNoise(0.5, 1e-6);
        PrivacyLedger ledger = PrivacyLedger.inMemory(new PrivacyBudget(1e13, 1e-5), NoiseSource.secret());
        AdapterUpdate released = noise.with(ledger).release(update(adapter(4, 6, 3)), round(global));
        assertArrayEquals(new float[] {1.3f, 2.4f, 3}, values(released), 1e-5f);
        assertEquals(1, released.samples());
        assertTrue(Double.isNaN(released.meanLoss()));
        assertEquals("selection", released.selectionDigest());
        assertEquals(GaussianPrivacy.epsilon(1e6, 1e-5), ledger.epsilon());
        AdapterUpdate again = noise.with(ledger).release(update(adapter(4, 6, 3)), round(global));
        assertEquals(released.adapter(), again.adapter(), "the same noise again");
    }

    /** A diverged training must not pass the noise as NaN, which would tell of the data. */
    @Test
    void update_notFinite_isNoiseAlone() {
        for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.MAX_VALUE}) {
            AdapterUpdate released = new UpdateNoise(1, 0.5)
                    .with(PrivacyLedger.inMemory(LARGE, NoiseSource.secret()))
                    .release(update(adapter(bad, 2)), round(adapter(1, 2)));
            for (float x : values(released)) {
                assertTrue(Math.abs(x - 1.5) < 0.5 + 1 + 12 * 0.5, "released " + x);
            }
        }
    }

    @Test
    void update_noise_hasItsDeviation() {
        Adapter global = adapter(new float[10_000]);
        UpdateNoise noise = new UpdateNoise(1, 2);
        AdapterUpdate released =
                noise.with(PrivacyLedger.inMemory(LARGE, NoiseSource.secret())).release(update(global), round(global));
        double squares = 0;
        for (float x : values(released)) {
            squares += x * x;
        }
        assertEquals(4, squares / 10_000, 4.9 * 4 * Math.sqrt(2.0 / 10_000));
        assertEquals(1, noise.mu());
    }

    /**
     * The best attack on the two reports that are farthest apart: its advantage is what the accountant says, no more and no
     * less, within 4.4 standard errors.
     */
    @Test
    void report_bestAttack_hasTheAdvantageOfTheAccountant() {
        for (double epsilon : new double[] {0.5, 3}) {
            PrivacyBudget budget = new PrivacyBudget(epsilon, 1e-5);
            CentroidNoise noise = CentroidNoise.spending(budget, 1, Bound.clip(1), 2, 1);
            int n = 20_000;
            int[] yes = new int[2];
            for (int i = 0; i < 2 * n; i++) {
                List<Centroid> exact = List.of(new Centroid(0, new double[] {i % 2 == 0 ? 7 : -7, 0}));
                CentroidReport report = new CentroidReport("run", 1, ID, exact, 5, "opening");
                double[] seen = noise.with(PrivacyLedger.inMemory(budget, NoiseSource.secret()))
                        .release(report, 2, round(Adapter.empty()))
                        .centroids()
                        .get(0)
                        .point();
                yes[i % 2] += seen[0] > 0 ? 1 : 0;
            }
            assertAdvantage(noise.mu(2), yes, n);
        }
    }

    @Test
    void update_bestAttack_hasTheAdvantageOfTheAccountant() {
        PrivacyBudget budget = new PrivacyBudget(2, 1e-5);
        UpdateNoise noise = UpdateNoise.spending(budget, 1, 1);
        int n = 20_000;
        int[] yes = new int[2];
        for (int i = 0; i < 2 * n; i++) {
            AdapterUpdate released = noise.with(PrivacyLedger.inMemory(budget, NoiseSource.secret()))
                    .release(update(adapter(i % 2 == 0 ? 9 : -9)), round(adapter(0)));
            yes[i % 2] += values(released)[0] > 0 ? 1 : 0;
        }
        assertAdvantage(noise.mu(), yes, n);
    }

    private static void assertAdvantage(double mu, int[] yes, int n) {
        double member = (double) yes[0] / n;
        double other = (double) yes[1] / n;
        double error = Math.sqrt((member * (1 - member) + other * (1 - other)) / n);
        assertEquals(GaussianPrivacy.delta(mu, 0), member - other, 4.4 * error, "mu " + mu);
    }

    @Test
    void badValues_areNamed() {
        assertThrows(IllegalArgumentException.class, () -> CentroidNoise.of(0, Bound.clip(1), 1));
        assertThrows(IllegalArgumentException.class, () -> CentroidNoise.of(1, Bound.clip(1), 0));
        assertThrows(IllegalArgumentException.class, () -> CentroidNoise.of(1, Bound.clip(1), Double.NaN));
        assertThrows(
                IllegalArgumentException.class,
                () -> CentroidNoise.of(1, Bound.clip(1), 1).publicSamples(-1));
        for (double bad : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
            assertThrows(IllegalArgumentException.class, () -> Bound.clip(bad));
            assertThrows(IllegalArgumentException.class, () -> Bound.tanh(bad));
            assertThrows(IllegalArgumentException.class, () -> new UpdateNoise(bad, 1));
            assertThrows(IllegalArgumentException.class, () -> new UpdateNoise(1, bad));
        }
    }
}
