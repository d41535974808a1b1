package io.github.fedhds.reduction;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.clustering.Clustering;
import io.github.fedhds.clustering.Hdbscan;
import io.github.fedhds.feature.FeatureMatrix;
import io.github.fedhds.feature.Points;
import io.github.fedhds.fusion.Fusion;
import io.github.fedhds.message.Frame;
import io.github.fedhds.round.RoundContext;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Equal rows, equal points: by every fusion, in every order of the rows. */
class EqualRowsTest {
    static Stream<Fusion> fusions() {
        return Stream.concat(
                FusionTest.fusions().stream(),
                Stream.of(
                        new PcaFusion(5),
                        TsneFusion.builder().dimensions(3).iterations(300).build(),
                        Fusion.of(4, (features, round) -> new Frame.Signs(4, 1).place(features)),
                        TsneFusion.builder().build().compose(FeatureMatrix::lastBlock)));
    }

    /** Which of the distinct rows each row is, in a random order; some rows are there once. */
    private static int[] copies(Random random, int distinct, int most) {
        List<Integer> copies = new ArrayList<>();
        for (int row = 0; row < distinct; row++) {
            copies.addAll(Collections.nCopies(1 + random.nextInt(most), row));
        }
        Collections.shuffle(copies, random);
        return copies.stream().mapToInt(Integer::intValue).toArray();
    }

    /** Rows of two blocks of six numbers, near large values that all share, as hidden states are. */
    private static FeatureMatrix rows(Random random, int distinct, int[] copies) {
        float[][] rows = new float[distinct][12];
        for (float[] row : rows) {
            for (int c = 0; c < 12; c++) {
                row[c] = (float) (100 * (c % 5) + random.nextGaussian());
            }
        }
        return FeatureMatrix.of(copies.length, 2, 6, i -> rows[copies[i]]);
    }

    @ParameterizedTest
    @MethodSource("fusions")
    void fuse_equalRowsInAnyOrder_givesEqualPointsAndAtMostOneGroupEach(Fusion fusion) {
        for (int seed = 0; seed < 12; seed++) {
            Random random = new Random(seed);
            int distinct = seed % 4 == 0 ? 3 : 2 + random.nextInt(10);
            int[] copies = copies(random, distinct, 40);
            Points points = fusion.fuse(rows(random, distinct, copies), RoundContext.first());
            Map<Integer, Integer> first = new HashMap<>();
            for (int i = 0; i < copies.length; i++) {
                first.putIfAbsent(copies[i], i);
                double[] same = points.point(first.getOrDefault(copies[i], i));
                assertArrayEquals(same, points.point(i), "seed " + seed + ", row " + i);
            }
            Clustering clusters = Hdbscan.builder().build().fit(points);
            Map<Integer, Integer> groups = new HashMap<>();
            for (int i = 0; i < copies.length; i++) {
                int label = clusters.labels()[i];
                Integer before = groups.put(copies[i], label);
                assertTrue(before == null || before == label, "seed " + seed + ": equal rows in two groups");
            }
            assertTrue(clusters.clusters() <= distinct, "seed " + seed);
        }
    }

    /** Above 512 rows ties among neighbours go by the order of rows, and more rows are equal than a row has neighbours. */
    @Test
    void tsne_manyRows_givesEqualPoints() {
        Random random = new Random(1);
        int[] copies = random.ints(700, 0, 4).toArray();
        Points points =
                TsneFusion.builder().iterations(260).build().fuse(rows(random, 4, copies), RoundContext.first());
        assertEquals(
                4,
                IntStream.range(0, 700)
                        .mapToObj(i -> List.of(points.get(i, 0), points.get(i, 1)))
                        .distinct()
                        .count());
    }

    /** What can be had of order: PCA's points move with their rows, up to rounding. */
    @Test
    void pca_rowsInAnotherOrder_givesTheSamePoints() {
        for (int seed = 0; seed < 10; seed++) {
            Random random = new Random(seed);
            int[] copies = copies(random, 9, 6);
            FeatureMatrix features = rows(random, 9, copies);
            int n = copies.length;
            Points points = new PcaFusion(3).fuse(features, RoundContext.first());
            Points back = new PcaFusion(3)
                    .fuse(FeatureMatrix.of(n, 2, 6, i -> features.row(n - 1 - i)), RoundContext.first());
            for (int i = 0; i < n; i++) {
                assertArrayEquals(points.point(i), back.point(n - 1 - i), 1e-9, "seed " + seed + ", row " + i);
            }
        }
    }

    @Test
    void first_zerosOfBothSigns_areEqual() {
        FeatureMatrix rows = new FeatureMatrix(4, 1, 2, new float[] {0f, 1, 2, 3, -0f, 1, 2, 3});
        assertArrayEquals(new int[] {0, 1, 0, 1}, EqualRows.first(rows));
        assertArrayEquals(new double[] {5, 6, 5, 6}, EqualRows.samePoints(rows, new double[] {5, 6, 7, 8}, 1));
        assertArrayEquals(new int[0], EqualRows.first(new FeatureMatrix(0, 1, 2, new float[0])));
    }
}
