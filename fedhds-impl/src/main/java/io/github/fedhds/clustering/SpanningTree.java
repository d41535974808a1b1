package io.github.fedhds.clustering;

import java.util.Arrays;

/**
 * A minimum spanning tree of the mutual reachability distance between n rows: its n - 1 edges, in any order. If
 * distances tie there are several such trees, but the rows connected up to a height are the same in all of them, and
 * only those are used.
 */
final class SpanningTree {
    private final int[] from;
    private final int[] to;
    private final double[] height;
    private int edges;

    /** A tree of this many rows, initially without edges. */
    SpanningTree(int rows) {
        from = new int[Math.max(0, rows - 1)];
        to = new int[from.length];
        height = new double[from.length];
    }

    /** Adds an edge, given the square of its height. */
    void addSquared(int a, int b, double squaredHeight) {
        add(a, b, Math.sqrt(squaredHeight));
    }

    /** Adds an edge. */
    void add(int a, int b, double edgeHeight) {
        from[edges] = a;
        to[edges] = b;
        height[edges] = edgeHeight;
        edges++;
    }

    /**
     * The same tree for rows of length 1, with each height h converted to 1 - cos: h² / 2. Directions within rounding
     * (an angle of 1e-14) coincide.
     */
    SpanningTree toCosine() {
        SpanningTree tree = new SpanningTree(rows());
        for (int edge = 0; edge < edges; edge++) {
            tree.add(from[edge], to[edge], height[edge] < 1e-14 ? 0 : height[edge] * height[edge] / 2);
        }
        return tree;
    }

    /** Number of rows that the tree connects. */
    int rows() {
        return from.length + 1;
    }

    /** Number of edges added so far. */
    int edges() {
        return edges;
    }

    int from(int edge) {
        return from[edge];
    }

    int to(int edge) {
        return to[edge];
    }

    double height(int edge) {
        return height[edge];
    }

    /** The edges by ascending height; O(n log n), without an object per edge. */
    int[] byHeight() {
        double[] sorted = Arrays.copyOf(height, edges);
        Arrays.sort(sorted);
        int[] order = new int[edges];
        int[] taken = new int[edges]; // at the first index of a height: number of edges placed so far
        for (int edge = 0; edge < edges; edge++) {
            int place = firstOf(height[edge], sorted);
            order[place + taken[place]++] = edge;
        }
        return order;
    }

    private static int firstOf(double value, double[] sorted) {
        int from = 0;
        int to = sorted.length - 1;
        while (from < to) {
            int middle = (from + to) >>> 1;
            if (sorted[middle] < value) {
                from = middle + 1;
            } else {
                to = middle;
            }
        }
        return from;
    }

    /** Sum of the heights, small ones first, so that it does not depend on the order of the edges. */
    double weight() {
        return Sums.sum(Arrays.copyOf(height, edges));
    }
}
