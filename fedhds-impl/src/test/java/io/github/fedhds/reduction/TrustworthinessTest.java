package io.github.fedhds.reduction;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import io.github.fedhds.feature.FeatureMatrix;
import io.github.fedhds.feature.Points;
import io.github.fedhds.round.RoundContext;
import java.io.IOException;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class TrustworthinessTest {
    /** Largest difference seen: 1e-16. */
    @Tag("golden")
    @Test
    void of_goldenMaps_matchesScikitLearn() throws IOException {
        GoldenArrays arrays = GoldenArrays.read("reduce/reduce.safetensors");
        JsonObject sets = GoldenArrays.json("reduce/reduce.json").getAsJsonObject("sets");
        int compared = 0;
        for (String set : sets.keySet()) {
            JsonObject expected = sets.getAsJsonObject(set).getAsJsonObject("trustworthiness");
            assertEquals("by row index", expected.get("ties").getAsString(), set);
            int k = expected.get("n_neighbors").getAsInt();
            FeatureMatrix features = arrays.get(set + ".features").features();
            for (String map : expected.keySet()) {
                if (arrays.has(set + "." + map)) {
                    Points points = points(arrays.get(set + "." + map));
                    assertEquals(
                            expected.get(map).getAsDouble(),
                            Trustworthiness.of(features, points, k),
                            1e-12,
                            set + " " + map);
                    compared++;
                }
            }
        }
        assertEquals(2 * sets.size(), compared, "maps of each set");
    }

    private static Points points(GoldenArrays.Array array) {
        return new Points(array.shape()[0], array.shape()[1], array.values());
    }

    @Test
    void of_ownColumns_isOneAndOfAnyOtherOrder_isLess() {
        FeatureMatrix features = FusionTest.groups(80, 2, 4, 1);
        double[] places = new double[160];
        for (int i = 0; i < 160; i++) {
            places[i] = features.toArray()[i];
        }
        assertEquals(1, Trustworthiness.of(features, new Points(80, 2, places), 7));
        double[] random = new Random(1).doubles(160).toArray();
        double trust = Trustworthiness.of(features, new Points(80, 2, random), 7);
        assertEquals(0.5, trust, 0.1); // places by chance: ranks beyond k average half of what they can
    }

    /** 3,000 rows take two blocks of distances. */
    @Test
    void of_manyRows_isTheSumOfItsDefinition() {
        int n = 3000;
        int k = 3;
        FeatureMatrix features = FusionTest.groups(n, 3, 6, 2);
        Points points = new PcaFusion(1).fuse(features, RoundContext.first());
        double sum = 0;
        for (int row = 0; row < n; row++) {
            int i = row;
            double[] far = IntStream.range(0, n)
                    .mapToDouble(j -> IntStream.range(0, 3)
                            .mapToDouble(c -> Math.pow(features.get(i, c) - (double) features.get(j, c), 2))
                            .sum())
                    .toArray();
            int[] mapped = new int[k];
            boolean[] taken = new boolean[n];
            taken[i] = true;
            for (int r = 0; r < k; r++) {
                int nearest = -1;
                for (int j = 0; j < n; j++) {
                    if (!taken[j]
                            && (nearest < 0
                                    || Math.abs(points.get(j, 0) - points.get(i, 0))
                                            < Math.abs(points.get(nearest, 0) - points.get(i, 0)))) {
                        nearest = j;
                    }
                }
                taken[nearest] = true;
                mapped[r] = nearest;
            }
            for (int j : mapped) {
                int rank = 0;
                for (int l = 0; l < n; l++) {
                    rank += l != i && (far[l] < far[j] || l == j) ? 1 : 0;
                }
                sum += Math.max(0, rank - k);
            }
        }
        double expected = 1 - 2 * sum / (n * (double) k * (2.0 * n - 3 * k - 1));
        assertEquals(
                expected, Trustworthiness.of(features, points, k), 1e-9); // a rank may turn where distances nearly tie
    }

    @Test
    void of_equalRows_takesTheLowerRowsAsNearer() {
        FeatureMatrix same = new FeatureMatrix(6, 1, 2, new float[12]);
        assertEquals(1, Trustworthiness.of(same, new Points(6, 1, new double[6]), 2));
    }

    @Test
    void of_whatDoesNotFit_isNamed() {
        FeatureMatrix features = FusionTest.groups(10, 3, 2, 3);
        Points points = new PcaFusion().fuse(features, RoundContext.first());
        for (int k : new int[] {0, -1, 5, 6}) {
            assertThrows(IllegalArgumentException.class, () -> Trustworthiness.of(features, points, k), "k " + k);
        }
        assertEquals(1, Trustworthiness.of(features, points, 4), 0.5);
        for (int n = 0; n < 3; n++) { // no k is below half of them
            FeatureMatrix few = FusionTest.groups(n, 3, 1, 3);
            Points places = new Points(n, 1, new double[n]);
            assertThrows(IllegalArgumentException.class, () -> Trustworthiness.of(few, places, 1), "rows " + n);
        }
        assertThrows(
                IllegalArgumentException.class, () -> Trustworthiness.of(features, new Points(9, 1, new double[9]), 2));
        double[] places = new double[10];
        places[4] = Double.NaN;
        var error = assertThrows(
                IllegalArgumentException.class, () -> Trustworthiness.of(features, new Points(10, 1, places), 2));
        assertTrue(String.valueOf(error.getMessage()).contains("point 4"), error.getMessage());
    }
}
