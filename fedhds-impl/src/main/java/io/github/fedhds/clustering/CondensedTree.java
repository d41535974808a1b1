package io.github.fedhds.clustering;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * A dendrogram in which only parts of at least {@code minClusterSize} rows count as clusters. From the root down, the
 * density lambda (1 / height) increases: rows in smaller parts fall out of their cluster, a single large part continues
 * the cluster, several are new clusters. Cluster 0 contains all rows; a parent comes before its children, and siblings
 * are in the order of their first rows. Time O(n log n), memory O(n), no recursion.
 *
 * @see <a href="https://doi.org/10.1007/978-3-642-37456-2_14">Campello, Moulavi, Sander 2013, section 4</a>
 */
final class CondensedTree {
    private final Dendrogram dendrogram;
    private final int[] clusterOf;
    private final double[] fallsAt;
    private final int[] parent;
    private final double[] bornAt;
    private final double[] endsAt;
    private final int[] size;
    private int clusters = 1;

    /**
     * Condenses a dendrogram.
     *
     * @param minClusterSize 2 or more, at most the number of rows
     */
    CondensedTree(Dendrogram dendrogram, int minClusterSize) {
        this.dendrogram = dendrogram;
        int rows = dendrogram.rows();
        clusterOf = new int[rows];
        fallsAt = new double[rows];
        parent = new int[rows]; // a split gives two clusters of two rows or more, so there are fewer clusters than rows
        bornAt = new double[rows];
        endsAt = new double[rows];
        size = new int[rows];
        parent[0] = Dendrogram.NONE;
        size[0] = rows;
        int[] start = new int[rows];
        start[0] = dendrogram.root();
        int[] stack = new int[rows];
        for (int cluster = 0; cluster < clusters; cluster++) {
            List<Integer> large = List.of(start[cluster]);
            while (large.size() == 1) {
                large = shrink(cluster, large.get(0), minClusterSize, stack);
            }
            for (int part : large) {
                start[clusters] = part;
                parent[clusters] = cluster;
                bornAt[clusters] = endsAt[cluster];
                size[clusters] = dendrogram.size(part);
                clusters++;
            }
        }
    }

    /** Goes down one merge: drops its small parts from the cluster, returns the large ones in order. */
    private List<Integer> shrink(int cluster, int merge, int minClusterSize, int[] stack) {
        double lambda = 1 / dendrogram.height(merge); // infinite only if rows coincide
        endsAt[cluster] = lambda;
        List<Integer> large = new ArrayList<>();
        for (int part = dendrogram.firstPart(merge); part != Dendrogram.NONE; part = dendrogram.nextPart(part)) {
            if (dendrogram.size(part) >= minClusterSize) {
                large.add(part);
            } else {
                drop(cluster, part, lambda, stack);
            }
        }
        large.sort(Comparator.comparingInt(dendrogram::firstRow));
        return large;
    }

    private void drop(int cluster, int part, double lambda, int[] stack) {
        int waiting = 0;
        stack[waiting++] = part;
        while (waiting > 0) {
            int node = stack[--waiting];
            if (dendrogram.isRow(node)) {
                clusterOf[node] = cluster;
                fallsAt[node] = lambda;
            }
            for (int p = dendrogram.firstPart(node); p != Dendrogram.NONE; p = dendrogram.nextPart(p)) {
                stack[waiting++] = p;
            }
        }
    }

    /** Number of clusters, including the root. */
    int clusters() {
        return clusters;
    }

    /** Number of rows. */
    int rows() {
        return clusterOf.length;
    }

    /** The last cluster that a row is in before it falls out. */
    int clusterOf(int row) {
        return clusterOf[row];
    }

    /** Lambda at which a row falls out of its last cluster. */
    double fallsAt(int row) {
        return fallsAt[row];
    }

    /** The parent of a cluster other than the root. */
    int parent(int cluster) {
        return parent[cluster];
    }

    /** Lambda at which a cluster splits off its parent; 0 for the root. */
    double bornAt(int cluster) {
        return bornAt[cluster];
    }

    /** Largest lambda at which a row or a child leaves this cluster. */
    double endsAt(int cluster) {
        return endsAt[cluster];
    }

    /** Number of rows of a cluster when it splits off. */
    int size(int cluster) {
        return size[cluster];
    }
}
