package io.github.fedhds.clustering;

import io.github.fedhds.internal.KdTree;
import io.github.fedhds.internal.LeastValues;
import io.github.fedhds.internal.Workers;
import java.util.SplittableRandom;

/**
 * The hierarchy by Boruvka's algorithm on a k-d tree, with dual-tree search: each round joins every component of the
 * forest to its nearest other component, until one is left. About O(n log n) for few dimensions; with more dimensions
 * the boxes prune less, up to O(n²) per round. Memory O(n d). Stateless, safe for many threads.
 *
 * <p>If distances tie, the edges of the tree depend on the number of threads; their heights do not, nor does anything
 * computed from them ({@link Dendrogram}).
 *
 * @see <a href="https://doi.org/10.1145/1835804.1835882">March, Ram, Gray 2010: Fast Euclidean Minimum Spanning
 *     Tree</a>
 * @see <a href="https://doi.org/10.1109/ICDMW.2017.12">McInnes, Healy 2017</a>, the same with core distances
 */
final class BoruvkaHierarchy implements Hierarchy {
    private static final int LEAF_SIZE = 12;
    /** Minimum number of rows per thread; with fewer, another thread costs more than it saves. */
    private static final int ROWS_PER_THREAD = 1000;

    private static final Workers.Task CLUSTERING =
            new Workers.Task("clustering", "a clustering thread failed", "interrupted while clustering");

    private final int threads;

    /** Uses at most this many threads, 1 or more. */
    BoruvkaHierarchy(int threads) {
        this.threads = threads;
    }

    @Override
    public SpanningTree connect(Coordinates rows, int minSamples) {
        int n = rows.size();
        KdTree tree = new KdTree(n, rows.dimensions(), LEAF_SIZE);
        double[][] columns = rows.columns();
        SplittableRandom random = new SplittableRandom(0);
        tree.sort(columns, (from, to) -> random.nextInt(from, to + 1));
        tree.place(columns);
        try (Workers workers = new Workers(CLUSTERING, Math.max(1, Math.min(threads, n / ROWS_PER_THREAD)))) {
            return new BoruvkaForest(tree, coreDistances(tree, minSamples, workers), workers).connect();
        }
    }

    /** Squared core distances, one per place. */
    private static double[] coreDistances(KdTree tree, int minSamples, Workers workers) {
        double[] core = new double[tree.size()];
        int k = Math.min(minSamples, core.length - 1);
        if (k > 0) {
            workers.run(core.length, (from, to) -> {
                LeastValues least = new LeastValues(k);
                for (int place = from; place < to && !workers.isInterrupted(); place++) {
                    least.clear();
                    tree.nearest(place, least);
                    core[place] = least.largest();
                }
            });
        }
        return core;
    }
}
