package io.github.fedhds.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class KdTreeTest {
    /** Numbers of all sizes, the largest and the smallest there are among them, and copies. */
    private static double[][] axes(Random random) {
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
        double[][] axes = new double[d][n];
        for (int i = 0; i < values.length; i++) {
            axes[i % d][i / d] = values[i];
        }
        return axes;
    }

    private static KdTree tree(double[][] axes) {
        Random pivots = new Random(1);
        KdTree tree = new KdTree(axes[0].length, axes.length, 12);
        tree.sort(axes, (from, to) -> from + pivots.nextInt(to - from + 1));
        tree.place(axes);
        return tree;
    }

    private static double squaredDistance(double[][] axes, int a, int b) {
        double sum = 0;
        for (double[] axis : axes) {
            sum += (axis[a] - axis[b]) * (axis[a] - axis[b]);
        }
        return Math.min(sum, Double.MAX_VALUE);
    }

    @Test
    void tree_anyRows_holdsEachOnceInNodesThatAddUp() {
        for (int seed = 0; seed < 300; seed++) {
            double[][] axes = axes(new Random(seed));
            KdTree tree = tree(axes);
            boolean[] seen = new boolean[axes[0].length];
            for (int place = 0; place < tree.size(); place++) {
                assertTrue(!seen[tree.rowAt(place)]);
                seen[tree.rowAt(place)] = true;
            }
            assertEquals(seen.length, tree.size());
            assertEquals(seen.length, tree.end(1) - tree.begin(1));
            for (int node = 1; node < tree.nodes(); node++) {
                assertTrue(tree.begin(node) < tree.end(node), "no node is empty");
                if (!tree.isLeaf(node)) {
                    assertEquals(tree.begin(node), tree.begin(2 * node));
                    assertEquals(tree.end(2 * node), tree.begin(2 * node + 1));
                    assertEquals(tree.end(node), tree.end(2 * node + 1));
                }
            }
        }
    }

    @Test
    void gaps_anyRows_areNeverAboveTheDistances() {
        for (int seed = 0; seed < 300; seed++) {
            Random random = new Random(seed);
            double[][] axes = axes(random);
            KdTree tree = tree(axes);
            for (int i = 0; i < 200; i++) {
                int a = 1 + random.nextInt(tree.nodes() - 1);
                int b = 1 + random.nextInt(tree.nodes() - 1);
                int p = tree.begin(a) + random.nextInt(tree.end(a) - tree.begin(a));
                int q = tree.begin(b) + random.nextInt(tree.end(b) - tree.begin(b));
                double distance = tree.squaredDistance(p, q);
                assertEquals(squaredDistance(axes, tree.rowAt(p), tree.rowAt(q)), distance);
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
            KdTree tree = tree(axes(random));
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
