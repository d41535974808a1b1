package io.github.fedhds.reduction;

import io.github.fedhds.internal.KdTree;
import java.util.Arrays;

/**
 * Approximate repulsion in the plane, with distant points grouped (Barnes, Hut 1986; van der Maaten 2014, section 4.2)
 * by a k-d tree with leaves of up to 16 points. The nodes that repel a point are found for four leaves at once, so the
 * inner loop runs over their points and is vectorised. A node counts as one point at its centre if its box is small
 * compared to the distance from that centre to the leaves' box, or compared to 1, within which the Student kernel is
 * flat. Boxes and centres are computed for each call's positions; only the order of the points is kept for some calls,
 * which costs a little time and no accuracy.
 */
final class PlaneTree {
    private static final int LEAF_SIZE = 16;
    /** Number of leaves whose points are repelled together: up to 64 points, enough for the vector loop. */
    private static final int GROUP = 4;
    /** Number of repulsions summed in single precision before the sum is added in double. */
    private static final int SINGLE_SUMS = 256;

    private static final int CALLS_PER_ORDER = 10;
    /** Maximum squared diagonal of a node's box, as a share of 1 + squared distance. */
    private static final double OPENING = 0.6 * 0.6;

    private final int n;
    private final KdTree tree;
    /**
     * Positions, and sums of up to {@link #SINGLE_SUMS} repulsions, in the tree's order; a vector register holds twice
     * as many floats.
     */
    private final float[] x;

    private final float[] y;
    private final float[] sumX;
    private final float[] sumY;
    private final float[] sum;
    /** All sums, in the tree's order. */
    private final double[] forceX;

    private final double[] forceY;
    private final double[] closeness;
    /** Per node: squared diagonal of the box, and centre. */
    private final double[] diagonal;

    private final double[] centreX;
    private final double[] centreY;
    private int calls;

    PlaneTree(int n) {
        this.n = n;
        tree = new KdTree(n, 2, LEAF_SIZE);
        x = new float[n];
        y = new float[n];
        sumX = new float[n];
        sumY = new float[n];
        sum = new float[n];
        forceX = new double[n];
        forceY = new double[n];
        closeness = new double[n];
        diagonal = new double[tree.nodes()];
        centreX = new double[tree.nodes()];
        centreY = new double[tree.nodes()];
    }

    /** Sets new positions, {@code [2][n]}. */
    void place(double[][] at) {
        if (calls++ % CALLS_PER_ORDER == 0) {
            tree.sort(at, (from, to) -> (from + to) >>> 1);
        }
        tree.place(at);
        for (int j = 0; j < n; j++) {
            x[j] = Forces.single(tree.get(j, 0));
            y[j] = Forces.single(tree.get(j, 1));
        }
        for (int v = tree.nodes() - 1; v > 0; v--) {
            double width = tree.high(v, 0) - tree.low(v, 0);
            double height = tree.high(v, 1) - tree.low(v, 1);
            diagonal[v] = width * width + height * height;
            centre(v, 0, centreX);
            centre(v, 1, centreY);
        }
    }

    private void centre(int v, int axis, double[] centre) {
        double size = tree.end(v) - tree.begin(v);
        if (tree.isLeaf(v)) {
            double sum = 0;
            for (int j = tree.begin(v); j < tree.end(v); j++) {
                sum += tree.get(j, axis);
            }
            centre[v] = sum / size;
        } else {
            double share = (tree.end(2 * v) - tree.begin(2 * v)) / size;
            centre[v] = share * centre[2 * v] + (1 - share) * centre[2 * v + 1];
        }
    }

    /**
     * Computes the sums for the points of the groups that begin at {@code from} to {@code to - 1} in the tree's order.
     * Many threads may compute different ranges.
     *
     * @param repulsion {@code [2][n]}: squared closeness times difference, summed over all others
     * @param closenessOf closeness to all points, 1 to itself
     */
    void repel(int from, int to, double[][] repulsion, double[] closenessOf) {
        int leaves = tree.nodes() / 2;
        int groups = Math.max(1, leaves / GROUP);
        int[] stack = new int[2 * (32 - Integer.numberOfLeadingZeros(leaves))];
        for (int group = groups; group < 2 * groups; group++) {
            int first = tree.begin(group);
            if (first >= from && first < to) {
                repelGroup(group, first, tree.end(group), stack);
                for (int j = first; j < tree.end(group); j++) {
                    repulsion[0][tree.rowAt(j)] = forceX[j];
                    repulsion[1][tree.rowAt(j)] = forceY[j];
                    closenessOf[tree.rowAt(j)] = closeness[j];
                }
            }
        }
    }

    private void repelGroup(int group, int from, int to, int[] stack) {
        Arrays.fill(forceX, from, to, 0);
        Arrays.fill(forceY, from, to, 0);
        Arrays.fill(closeness, from, to, 0);
        int summed = 0;
        int height = 0;
        stack[height++] = 1;
        while (height > 0) {
            int v = stack[--height];
            double dx = Math.max(Math.max(tree.low(group, 0) - centreX[v], centreX[v] - tree.high(group, 0)), 0);
            double dy = Math.max(Math.max(tree.low(group, 1) - centreY[v], centreY[v] - tree.high(group, 1)), 0);
            int begin = tree.begin(v);
            int end = tree.end(v);
            if (diagonal[v] < OPENING * (1 + dx * dx + dy * dy)) {
                float px = Forces.single(centreX[v]);
                float py = Forces.single(centreY[v]);
                repel(end - begin, px, py, from, to, x, y, sumX, sumY, sum);
                summed++;
            } else if (!tree.isLeaf(v)) {
                stack[height++] = 2 * v + 1;
                stack[height++] = 2 * v;
            } else {
                for (int s = begin; s < end; s++) {
                    repel(1, x[s], y[s], from, to, x, y, sumX, sumY, sum);
                }
                summed += end - begin;
            }
            if (summed >= SINGLE_SUMS || height == 0) {
                Forces.add(sumX, from, forceX, from, to - from);
                Forces.add(sumY, from, forceY, from, to - from);
                Forces.add(sum, from, closeness, from, to - from);
                summed = 0;
            }
        }
    }

    /** Some points at one position repel a range; short enough for HotSpot to vectorise. */
    private static void repel(
            float mass,
            float px,
            float py,
            int from,
            int to,
            float[] x,
            float[] y,
            float[] fx,
            float[] fy,
            float[] sum) {
        for (int j = from; j < to; j++) {
            float dx = x[j] - px;
            float dy = y[j] - py;
            float q = 1 / (1 + dx * dx + dy * dy);
            float weight = mass * q;
            sum[j] += weight;
            fx[j] += weight * q * dx;
            fy[j] += weight * q * dy;
        }
    }
}
