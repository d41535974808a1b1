package io.github.fedhds.clustering;

/**
 * The merges of a spanning tree, from the lowest to the highest. Adjacent merges of equal height are one merge of
 * several parts, because their order would be arbitrary; the result is then the same for every minimum spanning tree
 * and every row order.
 *
 * <p>Nodes are numbered: first the n rows, then the merges, so a part comes before its whole. The parts of a merge are
 * a linked list, with the first in {@link #firstPart} and each next in {@link #nextPart}. Time O(n log n), memory O(n),
 * no recursion.
 */
final class Dendrogram {
    /** No node. */
    static final int NONE = -1;

    private final int rows;
    private final int[] firstPart;
    private final int[] nextPart;
    private final double[] height;
    private final int[] size;
    private final int[] firstRow;
    private int nodes;

    Dendrogram(SpanningTree tree) {
        rows = tree.rows();
        int most = 2 * rows - 1;
        firstPart = new int[most];
        nextPart = new int[most];
        height = new double[most];
        size = new int[most];
        firstRow = new int[most];
        nodes = rows;
        int[] owner = new int[rows]; // union-find over rows
        int[] head = new int[rows]; // per owner: linked list of its nodes that are not yet in a merge
        int[] tail = new int[rows];
        for (int i = 0; i < rows; i++) {
            owner[i] = i;
            head[i] = i;
            tail[i] = i;
            firstPart[i] = NONE;
            nextPart[i] = NONE;
            size[i] = 1;
            firstRow[i] = i;
        }
        int[] order = tree.fromTheLowest();
        for (int from = 0, to; from < order.length; from = to) {
            double level = tree.height(order[from]);
            for (to = from; to < order.length && tree.height(order[to]) == level; to++) {
                int a = find(owner, tree.from(order[to]));
                int b = find(owner, tree.to(order[to]));
                owner[b] = a;
                nextPart[tail[a]] = head[b];
                tail[a] = tail[b];
            }
            for (int e = from; e < to; e++) {
                int a = find(owner, tree.from(order[e]));
                if (head[a] != tail[a]) {
                    int whole = merge(head[a], level);
                    head[a] = whole;
                    tail[a] = whole;
                }
            }
        }
    }

    private int merge(int first, double level) {
        int whole = nodes++;
        firstPart[whole] = first;
        nextPart[whole] = NONE;
        height[whole] = level;
        firstRow[whole] = firstRow[first];
        for (int part = first; part != NONE; part = nextPart[part]) {
            size[whole] += size[part];
            firstRow[whole] = Math.min(firstRow[whole], firstRow[part]);
        }
        return whole;
    }

    private static int find(int[] owner, int row) {
        int a = row;
        while (owner[a] != a) {
            owner[a] = owner[owner[a]]; // path halving
            a = owner[a];
        }
        return a;
    }

    /** Number of rows. */
    int rows() {
        return rows;
    }

    /** The root, which contains all rows. */
    int top() {
        return nodes - 1;
    }

    boolean isRow(int node) {
        return node < rows;
    }

    /** The first part of a merge; {@link #NONE} for a row. */
    int firstPart(int node) {
        return firstPart[node];
    }

    /** The next part of the same merge; {@link #NONE} after the last. */
    int nextPart(int node) {
        return nextPart[node];
    }

    /** Height of a merge. */
    double height(int node) {
        return height[node];
    }

    /** Number of rows below a node. */
    int size(int node) {
        return size[node];
    }

    /** The smallest row below a node. */
    int firstRow(int node) {
        return firstRow[node];
    }
}
