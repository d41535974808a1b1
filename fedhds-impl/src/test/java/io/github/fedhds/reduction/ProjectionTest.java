package io.github.fedhds.reduction;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.feature.FeatureMatrix;
import io.github.fedhds.feature.Points;
import io.github.fedhds.round.RoundContext;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ProjectionTest {
    private static FeatureMatrix rows(FeatureMatrix features, int from, int to) {
        float[] values = Arrays.copyOfRange(features.toArray(), from * features.columns(), to * features.columns());
        return new FeatureMatrix(to - from, 1, features.columns(), values);
    }

    private static double squaredDistance(double[] a, double[] b) {
        double sum = 0;
        for (int c = 0; c < a.length; c++) {
            sum += (a[c] - b[c]) * (a[c] - b[c]);
        }
        return sum;
    }

    private static double[] row(FeatureMatrix features, int i) {
        double[] row = new double[features.columns()];
        for (int c = 0; c < row.length; c++) {
            row[c] = features.get(i, c);
        }
        return row;
    }

    /**
     * By Python 3.11, whose logarithm may differ in the last bit:
     *
     * <pre>
     * import math
     * M = 2**64 - 1; G = 0x9e3779b97f4a7c15
     * def mix(z):
     *     z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9 &amp; M
     *     z = (z ^ z >> 27) * 0x94d049bb133111eb &amp; M
     *     return z ^ z >> 31
     * def normal(seed, axis, c):
     *     key = mix(mix(seed) + G * (axis + 1) &amp; M); e = c &amp; ~1
     *     u, v = ((mix(key + G * (e + 1 + i) &amp; M) >> 11) * 2**-53 for i in (0, 1))
     *     return math.sqrt(-2 * math.log(u + 2**-53)) * (math.cos, math.sin)[c &amp; 1](2 * math.pi * v)
     * print([normal(42, a, c) / math.sqrt(2) for a in (0, 1) for c in (0, 1, 256, 299)])
     * </pre>
     */
    @Test
    void random_seed42_hasTheNumbersOfItsFormula() {
        double[] expected = {
            0.5400764566726888,
            -0.896551670733255,
            -0.04557444078538103,
            0.19510044270472837,
            0.7441020638060529,
            -0.6017903097898413,
            -0.17432944213619136,
            0.6058184324201766
        };
        Projection projection = Projection.random(300, 2, 42);
        int at = 0;
        for (int axis = 0; axis < 2; axis++) {
            double[] component = projection.component(axis);
            for (int c : new int[] {0, 1, 256, 299}) {
                assertEquals(expected[at++], component[c], 1e-15);
            }
        }
    }

    @Test
    void random_everyLength_appliesItsComponents() {
        for (int columns : new int[] {1, 2, 255, 256, 257, 513}) {
            FeatureMatrix features = FusionTest.groups(3, columns, 2, 1);
            Projection projection = Projection.random(columns, 3, 5);
            assertEquals(columns, projection.columns());
            assertEquals(3, projection.dimensions());
            assertArrayEquals(new double[columns], projection.mean());
            Points points = projection.fuse(features, RoundContext.first());
            for (int a = 0; a < 3; a++) {
                double[] component = projection.component(a);
                for (int i = 0; i < 3; i++) {
                    double sum = 0;
                    for (int c = 0; c < columns; c++) {
                        sum += features.get(i, c) * component[c];
                    }
                    assertEquals(sum, points.get(i, a), "the sum's order is part of the equal bits");
                }
            }
        }
    }

    @Test
    void random_fewerColumnsOrAxes_areTheFirstOfMore() {
        double[] some = Projection.random(301, 1, 9).component(0);
        double[] more = Projection.random(1000, 4, 9).component(0);
        for (int c = 0; c < some.length; c++) {
            assertEquals(some[c] / 2, more[c]);
        }
        assertNotEquals(some[0], Projection.random(301, 1, 10).component(0)[0]);
    }

    /** Chance: the mean of 1e6 numbers lies within 5 deviations but for 6e-7 of the seeds; this seed is fixed. */
    @Test
    void random_coefficients_areNormalAndUncorrelated() {
        int columns = 100_000;
        int dimensions = 10;
        Projection projection = Projection.random(columns, dimensions, 1);
        double sum = 0;
        double square = 0;
        double fourth = 0;
        double beside = 0;
        double below = 0;
        double[] last = new double[columns];
        for (int a = 0; a < dimensions; a++) {
            double[] component = projection.component(a);
            for (int c = 0; c < columns; c++) {
                double x = component[c] * Math.sqrt(dimensions);
                sum += x;
                square += x * x;
                fourth += x * x * x * x;
                beside += c > 0 ? x * component[c - 1] * Math.sqrt(dimensions) : 0;
                below += x * last[c];
                last[c] = x;
            }
        }
        double n = (double) columns * dimensions;
        assertEquals(0, sum / n, 5 / Math.sqrt(n));
        assertEquals(1, square / n, 5 * Math.sqrt(2 / n));
        assertEquals(3, fourth / n, 5 * Math.sqrt(96 / n));
        assertEquals(0, beside / n, 5 / Math.sqrt(n));
        assertEquals(0, below / n, 5 / Math.sqrt(n));
    }

    /** Of 64 dimensions a squared distance deviates by sqrt(2 / 64) of itself; six of them are allowed. */
    @Test
    void random_distances_areKeptAboutAndOnAverage() {
        FeatureMatrix features = FusionTest.groups(40, 3000, 5, 2);
        Points points = Projection.random(3000, 64, 3).fuse(features, RoundContext.first());
        double ratios = 0;
        for (int i = 1; i < 40; i++) {
            double before = squaredDistance(row(features, 0), row(features, i));
            double ratio = squaredDistance(points.point(0), points.point(i)) / before;
            assertEquals(1, ratio, 6 * Math.sqrt(2.0 / 64));
            ratios += ratio / 39;
        }
        assertEquals(1, ratios, 2 * Math.sqrt(2.0 / 64));
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 8, 60})
    void pca_ofItsAnchors_isPcaFusion(int n) {
        FeatureMatrix anchors = FusionTest.groups(n, 9, 3, 4); // fewer rows than columns, and more
        Projection projection = Projection.pca(anchors, 4);
        assertArrayEquals(
                new PcaFusion(4).fuse(anchors, RoundContext.first()).toArray(),
                projection.fuse(anchors, RoundContext.first()).toArray(),
                1e-9);
        for (int a = 0; a < 4; a++) {
            double square = squaredDistance(projection.component(a), new double[9]);
            assertEquals(a < n - 1 ? 1 : 0, square, 1e-12, "axis " + a);
            for (int b = 0; b < a; b++) {
                double[] one = projection.component(a);
                double[] other = projection.component(b);
                double product = 0;
                for (int c = 0; c < 9; c++) {
                    product += one[c] * other[c];
                }
                assertEquals(0, product, 1e-9);
            }
        }
    }

    @Test
    void fuse_rowsAloneOrTogether_haveEqualBits() {
        FeatureMatrix features = FusionTest.groups(30, 700, 3, 6);
        for (Projection projection :
                new Projection[] {Projection.random(700, 5, 1), Projection.pca(rows(features, 0, 12), 5)}) {
            Points all = projection.fuse(features, RoundContext.first());
            for (int i = 0; i < 30; i++) {
                assertArrayEquals(
                        all.point(i),
                        projection
                                .fuse(rows(features, i, i + 1), RoundContext.first())
                                .point(0));
            }
        }
    }

    @Test
    void of_meanAndComponents_isTheSameProjection() {
        FeatureMatrix features = FusionTest.groups(20, 300, 3, 7);
        Projection fitted = Projection.pca(features, 2);
        Projection received = Projection.of(fitted.mean(), new double[][] {fitted.component(0), fitted.component(1)});
        assertEquals(fitted.fuse(features, RoundContext.first()), received.fuse(features, RoundContext.first()));
    }

    @Test
    void fuse_noRows_givesNoPoints() {
        assertEquals(
                new Points(0, 2, new double[0]),
                Projection.random(3, 2, 0).fuse(new FeatureMatrix(0, 1, 3, new float[0]), RoundContext.first()));
    }

    @Test
    void fuse_rowsThatDoNotFit_areNamed() {
        Projection projection = Projection.random(3, 2, 0);
        var length = assertThrows(
                IllegalArgumentException.class,
                () -> projection.fuse(new FeatureMatrix(1, 1, 4, new float[4]), RoundContext.first()));
        assertTrue(String.valueOf(length.getMessage()).contains("4 columns, this projection takes 3"));
        for (float bad : new float[] {Float.NaN, Float.NEGATIVE_INFINITY}) {
            FeatureMatrix features = new FeatureMatrix(2, 1, 3, new float[] {1, 2, 3, 4, bad, 6});
            var error =
                    assertThrows(IllegalArgumentException.class, () -> projection.fuse(features, RoundContext.first()));
            assertTrue(String.valueOf(error.getMessage()).contains("row 1"), error.getMessage());
            assertThrows(IllegalArgumentException.class, () -> Projection.pca(features, 1));
        }
    }

    @Test
    void settings_areChecked() {
        assertThrows(IllegalArgumentException.class, () -> Projection.random(0, 2, 0));
        assertThrows(IllegalArgumentException.class, () -> Projection.random(2, 0, 0));
        assertThrows(IllegalArgumentException.class, () -> Projection.random(2, Integer.MAX_VALUE, 0));
        assertThrows(IllegalArgumentException.class, () -> Projection.pca(FusionTest.groups(4, 3, 2, 1), 0));
        for (int n = 0; n < 4; n++) { // none, one, equal ones
            FeatureMatrix same = new FeatureMatrix(n, 1, 2, new float[2 * n]);
            assertThrows(IllegalArgumentException.class, () -> Projection.pca(same, 1));
        }
        assertThrows(IllegalArgumentException.class, () -> Projection.of(new double[0], new double[1][0]));
        assertThrows(IllegalArgumentException.class, () -> Projection.of(new double[2], new double[0][2]));
        assertThrows(IllegalArgumentException.class, () -> Projection.of(new double[2], new double[1][3]));
        assertThrows(IllegalArgumentException.class, () -> Projection.of(new double[] {Double.NaN}, new double[1][1]));
        assertThrows(
                IllegalArgumentException.class,
                () -> Projection.of(new double[1], new double[][] {{Double.POSITIVE_INFINITY}}));
        assertThrows(
                IndexOutOfBoundsException.class,
                () -> Projection.random(3, 2, 0).component(2));
    }
}
