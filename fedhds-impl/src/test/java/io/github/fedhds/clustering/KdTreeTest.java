package io.github.fedhds.clustering;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.feature.Points;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class KdTreeTest {
    /** Numbers of all sizes, the largest and the smallest there are among them, and copies. */
    private static Coordinates rows(Random random) {
        int n = 1 + random.nextInt(200);
        int d = 1 + random.nextInt(5);
        double[] values = new double[n * d];
        int spread = random.nextBoolean() ? 2 : 2000;
        for (int i = 0; i < values.length; i++) {
            values[i] = i >= d && random.nextInt(3) == 0
                    ? values[i - d]
                    : Math.scalb(random.nextGaussian(), random.nextInt(spread) - spread / 2);
        }
        values[random.nextInt(values.length)] = random.nextBoolean() ? Double.MAX_VALUE : -Double.MAX_VALUE;
        return new Coordinates(new Points(n, d, values));
    }

    @Test
    void tree_anyRows_holdsEachOnceInNodesThatAddUp() {
        for (int seed = 0; seed < 300; seed++) {
            Coordinates rows = rows(new Random(seed));
            KdTree tree = new KdTree(rows);
            boolean[] seen = new boolean[rows.size()];
            for (int place = 0; place < tree.size(); place++) {
                assertTrue(!seen[tree.rowAt(place)]);
                seen[tree.rowAt(place)] = true;
            }
            assertEquals(rows.size(), tree.end(0) - tree.begin(0));
            for (int node = 0; node < tree.nodes(); node++) {
                assertTrue(tree.begin(node) < tree.end(node), "no node is empty");
                if (!tree.isLeaf(node)) {
                    assertEquals(tree.begin(node), tree.begin(2 * node + 1));
                    assertEquals(tree.end(2 * node + 1), tree.begin(2 * node + 2));
                    assertEquals(tree.end(node), tree.end(2 * node + 2));
                }
            }
        }
    }

    @Test
    void gaps_anyRows_areNeverAboveTheDistances() {
        for (int seed = 0; seed < 300; seed++) {
            Random random = new Random(seed);
            Coordinates rows = rows(random);
            KdTree tree = new KdTree(rows);
            for (int i = 0; i < 200; i++) {
                int a = random.nextInt(tree.nodes());
                int b = random.nextInt(tree.nodes());
                int p = tree.begin(a) + random.nextInt(tree.end(a) - tree.begin(a));
                int q = tree.begin(b) + random.nextInt(tree.end(b) - tree.begin(b));
                double distance = tree.squaredDistance(p, q);
                assertEquals(rows.squaredDistance(tree.rowAt(p), tree.rowAt(q)), distance);
                assertTrue(tree.squaredGap(p, b) <= distance);
                assertTrue(tree.squaredGapOfNodes(a, b) <= tree.squaredGap(p, b));
                assertEquals(tree.squaredGapOfNodes(a, b), tree.squaredGapOfNodes(b, a));
            }
        }
    }

    @Test
    void nearest_anyRows_findsTheLeastDistances() {
        for (int seed = 0; seed < 200; seed++) {
            Random random = new Random(seed);
            KdTree tree = new KdTree(rows(random));
            int k = 1 + random.nextInt(Math.max(1, tree.size() - 1));
            int place = random.nextInt(tree.size());
            double[] distances = new double[tree.size()];
            for (int other = 0; other < distances.length; other++) {
                distances[other] = other == place ? -1 : tree.squaredDistance(place, other);
            }
            Arrays.sort(distances);
            LeastValues least = new LeastValues(k);
            tree.nearest(place, least);
            double expected = k < distances.length ? distances[k] : Double.POSITIVE_INFINITY;
            assertEquals(expected, least.largest(), "seed " + seed);
        }
    }
}
