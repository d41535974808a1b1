package io.github.fedhds.privacy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.message.Centroid;
import io.github.fedhds.message.CentroidReport;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.round.RoundContext;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Warnings of clients whose bounds shorten nearly everything. */
class BoundWatchTest {
    private static final ClientId A = new ClientId("a");

    private final List<String> told = new ArrayList<>();
    private final BoundWatch watch = new BoundWatch(told::add);

    private void centroids(int times, double coordinate, Bound bound) {
        for (int i = 0; i < times; i++) {
            watch.centroid(new double[] {coordinate, -coordinate}, bound);
        }
    }

    @Test
    void centroids_nearlyAllBeyondTheBall_toldOnce() {
        centroids(19, 10, Bound.clip(1));
        assertEquals(List.of(), told, "too few to say");
        centroids(100, 10, Bound.clip(1));
        assertEquals(1, told.size());
        assertTrue(told.get(0).contains("20 of 20"), told.get(0));
    }

    @Test
    void centroids_withinOrHardlyBeyondTheBall_notTold() {
        centroids(100, 1, Bound.clip(1.2)); // their length is 1.41
        centroids(100, 1, Bound.clip(100));
        assertEquals(List.of(), told);
    }

    @Test
    void centroids_tanhOfRawCoordinates_toldAndWithAScaleNot() {
        centroids(100, 30, Bound.tanh(20));
        assertEquals(List.of(), told);
        new BoundWatch(told::add).centroid(new double[] {100, 0.5}, Bound.tanh(1)); // one coordinate still tells
        centroids(500, 30, Bound.tanh(1));
        assertEquals(1, told.size());
    }

    @Test
    void updates_ofAClientWithNoise_areCountedByTheirExactLength() {
        PrivacyLedger ledger = PrivacyLedger.inMemory(new PrivacyBudget(1e9, 1e-5), NoiseSource.repeatable(1));
        Adapter zero = new Adapter(Map.of("w", new Tensor(new int[] {2}, new float[2])));
        Adapter far = new Adapter(Map.of("w", new Tensor(new int[] {2}, new float[] {3, 4})));
        UpdateNoise noise = new UpdateNoise(0.5, 1e-3);
        for (int round = 1; round <= 20; round++) {
            RoundContext context = new RoundContext("run", round, Optional.of(A), 1, zero, Map.of());
            noise.with(ledger, watch).release(new AdapterUpdate("run", round, A, far, 1, 1), context);
        }
        assertEquals(1, told.size());
        assertTrue(told.get(0).contains("UpdateNoise"), told.get(0));
    }

    @Test
    void reports_ofAClientWithNoise_areCountedByTheirExactCentroids() {
        PrivacyLedger ledger = PrivacyLedger.inMemory(new PrivacyBudget(1e9, 1e-5), NoiseSource.repeatable(1));
        CentroidNoise noise = CentroidNoise.of(4, Bound.clip(1), 1e-3);
        List<Centroid> far = List.of(new Centroid(0, new double[] {9, 9}), new Centroid(1, new double[] {-9, 9}));
        for (int round = 1; round <= 10; round++) {
            RoundContext context = new RoundContext("run", round, Optional.of(A), 1, Adapter.empty(), Map.of());
            noise.with(ledger, watch).release(new CentroidReport("run", round, A, far), 2, context);
        }
        assertEquals(1, told.size());
        assertTrue(told.get(0).contains("CentroidNoise"), told.get(0));
    }
}
