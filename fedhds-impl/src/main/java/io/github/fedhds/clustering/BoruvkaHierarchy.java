package io.github.fedhds.clustering;

/**
 * The hierarchy by Boruvka's algorithm on a k-d tree, with dual-tree search: in each round every part of the forest
 * finds its nearest other part and joins it, until one is left. About O(n log n) for few dimensions; with more
 * dimensions the boxes prune less, up to O(n²) per round. Memory O(n d). Stateless, safe for many threads.
 *
 * <p>If distances tie, the edges in the tree depend on the number of threads; their heights do not, nor does anything
 * computed from them ({@link Dendrogram}).
 *
 * @see <a href="https://doi.org/10.1145/1835804.1835882">March, Ram, Gray 2010: Fast Euclidean Minimum Spanning
 *     Tree</a>
 * @see <a href="https://doi.org/10.1109/ICDMW.2017.12">McInnes, Healy 2017</a>, the same with core distances
 */
final class BoruvkaHierarchy implements Hierarchy {
    /** Minimum number of rows per thread; with fewer, another thread costs more than it saves. */
    private static final int ROWS_OF_A_THREAD = 1000;

    private final int threads;

    /** Uses at most this many threads, 1 or more. */
    BoruvkaHierarchy(int threads) {
        this.threads = threads;
    }

    @Override
    public SpanningTree connect(Coordinates rows, int minSamples) {
        KdTree tree = new KdTree(rows);
        try (Crew crew = new Crew(Math.max(1, Math.min(threads, rows.size() / ROWS_OF_A_THREAD)))) {
            return new BoruvkaForest(tree, coreDistances(tree, minSamples, crew), crew).join();
        }
    }

    /** Squared core distances, one per place. */
    private static double[] coreDistances(KdTree tree, int minSamples, Crew crew) {
        int n = tree.size();
        double[] core = new double[n];
        int k = Math.min(minSamples, n - 1);
        if (k > 0) {
            crew.run(member -> {
                LeastValues least = new LeastValues(k);
                int end = (int) ((long) n * (member + 1) / crew.size());
                for (int place = (int) ((long) n * member / crew.size()); place < end; place++) {
                    least.clear();
                    tree.nearest(place, least);
                    core[place] = least.largest();
                }
            });
        }
        return core;
    }
}
