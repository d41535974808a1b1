package io.github.fedhds.clustering;

import io.github.fedhds.internal.LeastValues;
import java.util.Arrays;

/**
 * The hierarchy by Prim's algorithm: the fastest in many dimensions, and simple enough to test the others against. Time
 * O(n² (d + log minSamples)), memory O(n), without a distance matrix. Stateless, safe for many threads.
 *
 * @see <a href="https://doi.org/10.1007/978-3-642-37456-2_14">Campello, Moulavi, Sander 2013, section 3</a>
 */
final class PrimHierarchy implements Hierarchy {
    @Override
    public SpanningTree connect(Coordinates rows, int minSamples) {
        int n = rows.size();
        double[] core = squaredCoreDistances(rows, minSamples);
        SpanningTree tree = new SpanningTree(n);
        double[] best = new double[n];
        Arrays.fill(best, Double.POSITIVE_INFINITY);
        int[] partner = new int[n];
        int[] outside = new int[n]; // rows not yet in the tree: the first n - 1 - edges places
        for (int i = 0; i < n; i++) {
            outside[i] = i;
        }
        int newest = n - 1;
        for (int left = n - 1; left > 0; left--) {
            int nearest = 0;
            for (int place = 0; place < left; place++) {
                int row = outside[place];
                double reach = Math.max(rows.squaredDistance(newest, row), Math.max(core[newest], core[row]));
                if (reach < best[row]) {
                    best[row] = reach;
                    partner[row] = newest;
                }
                if (best[row] < best[outside[nearest]]) {
                    nearest = place;
                }
            }
            newest = outside[nearest];
            outside[nearest] = outside[left - 1];
            tree.addSquared(newest, partner[newest], best[newest]);
        }
        return tree;
    }

    private static double[] squaredCoreDistances(Coordinates rows, int minSamples) {
        int n = rows.size();
        int k = Math.min(minSamples, n - 1);
        double[] core = new double[n];
        if (k == 0) {
            return core;
        }
        LeastValues least = new LeastValues(k);
        for (int i = 0; i < n; i++) {
            least.clear();
            for (int j = 0; j < n; j++) {
                if (i != j) {
                    least.add(rows.squaredDistance(i, j));
                }
            }
            core[i] = least.largest();
        }
        return core;
    }
}
