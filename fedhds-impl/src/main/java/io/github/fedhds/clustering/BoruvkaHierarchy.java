package io.github.fedhds.clustering;

/**
 * The hierarchy by Boruvka's method on a k-d tree, two nodes at a time: every part of the forest seeks its nearest other
 * part, all at once, and joins it, until one is left. About O(n log n) for few dimensions; the more there are, the less
 * the boxes tell, and the nearer it comes to O(n²) a round. Memory O(n d). Stateless, safe for many threads.
 *
 * <p>Where distances tie, which edges enter the tree depends on the number of threads; their heights do not, nor does
 * anything that is made of them ({@link Dendrogram}).
 *
 * @see <a href="https://doi.org/10.1145/1835804.1835882">March, Ram, Gray 2010: Fast Euclidean Minimum Spanning Tree</a>
 * @see <a href="https://doi.org/10.1109/ICDMW.2017.12">McInnes, Healy 2017</a>, the same with core distances
 */
final class BoruvkaHierarchy implements Hierarchy {
    /** Rows below which a further thread costs more than it brings. */
    private static final int ROWS_OF_A_THREAD = 1000;

    private final int threads;

    /** With at most this many threads, 1 or more. */
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

    /** One a place, squared. */
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
