package io.github.fedhds.clustering;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.feature.Points;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HdbscanTest {
    private static final Points TWO_PAIRS = Points.of(
            new double[] {0}, new double[] {1}, new double[] {3}, new double[] {4}, new double[] {40}, new double[] {41
            });

    @Test
    void build_defaults_areThePapers() {
        Hdbscan method = Hdbscan.builder().build();
        assertEquals(5, method.minClusterSize());
        assertEquals(5, method.minSamples());
        assertEquals(7, Hdbscan.builder().minClusterSize(7).build().minSamples());
        assertEquals(
                2, Hdbscan.builder().minSamples(2).minClusterSize(7).build().minSamples());
    }

    @Test
    void settings_atTheLeast_areTaken() {
        Hdbscan.builder().minClusterSize(2).minSamples(1).selectionEpsilon(0).build();
    }

    @Test
    void settings_belowTheLeastOrNaN_areRefused() {
        Hdbscan.Builder builder = Hdbscan.builder();
        assertThrows(IllegalArgumentException.class, () -> builder.minClusterSize(1));
        assertThrows(IllegalArgumentException.class, () -> builder.minSamples(0));
        assertThrows(IllegalArgumentException.class, () -> builder.threads(0));
        assertThrows(IllegalArgumentException.class, () -> builder.selectionEpsilon(-1e-300));
        assertThrows(IllegalArgumentException.class, () -> builder.selectionEpsilon(Double.NaN));
        assertThrows(IllegalArgumentException.class, () -> builder.selectionEpsilon(Double.POSITIVE_INFINITY));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 4})
    void fit_fewerRowsThanACluster_allNoise(int rows) {
        Points points = new Points(rows, 2, new double[2 * rows]);
        for (boolean single : new boolean[] {false, true}) {
            Clustering actual =
                    Hdbscan.builder().allowSingleCluster(single).build().fit(points);
            int[] noise = new int[rows];
            Arrays.fill(noise, Clustering.NOISE);
            assertArrayEquals(noise, actual.labels());
            assertArrayEquals(new double[rows], actual.probabilities());
            assertEquals(0, actual.clusters());
            assertEquals(2, actual.centroids().dimensions());
        }
    }

    @ParameterizedTest
    @ValueSource(doubles = {Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY})
    void fit_coordinateNotFinite_namesTheRow(double bad) {
        Points points = Points.of(new double[] {0, 0}, new double[] {0, 1}, new double[] {0, bad});
        IllegalArgumentException error = assertThrows(
                IllegalArgumentException.class, () -> Hdbscan.builder().build().fit(points));
        assertTrue(String.valueOf(error.getMessage()).contains("row 2"), error.toString());
    }

    @Test
    void fit_pairsOfPairs_takesTheMoreStableLevel() {
        // Heights 1 (three pairs), 2, 36. Stability of {0, 1, 3, 4}: 4 (1/2 - 1/36); of each pair in it: 2 (1 - 1/2).
        Clustering actual =
                Hdbscan.builder().minClusterSize(2).minSamples(1).build().fit(TWO_PAIRS);
        assertArrayEquals(new int[] {1, 1, 2, 2, 0, 0}, actual.labels());
        assertArrayEquals(new double[] {1, 1, 1, 1, 1, 1}, actual.probabilities());
        assertArrayEquals(new double[] {1 - 1 / 36.0, 0.5, 0.5}, actual.persistence(), 1e-12);
        assertEquals(3 + 2 + 36, actual.spanningTreeWeight());
        assertArrayEquals(new double[] {40.5, 0.5, 3.5}, actual.centroids().toArray(), 1e-12);
    }

    @Test
    void fit_equalStability_parentWins() {
        // The whole: 4 x 1/2. Its two pairs: twice 2 (1 - 1/2). At other scales rounding must not decide.
        for (double scale : new double[] {1, 3, 7, 0.1, 1e-7, 12345.678}) {
            Points points = Points.of(
                    new double[] {0}, new double[] {scale}, new double[] {3 * scale}, new double[] {4 * scale});
            Clustering actual = Hdbscan.builder()
                    .minClusterSize(2)
                    .minSamples(1)
                    .allowSingleCluster(true)
                    .build()
                    .fit(points);
            assertArrayEquals(new int[] {0, 0, 0, 0}, actual.clusters() == 1 ? new int[4] : actual.labels());
            assertEquals(1, actual.clusters(), "scale " + scale);
        }
    }

    @Test
    void fit_leaf_takesTheSmallestClusters() {
        Points points = Points.of(
                new double[] {0},
                new double[] {1},
                new double[] {2.5},
                new double[] {3.5},
                new double[] {40},
                new double[] {41});
        Hdbscan.Builder builder = Hdbscan.builder().minClusterSize(2).minSamples(1);
        assertEquals(2, builder.build().fit(points).clusters());
        assertEquals(
                3,
                builder.selectionMethod(Hdbscan.SelectionMethod.LEAF)
                        .build()
                        .fit(points)
                        .clusters());
    }

    @Test
    void fit_leafWhereNothingSplits_allNoise() {
        Points points = Points.of(new double[] {0}, new double[] {1}, new double[] {2});
        Hdbscan method = Hdbscan.builder()
                .minClusterSize(2)
                .selectionMethod(Hdbscan.SelectionMethod.LEAF)
                .allowSingleCluster(true)
                .build();
        assertEquals(0, method.fit(points).clusters());
    }

    @Test
    void fit_epsilon_joinsWhatSplitsBelowIt() {
        Hdbscan.Builder builder = Hdbscan.builder().minClusterSize(2).minSamples(1);
        assertEquals(3, builder.selectionEpsilon(1.9).build().fit(TWO_PAIRS).clusters());
        assertEquals(2, builder.selectionEpsilon(2.1).build().fit(TWO_PAIRS).clusters());
        assertEquals(2, builder.selectionEpsilon(1e6).build().fit(TWO_PAIRS).clusters());
        assertEquals(
                1,
                builder.selectionEpsilon(1e6)
                        .allowSingleCluster(true)
                        .build()
                        .fit(TWO_PAIRS)
                        .clusters());
    }

    private static Points atDegrees(double length, double... degrees) {
        double[] values = new double[2 * degrees.length];
        for (int i = 0; i < degrees.length; i++) {
            values[2 * i] = (i + 1) * length * Math.cos(Math.toRadians(degrees[i]));
            values[2 * i + 1] = (i + 1) * length * Math.sin(Math.toRadians(degrees[i]));
        }
        return new Points(degrees.length, 2, values);
    }

    private static double oneMinusCos(double degrees) {
        return 1 - Math.cos(Math.toRadians(degrees));
    }

    @ParameterizedTest
    @ValueSource(doubles = {1, 1e-300, 1e300})
    void fit_cosine_measuresDirectionsOnly(double length) {
        Hdbscan method = Hdbscan.builder()
                .minClusterSize(2)
                .minSamples(1)
                .metric(Hdbscan.Metric.COSINE)
                .build();
        Clustering actual = method.fit(atDegrees(length, 0, 10, 90, 102, 200));
        assertArrayEquals(new int[] {0, 0, 1, 1, -1}, actual.labels());
        assertEquals(
                oneMinusCos(10) + oneMinusCos(80) + oneMinusCos(12) + oneMinusCos(98),
                actual.spanningTreeWeight(),
                1e-12);
        double born = 1 / oneMinusCos(80);
        double largest = 1 / oneMinusCos(10);
        assertArrayEquals(
                new double[] {(largest - born) / largest, (1 / oneMinusCos(12) - born) / largest},
                actual.persistence(),
                1e-9);
        assertEquals(
                length * (1 + 2 * Math.cos(Math.toRadians(10))) / 2,
                actual.centroids().get(0, 0),
                length * 1e-9);
    }

    @Test
    void fit_cosineOfRowsOfOneDirection_theyCoincide() {
        double[] values = new double[60];
        for (int i = 0; i < 10; i++) {
            for (int axis = 0; axis < 3; axis++) {
                values[3 * i + axis] = (i + 1) * 0.1 * (axis + 1);
                values[30 + 3 * i + axis] = (i + 1) * 0.7 * (3 - axis);
            }
        }
        Clustering actual =
                Hdbscan.builder().metric(Hdbscan.Metric.COSINE).build().fit(new Points(20, 3, values));
        assertEquals(2, actual.clusters());
        assertArrayEquals(new double[] {1, 1}, actual.persistence());
        assertEquals(oneMinusCos(Math.toDegrees(Math.acos(10.0 / 14))), actual.spanningTreeWeight(), 1e-12);
    }

    @Test
    void fit_cosineOfARowOfZeros_namesIt() {
        Points points = Points.of(new double[] {0, 1}, new double[] {0, 0});
        Hdbscan method = Hdbscan.builder().metric(Hdbscan.Metric.COSINE).build();
        IllegalArgumentException error = assertThrows(IllegalArgumentException.class, () -> method.fit(points));
        assertTrue(String.valueOf(error.getMessage()).contains("row 1 is zero"), error.toString());
        assertEquals(0, method.fit(new Points(0, 2, new double[0])).clusters());
    }

    @Test
    void fit_allRowsEqual_oneClusterOnlyWhereAllowed() {
        Points points = new Points(20, 3, new double[60]);
        assertEquals(0, Hdbscan.builder().build().fit(points).clusters());
        Clustering single = Hdbscan.builder().allowSingleCluster(true).build().fit(points);
        assertArrayEquals(new int[20], single.labels());
        assertArrayEquals(new double[] {1}, single.persistence());
        double[] ones = new double[20];
        Arrays.fill(ones, 1);
        assertArrayEquals(ones, single.probabilities());
        assertEquals(0, single.spanningTreeWeight());
    }

    @Test
    void fit_rowsVeryFarAway_leavesTheOthersTheirClusters() {
        double[] values = new double[12];
        for (int i = 0; i < 5; i++) {
            values[i] = i * 0.25;
            values[5 + i] = 100 + i * 0.25;
        }
        values[10] = Double.MAX_VALUE;
        values[11] = -Double.MAX_VALUE;
        for (Hierarchy hierarchy :
                new Hierarchy[] {new PrimHierarchy(), new ElkiHierarchy(), new BoruvkaHierarchy(1)}) {
            Clustering actual =
                    Hdbscan.builder().minSamples(1).hierarchy(hierarchy).build().fit(new Points(12, 1, values));
            assertArrayEquals(new int[] {0, 0, 0, 0, 0, 1, 1, 1, 1, 1, -1, -1}, actual.labels());
        }
    }

    @Test
    void fit_largestNumbersThereAre_centroidIsFinite() {
        double[] values = new double[14];
        Arrays.fill(values, 0, 7, Double.MAX_VALUE);
        Arrays.fill(values, 7, 14, -Double.MAX_VALUE);
        Clustering actual = Hdbscan.builder().build().fit(new Points(14, 1, values));
        assertEquals(2, actual.clusters());
        assertEquals(-1, actual.centroids().firstNonFinite());
        assertEquals(Double.MAX_VALUE, actual.centroids().get(0, 0), 1e294);
        assertEquals(-Double.MAX_VALUE, actual.centroids().get(1, 0), 1e294);
    }

    @Test
    void fit_smallestNumbersThereAre_noError() {
        double[] values = new double[14];
        for (int i = 0; i < 14; i++) {
            values[i] = i * Double.MIN_VALUE;
        }
        assertEquals(
                14, Hdbscan.builder().build().fit(new Points(14, 1, values)).labels().length);
    }

    /** Each of 100,000 rows joins the chain alone: merges lie 100,000 deep. */
    @Test
    void fit_chainOfManyMerges_needsNoStack() {
        int n = 100_000;
        Hierarchy chain = (rows, minSamples) -> {
            SpanningTree tree = new SpanningTree(rows.size());
            for (int i = 1; i < rows.size(); i++) {
                tree.add(i - 1, i, i);
            }
            return tree;
        };
        Clustering actual = Hdbscan.builder()
                .allowSingleCluster(true)
                .hierarchy(chain)
                .build()
                .fit(new Points(n, 1, new double[n]));
        assertEquals(1, actual.clusters());
    }

    /** Each of 50,000 pairs joins the chain: clusters lie 50,000 deep. */
    @Test
    void fit_chainOfManyClusters_needsNoStack() {
        int n = 100_000;
        Hierarchy chain = (rows, minSamples) -> {
            SpanningTree tree = new SpanningTree(rows.size());
            for (int i = 1; i < rows.size(); i++) {
                tree.add(i - 1, i, i % 2 == 1 ? 0.5 : i);
            }
            return tree;
        };
        for (Hdbscan.SelectionMethod method : Hdbscan.SelectionMethod.values()) {
            Clustering actual = Hdbscan.builder()
                    .minClusterSize(2)
                    .selectionMethod(method)
                    .selectionEpsilon(1)
                    .hierarchy(chain)
                    .build()
                    .fit(new Points(n, 1, new double[n]));
            assertEquals(n / 2, actual.clusters());
        }
    }

    @Test
    void clustering_arrays_areItsOwn() {
        Clustering clustering =
                Hdbscan.builder().minClusterSize(2).minSamples(1).build().fit(TWO_PAIRS);
        clustering.labels()[0] = 9;
        clustering.probabilities()[0] = 9;
        clustering.persistence()[0] = 9;
        assertEquals(Hdbscan.builder().minClusterSize(2).minSamples(1).build().fit(TWO_PAIRS), clustering);
        assertArrayEquals(new int[][] {{4, 5}, {0, 1}, {2, 3}}, clustering.members());
    }

    @Test
    void clustering_partsThatDoNotFit_areRefused() {
        Points one = Points.of(new double[] {0});
        assertThrows(
                IllegalArgumentException.class, () -> new Clustering(new int[2], new double[1], one, new double[1], 0));
        assertThrows(
                IllegalArgumentException.class, () -> new Clustering(new int[1], new double[1], one, new double[2], 0));
        assertThrows(
                IllegalArgumentException.class,
                () -> new Clustering(new int[] {1}, new double[1], one, new double[1], 0));
        assertThrows(
                IllegalArgumentException.class,
                () -> new Clustering(new int[] {-2}, new double[1], one, new double[1], 0));
    }
}
