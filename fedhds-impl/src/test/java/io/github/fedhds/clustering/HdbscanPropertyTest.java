package io.github.fedhds.clustering;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.fedhds.feature.Points;
import java.util.Random;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What must hold of any points; random ones, seeded, so a failure is never one of chance. */
class HdbscanPropertyTest {
    private static Points map(Points points, DoubleUnaryOperator operator) {
        double[] values = points.toArray();
        for (int i = 0; i < values.length; i++) {
            values[i] = operator.applyAsDouble(values[i]);
        }
        return new Points(points.size(), points.dimensions(), values);
    }

    @ParameterizedTest
    @EnumSource(By.class)
    void fit_rowsInAnyOrder_givesTheSameBitsUpToNumbers(By by) {
        for (int seed = 0; seed < 200; seed++) {
            Random random = new Random(seed);
            Points points = HierarchyTest.random(random);
            Hdbscan method = HierarchyTest.random(random, Hdbscan.builder().hierarchy(by.hierarchy()))
                    .build();
            int[] order = GoldenClusters.shuffled(points.size(), random);
            Clustering plain = method.fit(points);
            Clustering shuffled = method.fit(GoldenClusters.reorder(points, order));
            int[] labels = new int[order.length];
            for (int i = 0; i < order.length; i++) {
                labels[order[i]] = shuffled.labels()[i];
                assertEquals(plain.probabilities()[order[i]], shuffled.probabilities()[i], "seed " + seed);
            }
            int[] match = GoldenClusters.match(plain.labels(), labels, "seed " + seed);
            for (int c = 0; c < match.length; c++) {
                assertArrayEquals(
                        plain.centroids().point(c), shuffled.centroids().point(match[c]), "seed " + seed);
                // Where a cluster stands for its children, their stabilities are added in the order of their numbers.
                assertEquals(plain.persistence()[c], shuffled.persistence()[match[c]], 1e-12, "seed " + seed);
            }
            assertEquals(plain.spanningTreeWeight(), shuffled.spanningTreeWeight(), "seed " + seed);
        }
    }

    @ParameterizedTest
    @EnumSource(By.class)
    void fit_scaledByAPowerOfTwo_givesTheSameBits(By by) {
        for (int exponent : new int[] {-400, -1, 1, 400}) {
            for (int seed = 0; seed < 30; seed++) {
                Random random = new Random(seed);
                Points points = HierarchyTest.random(random);
                Hdbscan.Builder builder = HierarchyTest.random(
                                random, Hdbscan.builder().hierarchy(by.hierarchy()))
                        .selectionEpsilon(0);
                Clustering plain = builder.build().fit(points);
                Clustering scaled = builder.build().fit(map(points, v -> Math.scalb(v, exponent)));
                assertArrayEquals(plain.labels(), scaled.labels());
                assertArrayEquals(plain.probabilities(), scaled.probabilities());
                assertArrayEquals(plain.persistence(), scaled.persistence());
            }
        }
    }

    @ParameterizedTest
    @EnumSource(By.class)
    void fit_scaledAndEpsilonWithIt_givesTheSamePartition(By by) {
        for (int seed = 0; seed < 100; seed++) {
            Random random = new Random(seed);
            Points points = cloud(random);
            Clustering plain = Hdbscan.builder()
                    .hierarchy(by.hierarchy())
                    .selectionEpsilon(0.9)
                    .build()
                    .fit(points);
            Clustering scaled = Hdbscan.builder()
                    .hierarchy(by.hierarchy())
                    .selectionEpsilon(0.9 * 37.3)
                    .build()
                    .fit(map(points, v -> 37.3 * v));
            GoldenClusters.match(plain.labels(), scaled.labels(), "seed " + seed);
            assertArrayEquals(plain.probabilities(), scaled.probabilities(), 1e-9);
            assertArrayEquals(plain.persistence(), scaled.persistence(), 1e-9);
            assertEquals(37.3 * plain.spanningTreeWeight(), scaled.spanningTreeWeight(), 1e-6);
        }
    }

    @ParameterizedTest
    @EnumSource(By.class)
    void fit_moved_givesTheSamePartition(By by) {
        for (int seed = 0; seed < 100; seed++) {
            Points points = map(cloud(new Random(seed)), v -> Math.rint(v * 1024) / 1024); // moving loses no digit
            Clustering plain =
                    Hdbscan.builder().hierarchy(by.hierarchy()).build().fit(points);
            Clustering moved =
                    Hdbscan.builder().hierarchy(by.hierarchy()).build().fit(map(points, v -> v + 1000));
            assertArrayEquals(plain.labels(), moved.labels(), "seed " + seed);
            assertArrayEquals(plain.probabilities(), moved.probabilities(), 1e-12);
            for (int c = 0; c < plain.clusters(); c++) {
                for (int axis = 0; axis < points.dimensions(); axis++) {
                    assertEquals(
                            plain.centroids().get(c, axis) + 1000,
                            moved.centroids().get(c, axis),
                            1e-9);
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(By.class)
    void fit_rowsAndTheirCopies_putsCopiesTogether(By by) {
        for (int seed = 0; seed < 100; seed++) {
            Random random = new Random(seed);
            int copies = 5;
            double[][] rows = new double[12 * copies][];
            for (int i = 0; i < rows.length; i++) {
                rows[i] = i % copies == 0
                        ? new double[] {random.nextGaussian(), random.nextGaussian()}
                        : rows[i - 1].clone();
            }
            Clustering actual = Hdbscan.builder()
                    .hierarchy(by.hierarchy())
                    .minSamples(4)
                    .build()
                    .fit(GoldenClusters.points(rows));
            for (int i = 0; i < rows.length; i++) {
                assertEquals(actual.labels()[i - i % copies], actual.labels()[i], "seed " + seed);
                assertEquals(actual.labels()[i] < 0 ? 0 : 1, actual.probabilities()[i], "they never part");
            }
        }
    }

    private static Points cloud(Random random) {
        double[][] rows = new double[80][2];
        for (double[] row : rows) {
            int cloud = random.nextInt(4);
            row[0] = 6 * (cloud & 1) + random.nextGaussian();
            row[1] = 6 * (cloud >> 1) + random.nextGaussian();
        }
        return GoldenClusters.points(rows);
    }
}
