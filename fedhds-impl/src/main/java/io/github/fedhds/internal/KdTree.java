package io.github.fedhds.internal;

import java.util.Arrays;
import java.util.function.IntBinaryOperator;

/**
 * A k-d tree: each node splits its rows into halves at the median of its box's longest side. The tree is complete: node
 * 1 is the root, node i has the children 2 i and 2 i + 1, and the leaves, the nodes of the last level, hold the rows. A
 * row is identified by its <em>place</em> in the tree's order, so rows that are near each other are near in memory.
 *
 * <p>{@link #sort} computes the order, O(n log n). {@link #place} copies the coordinates in that order and computes the
 * boxes, O(n d); call it again after rows have moved. Any order is valid; a stale one only gives larger boxes. Memory
 * O(n d). Safe for many readers between these calls.
 *
 * <p>The gaps never exceed the distances, to the last bit: rounding preserves order, and all squares are summed in the
 * order of the axes. So a search that skips a box misses no row.
 *
 * @see <a href="https://doi.org/10.1145/355744.355745">Friedman, Bentley, Finkel 1977</a>
 */
public final class KdTree {
    private final int dimensions;
    private final int firstLeaf;
    private final int[] rowAt;
    private final int[] begin;
    private final int[] end;
    private final double[] values;
    private final double[] low;
    private final double[] high;

    /**
     * A tree with the rows in their original order.
     *
     * @param size number of rows, 1 or more
     * @param dimensions coordinates per row
     * @param leafSize maximum number of rows per leaf; each leaf holds at least half as many, or all rows
     */
    public KdTree(int size, int dimensions, int leafSize) {
        this.dimensions = dimensions;
        int depth = 32 - Integer.numberOfLeadingZeros((size - 1) / leafSize);
        firstLeaf = 1 << depth;
        rowAt = new int[size];
        Arrays.setAll(rowAt, i -> i);
        begin = new int[2 * firstLeaf];
        end = new int[2 * firstLeaf];
        for (int level = 0, node = 1; level <= depth; level++) {
            for (int i = 0; i < 1 << level; i++, node++) {
                begin[node] = (int) ((long) size * i >> level);
                end[node] = (int) ((long) size * (i + 1) >> level);
            }
        }
        values = new double[size * dimensions];
        low = new double[begin.length * dimensions];
        high = new double[begin.length * dimensions];
    }

    /**
     * Sorts the rows into the tree.
     *
     * @param axes {@code [dimensions][n]} coordinates
     * @param pivot selects the place of a pivot between two places, both inclusive; with random pivots no input is slow
     */
    public void sort(double[][] axes, IntBinaryOperator pivot) {
        for (int node = 1; node < firstLeaf; node++) {
            int longest = 0;
            double length = -1;
            for (int axis = 0; axis < dimensions; axis++) {
                double side = side(axes[axis], begin[node], end[node]);
                if (side > length) {
                    longest = axis;
                    length = side;
                }
            }
            split(axes[longest], begin[node], end[node] - 1, end[2 * node], pivot);
        }
    }

    private double side(double[] axis, int from, int to) {
        double least = Double.POSITIVE_INFINITY;
        double most = Double.NEGATIVE_INFINITY;
        for (int place = from; place < to; place++) {
            least = Math.min(least, axis[rowAt[place]]);
            most = Math.max(most, axis[rowAt[place]]);
        }
        return most - least;
    }

    /** Hoare's quickselect: afterwards no row before the middle is greater than one after it. */
    private void split(double[] axis, int first, int last, int middle, IntBinaryOperator pivot) {
        int from = first;
        int to = last;
        while (from < to) {
            double value = axis[rowAt[pivot.applyAsInt(from, to)]];
            int i = from;
            int j = to;
            while (i <= j) {
                while (axis[rowAt[i]] < value) {
                    i++;
                }
                while (axis[rowAt[j]] > value) {
                    j--;
                }
                if (i <= j) { // equal values are swapped too, which splits many of them in halves
                    int row = rowAt[i];
                    rowAt[i++] = rowAt[j];
                    rowAt[j--] = row;
                }
            }
            if (middle <= j) {
                to = j;
            } else if (middle >= i) {
                from = i;
            } else {
                return;
            }
        }
    }

    /** Sets the rows' coordinates, {@code [dimensions][n]}. */
    public void place(double[][] axes) {
        for (int axis = 0; axis < dimensions; axis++) {
            double[] column = axes[axis];
            for (int place = 0; place < rowAt.length; place++) {
                values[place * dimensions + axis] = column[rowAt[place]];
            }
            for (int node = begin.length - 1; node > 0; node--) {
                surround(node, axis);
            }
        }
    }

    private void surround(int node, int axis) {
        double least = Double.POSITIVE_INFINITY;
        double most = Double.NEGATIVE_INFINITY;
        if (isLeaf(node)) {
            for (int place = begin[node]; place < end[node]; place++) {
                least = Math.min(least, values[place * dimensions + axis]);
                most = Math.max(most, values[place * dimensions + axis]);
            }
        } else {
            int left = 2 * node * dimensions + axis;
            least = Math.min(low[left], low[left + dimensions]);
            most = Math.max(high[left], high[left + dimensions]);
        }
        low[node * dimensions + axis] = least;
        high[node * dimensions + axis] = most;
    }

    /** Number of rows. */
    public int size() {
        return rowAt.length;
    }

    /** The row at a place. */
    public int rowAt(int place) {
        return rowAt[place];
    }

    /** A coordinate of the row at a place. */
    public double get(int place, int axis) {
        return values[place * dimensions + axis];
    }

    /** The largest node number plus 1. */
    public int nodes() {
        return begin.length;
    }

    /** Whether a node is a leaf. */
    public boolean isLeaf(int node) {
        return node >= firstLeaf;
    }

    /** The first place below a node. */
    public int begin(int node) {
        return begin[node];
    }

    /** The place after the last one below a node. */
    public int end(int node) {
        return end[node];
    }

    /** The smallest coordinate below a node. */
    public double low(int node, int axis) {
        return low[node * dimensions + axis];
    }

    /** The largest coordinate below a node. */
    public double high(int node, int axis) {
        return high[node * dimensions + axis];
    }

    /** The squared distance of two places; the largest double instead of infinity. */
    public double squaredDistance(int a, int b) {
        return Math.min(Euclidean.squared(values, a, values, b, dimensions), Double.MAX_VALUE);
    }

    /** Lower bound of the squared distance between a place and those below a node. */
    public double squaredGap(int place, int node) {
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
    public double squaredGapOfNodes(int a, int b) {
        int i = a * dimensions;
        int j = b * dimensions;
        double sum = 0;
        for (int axis = 0; axis < dimensions; axis++) {
            double gap = Math.max(0, Math.max(low[j + axis] - high[i + axis], low[i + axis] - high[j + axis]));
            sum += gap * gap;
        }
        return Math.min(sum, Double.MAX_VALUE);
    }

    /** Adds squared distances from a place to others until {@code least} holds the smallest ones. */
    public void nearest(int place, LeastValues least) {
        nearest(place, 1, least);
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
        int left = 2 * node;
        double leftGap = squaredGap(place, left);
        double rightGap = squaredGap(place, left + 1);
        // If both boxes are equally near, the half with the place itself goes first.
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
