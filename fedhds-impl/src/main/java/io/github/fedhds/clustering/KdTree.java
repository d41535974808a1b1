package io.github.fedhds.clustering;

import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * Rows in the order of a k-d tree: each node splits its rows at the middle of its box's longest side. The tree is
 * complete, node i has the children 2 i + 1 and 2 i + 2, and only the nodes of the last level, the leaves, have rows. A
 * row is identified by its <em>place</em> in the tree's order, so that near rows are near in memory.
 *
 * <p>Boxes bound distances from below to the last bit: rounding is monotonic, and squares are summed over the axes in
 * the order of {@link Coordinates#squaredDistance}. So pruning a box loses nothing. Time O(n log n), memory O(n d).
 * Immutable, safe for many threads.
 *
 * @see <a href="https://doi.org/10.1145/355744.355745">Friedman, Bentley, Finkel 1977</a>
 */
final class KdTree {
    private static final int ROWS_OF_A_LEAF = 12; // at most; at least half

    private final int dimensions;
    private final int[] rowAt;
    private final double[] values;
    private final int firstLeaf;
    private final int[] begin;
    private final int[] end;
    private final double[] low;
    private final double[] high;

    /** Builds a tree of the rows, one or more. */
    KdTree(Coordinates rows) {
        int n = rows.size();
        dimensions = rows.dimensions();
        int leaves = 1;
        while (n > (long) leaves * ROWS_OF_A_LEAF) {
            leaves *= 2;
        }
        firstLeaf = leaves - 1;
        begin = new int[2 * leaves - 1];
        end = new int[begin.length];
        low = new double[begin.length * dimensions];
        high = new double[begin.length * dimensions];
        rowAt = new int[n];
        for (int i = 0; i < n; i++) {
            rowAt[i] = i;
        }
        end[0] = n;
        SplittableRandom pivots = new SplittableRandom(0);
        for (int node = 0; node < begin.length; node++) {
            surround(rows, node);
            if (!isLeaf(node)) {
                int middle = (begin[node] + end[node]) >>> 1;
                halve(rows, longestSide(node), begin[node], middle, end[node], pivots);
                begin[2 * node + 1] = begin[node];
                end[2 * node + 1] = middle;
                begin[2 * node + 2] = middle;
                end[2 * node + 2] = end[node];
            }
        }
        values = new double[n * dimensions];
        for (int place = 0; place < n; place++) {
            for (int axis = 0; axis < dimensions; axis++) {
                values[place * dimensions + axis] = rows.get(rowAt[place], axis);
            }
        }
    }

    private void surround(Coordinates rows, int node) {
        int at = node * dimensions;
        Arrays.fill(low, at, at + dimensions, Double.POSITIVE_INFINITY);
        Arrays.fill(high, at, at + dimensions, Double.NEGATIVE_INFINITY);
        for (int place = begin[node]; place < end[node]; place++) {
            for (int axis = 0; axis < dimensions; axis++) {
                double value = rows.get(rowAt[place], axis);
                low[at + axis] = Math.min(low[at + axis], value);
                high[at + axis] = Math.max(high[at + axis], value);
            }
        }
    }

    private int longestSide(int node) {
        int longest = 0;
        double length = -1;
        for (int axis = 0; axis < dimensions; axis++) {
            double side = high[node * dimensions + axis] - low[node * dimensions + axis];
            if (side > length) {
                longest = axis;
                length = side;
            }
        }
        return longest;
    }

    /**
     * Moves rows not above the others before {@code middle} (quickselect; random pivots, so that no input is a slow
     * one).
     */
    private void halve(Coordinates rows, int axis, int begin, int middle, int end, SplittableRandom pivots) {
        int from = begin;
        int last = end - 1;
        while (from < last) {
            double pivot = rows.get(rowAt[pivots.nextInt(from, last + 1)], axis);
            int left = from;
            int right = last;
            while (left <= right) {
                while (rows.get(rowAt[left], axis) < pivot) {
                    left++;
                }
                while (rows.get(rowAt[right], axis) > pivot) {
                    right--;
                }
                if (left <= right) { // equal values are swapped too, which splits many of them in halves
                    int row = rowAt[left];
                    rowAt[left++] = rowAt[right];
                    rowAt[right--] = row;
                }
            }
            if (middle <= right) {
                last = right;
            } else if (middle >= left) {
                from = left;
            } else {
                return;
            }
        }
    }

    /** Number of rows. */
    int size() {
        return rowAt.length;
    }

    /** The row at a place. */
    int rowAt(int place) {
        return rowAt[place];
    }

    /** Number of nodes; node 0 is the root. */
    int nodes() {
        return begin.length;
    }

    boolean isLeaf(int node) {
        return node >= firstLeaf;
    }

    /** The first place below a node. */
    int begin(int node) {
        return begin[node];
    }

    /** The place after a node's last place. */
    int end(int node) {
        return end[node];
    }

    /** The squared distance of two places, as in {@link Coordinates#squaredDistance}. */
    double squaredDistance(int a, int b) {
        int i = a * dimensions;
        int j = b * dimensions;
        double sum = 0;
        for (int axis = 0; axis < dimensions; axis++) {
            double difference = values[i + axis] - values[j + axis];
            sum += difference * difference;
        }
        return Math.min(sum, Double.MAX_VALUE);
    }

    /** Lower bound of the squared distance between a place and those below a node. */
    double squaredGap(int place, int node) {
        int i = place * dimensions;
        int j = node * dimensions;
        double sum = 0;
        for (int axis = 0; axis < dimensions; axis++) {
            double value = values[i + axis];
            double gap = Math.max(0, Math.max(low[j + axis] - value, value - high[j + axis]));
            sum += gap * gap;
        }
        return Math.min(sum, Double.MAX_VALUE);
    }

    /** Lower bound of the squared distance between the places below a node and those below another. */
    double squaredGapOfNodes(int a, int b) {
        int i = a * dimensions;
        int j = b * dimensions;
        double sum = 0;
        for (int axis = 0; axis < dimensions; axis++) {
            double gap = Math.max(0, Math.max(low[j + axis] - high[i + axis], low[i + axis] - high[j + axis]));
            sum += gap * gap;
        }
        return Math.min(sum, Double.MAX_VALUE);
    }

    /** Adds squared distances from a place to others until {@code least} has the smallest ones. */
    void nearest(int place, LeastValues least) {
        nearest(place, 0, least);
    }

    private void nearest(int place, int node, LeastValues least) {
        if (isLeaf(node)) {
            for (int other = begin[node]; other < end[node]; other++) {
                if (other != place) {
                    least.add(squaredDistance(place, other));
                }
            }
            return;
        }
        int left = 2 * node + 1;
        double leftGap = squaredGap(place, left);
        double rightGap = squaredGap(place, left + 1);
        // If both boxes are equally near, first the half with the place itself.
        boolean leftFirst = leftGap < rightGap || (leftGap == rightGap && place < end[left]);
        int first = leftFirst ? left : left + 1;
        int second = leftFirst ? left + 1 : left;
        if (Math.min(leftGap, rightGap) < least.largest()) {
            nearest(place, first, least);
        }
        if (Math.max(leftGap, rightGap) < least.largest()) {
            nearest(place, second, least);
        }
    }
}
