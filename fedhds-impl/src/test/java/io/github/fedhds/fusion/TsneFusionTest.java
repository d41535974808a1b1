package io.github.fedhds.fusion;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.feature.FeatureMatrix;
import io.github.fedhds.feature.Points;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TsneFusionTest {
    @ParameterizedTest
    @CsvSource({"400, 2", "1300, 2", "400, 3"}) // all pairs attract, neighbours attract, other than two axes
    void apply_anyNumberOfThreads_givesTheSameBits(int n, int dimensions) {
        FeatureMatrix features = FusionTest.groups(n, 20, 6, 1);
        TsneFusion.Builder settings = TsneFusion.builder().iterations(300).dimensions(dimensions);
        Points one = settings.threads(1).build().apply(features);
        assertEquals(one, settings.threads(2).build().apply(features));
        assertEquals(one, settings.threads(3).build().apply(features));
        assertEquals(one, settings.threads(1).build().apply(features));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void apply_clearGroups_keepsThemApart(int dimensions) {
        int n = 120;
        FeatureMatrix features = FusionTest.groups(n, 30, 4, 2);
        Points points = TsneFusion.builder().dimensions(dimensions).build().apply(features);
        int own = 0;
        for (int i = 0; i < n; i++) {
            int nearest = i == 0 ? 1 : 0;
            for (int j = 0; j < n; j++) {
                nearest = j != i && square(points, i, j) < square(points, i, nearest) ? j : nearest;
            }
            own += nearest % 4 == i % 4 ? 1 : 0;
        }
        // on one axis points cannot pass one another, and a few stay where they started: 119 of 120 seen
        assertTrue(own >= (dimensions == 1 ? n * 95 / 100 : n), own + " rows are nearest to one of their group");
    }

    private static double square(Points points, int i, int j) {
        double sum = 0;
        for (int a = 0; a < points.dimensions(); a++) {
            sum += Math.pow(points.get(i, a) - points.get(j, a), 2);
        }
        return sum;
    }

    @Test
    void apply_moreRowsThanAllPairs_isAsGoodByNeighbours() {
        int n = TsneFusion.ALL_PAIRS + 76;
        FeatureMatrix features = FusionTest.groups(n, 10, 12, 3);
        TsneFusion fusion = TsneFusion.builder().build();
        double divergence = fusion.divergence(features, fusion.apply(features));
        double[] start = new double[2 * n];
        Points pca = new PcaFusion().apply(features);
        for (int i = 0; i < start.length; i++) {
            start[i] = 1e-4 * pca.get(i / 2, i % 2);
        }
        double[] joint = fusion.affinities(features);
        try (Workers workers = new Workers(n, 2)) {
            double[] exact = new TsneDescent(Forces.overAllPairs(joint, n, 2), start, 50, workers).run(1000, 12);
            double wanted = fusion.divergence(features, new Points(n, 2, exact));
            assertTrue(divergence <= 1.05 * wanted, divergence + " by neighbours, by all pairs " + wanted);
        }
    }

    @Test
    void apply_rowsOnALine_leavesTheLine() {
        float[] values = new float[60];
        for (int i = 0; i < 60; i++) {
            values[i] = i * i;
        }
        Points points = TsneFusion.builder().build().apply(new FeatureMatrix(60, 1, 1, values));
        double second = 0;
        for (int i = 0; i < 60; i++) {
            second = Math.max(second, Math.abs(points.get(i, 1)));
        }
        assertTrue(second > 1e-3, "the second axis is used, was " + second);
    }

    @Test
    void apply_translatedRows_haveTheSameAffinities() {
        FeatureMatrix features = FusionTest.groups(80, 6, 3, 4);
        float[] moved = features.toArray();
        for (int i = 0; i < moved.length; i++) {
            moved[i] += 8;
        }
        TsneFusion fusion = TsneFusion.builder().build();
        assertArrayEquals(fusion.affinities(features), fusion.affinities(new FeatureMatrix(80, 1, 6, moved)), 1e-7);
    }

    @Test
    void affinities_ofAnyRows_areAJointDistribution() {
        for (int n = 2; n <= 40; n += 19) {
            double[] p = TsneFusion.builder().build().affinities(FusionTest.groups(n, 4, 3, 5));
            double sum = 0;
            for (int i = 0; i < n; i++) {
                assertEquals(0, p[i * n + i]);
                for (int j = 0; j < n; j++) {
                    assertEquals(p[i * n + j], p[j * n + i]);
                    sum += p[i * n + j];
                }
            }
            assertEquals(1, sum, 1e-12);
        }
    }

    @Test
    void apply_manyDuplicates_keepsThemTogether() {
        FeatureMatrix few = FusionTest.groups(4, 5, 4, 6);
        float[] values = new float[200 * 5];
        for (int i = 0; i < 200; i++) {
            System.arraycopy(few.row(i % 4), 0, values, i * 5, 5);
        }
        Points points = TsneFusion.builder().build().apply(new FeatureMatrix(200, 1, 5, values));
        assertEquals(-1, points.firstNonFinite());
        for (int i = 4; i < 200; i++) {
            assertTrue(square(points, i, i % 4) < 1e-3 * square(points, i, (i + 1) % 4), "row " + i);
        }
    }

    @Test
    void divergence_ofOtherPoints_isRefusedOrZero() {
        TsneFusion fusion = TsneFusion.builder().build();
        FeatureMatrix features = FusionTest.groups(5, 3, 2, 7);
        assertThrows(
                IllegalArgumentException.class, () -> fusion.divergence(features, new Points(4, 2, new double[8])));
        FeatureMatrix one = FusionTest.groups(1, 3, 1, 7);
        assertEquals(0, fusion.divergence(one, fusion.apply(one)));
    }

    @Test
    void settings_atTheLeastAndBelow_areTakenAndRefused() {
        TsneFusion.Builder b = TsneFusion.builder();
        b.dimensions(1).iterations(1).threads(1).perplexity(Math.nextUp(1.0)).earlyExaggeration(1);
        b.learningRate(Double.MIN_VALUE);
        assertEquals(-1, b.build().apply(FusionTest.groups(6, 3, 2, 8)).firstNonFinite());
        assertThrows(IllegalArgumentException.class, () -> b.dimensions(0));
        assertThrows(IllegalArgumentException.class, () -> b.iterations(0));
        assertThrows(IllegalArgumentException.class, () -> b.threads(0));
        for (double bad : new double[] {1, Double.NaN, Double.POSITIVE_INFINITY}) {
            assertThrows(IllegalArgumentException.class, () -> b.perplexity(bad));
        }
        for (double bad : new double[] {0.99, Double.NaN, Double.POSITIVE_INFINITY}) {
            assertThrows(IllegalArgumentException.class, () -> b.earlyExaggeration(bad));
        }
        for (double bad : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
            assertThrows(IllegalArgumentException.class, () -> b.learningRate(bad));
        }
    }

    @Test
    void settings_leftOut_areThoseOfThePaper() {
        FeatureMatrix features = FusionTest.groups(100, 8, 3, 9);
        TsneFusion written = TsneFusion.builder()
                .dimensions(2)
                .perplexity(30)
                .earlyExaggeration(12)
                .learningRate(50)
                .iterations(1000)
                .build();
        assertEquals(written.apply(features), TsneFusion.builder().build().apply(features));
    }
}
