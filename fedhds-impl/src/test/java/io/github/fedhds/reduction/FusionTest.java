package io.github.fedhds.reduction;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.feature.FeatureMatrix;
import io.github.fedhds.feature.Points;
import io.github.fedhds.fusion.Fusion;
import io.github.fedhds.internal.algebra.Eigen;
import io.github.fedhds.internal.algebra.LinearAlgebra;
import io.github.fedhds.round.RoundContext;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What every fusion keeps, and PCA's own properties; t-SNE's are in TsneFusionTest. */
class FusionTest {
    static List<Fusion> fusions() {
        return List.of(
                TsneFusion.builder().build(),
                new PcaFusion(),
                PcaFusion.randomised(2, 1),
                KernelPcaFusion.linear(2),
                KernelPcaFusion.rbf(2),
                KernelPcaFusion.cosine(2),
                KernelPcaFusion.polynomial(2));
    }

    /** Rows round a few centres, the i-th round centre i % groups. */
    static FeatureMatrix groups(int n, int d, int groups, long seed) {
        Random random = new Random(seed);
        double[] centres = random.doubles((long) groups * d, -3, 3).toArray();
        float[] values = new float[n * d];
        for (int i = 0; i < n; i++) {
            for (int c = 0; c < d; c++) {
                values[i * d + c] = (float) (centres[i % groups * d + c] + 0.3 * random.nextGaussian());
            }
        }
        return new FeatureMatrix(n, 1, d, values);
    }

    private static void assertFinite(Points points, int n, int dimensions) {
        assertEquals(n, points.size());
        assertEquals(dimensions, points.dimensions());
        assertEquals(-1, points.firstNonFinite());
    }

    @ParameterizedTest
    @MethodSource("fusions")
    void fuse_fewRows_givesFinitePoints(Fusion fusion) {
        for (int n = 0; n <= 5; n++) {
            for (int d : new int[] {1, 2, 7}) {
                assertFinite(fusion.fuse(groups(n, d, 2, 1), RoundContext.first()), n, 2);
            }
        }
        assertArrayEquals(
                new double[2],
                fusion.fuse(groups(1, 4, 1, 1), RoundContext.first()).toArray());
    }

    @ParameterizedTest
    @MethodSource("fusions")
    void fuse_equalRowsAndConstantColumns_givesFinitePoints(Fusion fusion) {
        for (int n : new int[] {2, 3, 5, 50, 300}) {
            float[] values = new float[n * 3];
            Arrays.fill(values, 0.1f);
            Points same = fusion.fuse(new FeatureMatrix(n, 1, 3, values), RoundContext.first());
            assertFinite(same, n, 2);
            assertArrayEquals(new double[2 * n], same.toArray(), "equal rows have no axes");
            for (int i = 0; i < n; i++) {
                values[i * 3] = i % 3; // groups of equal rows, and two constant columns
            }
            assertFinite(fusion.fuse(new FeatureMatrix(n, 1, 3, values), RoundContext.first()), n, 2);
        }
    }

    @ParameterizedTest
    @MethodSource("fusions")
    void fuse_notANumber_namesTheRow(Fusion fusion) {
        for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
            FeatureMatrix features = new FeatureMatrix(3, 1, 2, new float[] {1, 2, 3, 4, 5, bad});
            var error = assertThrows(IllegalArgumentException.class, () -> fusion.fuse(features, RoundContext.first()));
            assertTrue(String.valueOf(error.getMessage()).contains("row 2"), error.getMessage());
        }
    }

    @ParameterizedTest
    @MethodSource("fusions")
    void fuse_lastBlockComposed_seesOnlyTheLastLayer(Fusion fusion) {
        FeatureMatrix layers = groups(20, 12, 3, 5);
        FeatureMatrix rows = new FeatureMatrix(20, 3, 4, layers.toArray());
        assertEquals(
                fusion.fuse(rows.lastBlock(), RoundContext.first()),
                fusion.compose(FeatureMatrix::lastBlock).fuse(rows, RoundContext.first()));
    }

    @ParameterizedTest
    @ValueSource(ints = {3, 40, 700})
    void pca_eitherGramSide_keepsDistancesOnAllAxes(int n) {
        FeatureMatrix features = groups(n, 5, 4, 2);
        Points points = new PcaFusion(8).fuse(features, RoundContext.first()); // axes beyond the rank are zero
        assertFinite(points, n, 8);
        for (int i = 1; i < n; i++) {
            double before = 0;
            double after = 0;
            for (int c = 0; c < 8; c++) {
                before += c < 5 ? Math.pow(features.get(i, c) - (double) features.get(0, c), 2) : 0;
                after += Math.pow(points.get(i, c) - points.get(0, c), 2);
            }
            assertEquals(before, after, 1e-9 * before);
            assertEquals(0, points.get(i, Math.min(n - 1, 5)));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {30, 600})
    void pca_rowsInOtherOrderAndShifted_givesTheSamePoints(int n) {
        FeatureMatrix features = groups(n, 800, 4, 3); // 600: the leading axes are iterated for
        float[] turned = new float[n * 800];
        for (int i = 0; i < n; i++) {
            for (int c = 0; c < 800; c++) {
                turned[(n - 1 - i) * 800 + c] = features.get(i, c) + 64;
            }
        }
        Points points = new PcaFusion(3).fuse(features, RoundContext.first());
        Points others = new PcaFusion(3).fuse(new FeatureMatrix(n, 1, 800, turned), RoundContext.first());
        for (int i = 0; i < n; i++) {
            assertArrayEquals(points.point(i), others.point(n - 1 - i), 1e-4); // 64 + x is rounded to 4e-6
        }
    }

    @Test
    void pca_leadingAxes_areThoseOfTheFullDecomposition() {
        int n = 600;
        double[] gram = CentredRows.of(groups(n, 700, 5, 4)).rowGram();
        Eigen some = Eigen.leading(LinearAlgebra.chosen(), gram, n, 3, true); // iterated
        Eigen all = Eigen.leading(LinearAlgebra.chosen(), gram, n, n, true);
        for (int c = 0; c < 3; c++) {
            assertEquals(all.values()[c], some.values()[c], 1e-10 * all.values()[0]);
            double product = 0;
            for (int i = 0; i < n; i++) {
                product += all.vectors()[c][i] * some.vectors()[c][i];
            }
            assertEquals(1, Math.abs(product), 1e-9);
        }
    }

    /** Six groups have five axes: the wanted four, one more, then noise. Seen: 1.1e-6 of the axis. */
    @ParameterizedTest
    @ValueSource(ints = {1200, 2500})
    void pca_randomised_isNearTheExactOne(int n) {
        FeatureMatrix features = groups(n, 2000, 6, 5);
        Points exact = new PcaFusion(4).fuse(features, RoundContext.first());
        Points randomised = PcaFusion.randomised(4, 11).fuse(features, RoundContext.first());
        assertNotEquals(exact, randomised);
        assertEquals(randomised, PcaFusion.randomised(4, 11).fuse(features, RoundContext.first()), "equal seeds");
        assertNotEquals(randomised, PcaFusion.randomised(4, 12).fuse(features, RoundContext.first()), "another seed");
        for (int c = 0; c < 4; c++) {
            double largest = 0;
            double difference = 0;
            for (int i = 0; i < n; i++) {
                largest = Math.max(largest, Math.abs(exact.get(i, c)));
                difference = Math.max(difference, Math.abs(exact.get(i, c) - randomised.get(i, c)));
            }
            assertTrue(difference <= 1e-5 * largest, "axis " + c + " differs by " + difference / largest);
        }
    }

    @Test
    void pca_randomisedOfEqualRows_hasNoAxes() {
        float[] values = new float[1100 * 1100];
        Arrays.fill(values, 0.1f);
        FeatureMatrix same = new FeatureMatrix(1100, 1, 1100, values);
        assertArrayEquals(
                new double[2200],
                PcaFusion.randomised(2, 1).fuse(same, RoundContext.first()).toArray());
    }

    @Test
    void pca_rowsOf100000Columns_keepTheirGroups() {
        FeatureMatrix features = groups(30, 100_000, 3, 9);
        for (PcaFusion fusion : List.of(new PcaFusion(), PcaFusion.randomised(2, 1))) {
            Points points = fusion.fuse(features, RoundContext.first());
            for (int i = 3; i < 30; i++) {
                for (int other = 0; other < 3; other++) {
                    double distance = Math.hypot(
                            points.get(i, 0) - points.get(other, 0), points.get(i, 1) - points.get(other, 1));
                    assertEquals(i % 3 == other, distance < 100, "row " + i + " and row " + other + ": " + distance);
                }
            }
        }
    }

    @Test
    void pca_largestScore_isPositive() {
        Points points = new PcaFusion(3).fuse(groups(50, 6, 3, 6), RoundContext.first());
        for (int c = 0; c < 3; c++) {
            double largest = 0;
            for (int i = 0; i < 50; i++) {
                largest = Math.abs(points.get(i, c)) > Math.abs(largest) ? points.get(i, c) : largest;
            }
            assertTrue(largest > 0);
        }
    }

    @Test
    void pca_settings_areChecked() {
        assertEquals(
                1,
                new PcaFusion(1).fuse(groups(4, 3, 2, 1), RoundContext.first()).dimensions());
        assertThrows(IllegalArgumentException.class, () -> new PcaFusion(0));
        assertThrows(IllegalArgumentException.class, () -> PcaFusion.randomised(0, 1));
    }

    @Test
    void kernelPca_settings_areChecked() {
        FeatureMatrix features = groups(20, 4, 3, 7);
        assertEquals(
                KernelPcaFusion.rbf(2, 0.25).fuse(features, RoundContext.first()),
                KernelPcaFusion.rbf(2).fuse(features, RoundContext.first()));
        assertEquals(
                1,
                KernelPcaFusion.linear(1).fuse(features, RoundContext.first()).dimensions());
        assertThrows(IllegalArgumentException.class, () -> KernelPcaFusion.linear(0));
        for (double bad : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
            assertThrows(IllegalArgumentException.class, () -> KernelPcaFusion.rbf(2, bad));
        }
    }

    @Test
    void kernelPca_linear_isPca() {
        for (int n : new int[] {6, 60}) {
            FeatureMatrix features = groups(n, 9, 3, 8);
            assertArrayEquals(
                    new PcaFusion(4).fuse(features, RoundContext.first()).toArray(),
                    KernelPcaFusion.linear(4)
                            .fuse(features, RoundContext.first())
                            .toArray(),
                    1e-9);
        }
    }

    @Test
    void backend_askedFor_hasAName() {
        assertTrue(PcaFusion.backend().matches("\\w+ \\(\\w+\\)"), PcaFusion.backend());
    }

    @Test
    void distances_nearRowsFarFromTheOrigin_areExact() {
        float[] values = new float[300];
        Random random = new Random(1);
        for (int i = 0; i < 300; i++) {
            values[i] = 4096 + (i < 3 ? 8192 : 0) + random.nextInt(3) / 1024f; // one far row, the others near
        }
        FeatureMatrix features = new FeatureMatrix(100, 1, 3, values);
        CentredRows rows = CentredRows.of(features);
        float[] distances = rows.squaredDistances(rows.rowGram());
        for (int i = 0; i < 100; i++) {
            for (int j = 0; j < 100; j++) {
                double square = 0;
                for (int c = 0; c < 3; c++) {
                    square += Math.pow(features.get(i, c) - (double) features.get(j, c), 2);
                }
                assertEquals(square, distances[i * 100 + j], 1e-7 * square);
            }
        }
    }
}
