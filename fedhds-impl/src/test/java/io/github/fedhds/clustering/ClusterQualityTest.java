package io.github.fedhds.clustering;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.github.fedhds.feature.Points;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class ClusterQualityTest {
    /** Two clusters of two, one noise point. */
    private static final Points POINTS = Points.of(
            new double[] {0, 0}, new double[] {0, 2}, new double[] {10, 0}, new double[] {10, 2}, new double[] {5, 99});

    private static final int[] LABELS = {0, 0, 1, 1, -1};

    private static Points random(int n, int d, long seed) {
        return new Points(n, d, new Random(seed).doubles((long) n * d, -1, 1).toArray());
    }

    private static void assertUndefined(Points points, int... labels) {
        ClusterQuality quality = ClusterQuality.of(points, labels);
        assertEquals(Double.NaN, quality.silhouette());
        assertEquals(Double.NaN, quality.calinskiHarabasz());
        assertEquals(Double.NaN, quality.daviesBouldin());
    }

    /** Of scikit-learn, on the clusters without noise; written by golden/scripts/cluster.py. Seen: 1.2e-14 of the value. */
    @Tag("golden")
    @Test
    void indices_everyGoldenRun_matchScikitLearn() {
        int runs = 0;
        for (JsonElement element : GoldenClusters.read("cluster/hdbscan.json").getAsJsonArray("cases")) {
            JsonObject golden = element.getAsJsonObject();
            Points points = GoldenClusters.points(GoldenClusters.get(golden, "points", double[][].class));
            for (JsonElement each : golden.getAsJsonArray("runs")) {
                JsonObject run = each.getAsJsonObject();
                int[] labels = GoldenClusters.get(run.getAsJsonObject("exact"), "labels", int[].class);
                if (!run.has("indices_without_noise")) {
                    assertUndefined(points, labels);
                    continue;
                }
                JsonObject expected = run.getAsJsonObject("indices_without_noise");
                ClusterQuality quality = ClusterQuality.of(points, labels);
                String name = golden.get("name").getAsString() + " " + run.get("options");
                assertNear(expected, "silhouette", quality.silhouette(), name);
                assertNear(expected, "calinski_harabasz", quality.calinskiHarabasz(), name);
                assertNear(expected, "davies_bouldin", quality.daviesBouldin(), name);
                runs++;
            }
        }
        assertTrue(runs > 40, "golden runs with indices: " + runs);
    }

    private static void assertNear(JsonObject expected, String index, double actual, String name) {
        double value = expected.get(index).getAsDouble();
        assertEquals(value, actual, 1e-6 * Math.max(1, Math.abs(value)), index + " of " + name);
    }

    @Test
    void indices_twoPairs_areThoseByHand() {
        ClusterQuality quality = ClusterQuality.of(POINTS, LABELS);
        double next = (10 + Math.sqrt(104)) / 2;
        assertEquals((next - 2) / next, quality.silhouette(), 1e-15);
        assertEquals(100.0 / (4.0 / 2), quality.calinskiHarabasz(), 1e-13);
        assertEquals((1.0 + 1.0) / 10, quality.daviesBouldin(), 1e-15);
    }

    @Test
    void indices_noLoneOrOnlyLoneClusters_areNaN() {
        assertUndefined(new Points(0, 2, new double[0]));
        assertUndefined(random(1, 2, 1), 0);
        assertUndefined(random(3, 2, 1), 4, 4, 4);
        assertUndefined(random(3, 2, 1), -1, -1, -1);
        assertUndefined(random(3, 2, 1), 2, 0, 1);
        assertUndefined(random(4, 2, 1), 2, 0, 1, -1); // a cluster for every point that is no noise
    }

    @Test
    void silhouette_pointAlone_countsZero() {
        Points points = Points.of(new double[] {0}, new double[] {1}, new double[] {11});
        assertEquals(
                (10.0 / 11 + 9.0 / 10) / 3,
                ClusterQuality.of(points, new int[] {0, 0, 1}).silhouette(),
                1e-15);
    }

    @Test
    void indices_equalPoints_areFinite() {
        Points same = new Points(6, 1, new double[] {.1, .1, .1, .1, .1, .1});
        ClusterQuality one = ClusterQuality.of(same, new int[] {0, 0, 0, 1, 1, 1});
        assertEquals(0, one.silhouette());
        assertEquals(1, one.calinskiHarabasz());
        assertEquals(0, one.daviesBouldin());
        Points two = new Points(6, 1, new double[] {.1, .1, .1, .7, .7, .7});
        ClusterQuality parted = ClusterQuality.of(two, new int[] {0, 0, 0, 1, 1, 1});
        assertEquals(1, parted.silhouette());
        assertEquals(1, parted.calinskiHarabasz());
        assertEquals(0, parted.daviesBouldin());
    }

    @Test
    void indices_otherOrderNamesNoiseUnitAndPlace_areTheSame() {
        Points points = random(60, 3, 2);
        int[] labels = new int[60];
        for (int i = 0; i < 60; i++) {
            labels[i] = i % 7 == 0 ? -1 : points.get(i, 0) > 0 ? 0 : 1 + i % 2;
        }
        ClusterQuality quality = ClusterQuality.of(points, labels);
        int[] order = GoldenClusters.shuffled(60, new Random(3));
        int[] renamed = Arrays.stream(order)
                .map(i -> labels[i] < 0 ? -1 : 50 - 20 * labels[i])
                .toArray();
        double[] moved = GoldenClusters.reorder(points, order).toArray();
        for (int i = 0; i < moved.length; i++) {
            moved[i] = (renamed[i / 3] < 0 ? 1e3 : moved[i] + 2) * 1e250;
        }
        ClusterQuality other = ClusterQuality.of(new Points(60, 3, moved), renamed);
        assertEquals(quality.silhouette(), other.silhouette(), 1e-13);
        assertEquals(quality.calinskiHarabasz(), other.calinskiHarabasz(), 1e-11);
        assertEquals(quality.daviesBouldin(), other.daviesBouldin(), 1e-12);
        double[] tiny = Arrays.stream(points.toArray()).map(x -> x * 0x1p-900).toArray();
        assertEquals(
                quality.silhouette(),
                ClusterQuality.of(new Points(60, 3, tiny), labels).silhouette());
    }

    @Test
    void of_whatDoesNotFit_isNamed() {
        assertThrows(IllegalArgumentException.class, () -> ClusterQuality.of(POINTS, new int[4]));
        var label = assertThrows(
                IllegalArgumentException.class, () -> ClusterQuality.of(POINTS, new int[] {0, 0, 1, -2, 0}));
        assertTrue(String.valueOf(label.getMessage()).contains("point 3"), label.getMessage());
        for (double bad : new double[] {Double.NaN, Double.NEGATIVE_INFINITY}) {
            var error = assertThrows(
                    IllegalArgumentException.class,
                    () -> ClusterQuality.of(new Points(2, 1, new double[] {0, bad}), new int[2]));
            assertTrue(String.valueOf(error.getMessage()).contains("point 1"), error.getMessage());
        }
    }
}
