package io.github.fedhds.reduction;

import java.util.Arrays;

/**
 * Approximate repulsion in the plane, with distant points grouped (Barnes, Hut 1986; van der Maaten 2014, section 4.2).
 * A balanced k-d tree splits the points into leaves of equal size, up to one point. The nodes that repel a point are
 * found for four leaves at once, so the inner loop runs over their points and can be vectorised. A node counts as one
 * point at its centre if its box is small compared to the distance from that centre to the leaves' box, or compared to
 * 1, within which the Student kernel is flat. Boxes and centres are computed for each call's positions; only the order
 * of the points is kept for some calls, which costs a little time and no accuracy.
 */
final class PlaneTree {
    /** Maximum number of points of a leaf. */
    private static final int LEAF = 16;
    /**
     * Levels above the leaves at which the points of a node are repelled together: up to 64, enough for the vector
     * loop.
     */
    private static final int GROUP = 2;

    /** Number of forces that are summed in single precision before the sum is added in double. */
    private static final int PUSHES = 256;

    private static final int CALLS_AN_ORDER = 10;
    /** Maximum squared diagonal of a node's box, as a share of 1 + squared distance. */
    private static final double OPENING = 0.6 * 0.6;

    private final int n;
    private final int depth;
    private final int[] order;
    /** Positions in the tree's order. */
    private final double[] x;

    private final double[] y;
    /** The same, and sums of up to {@link #PUSHES} forces, in single precision: twice as many per vector register. */
    private final float[] singleX;

    private final float[] singleY;
    private final float[] sumX;
    private final float[] sumY;
    private final float[] sum;
    /** All sums, in the tree's order. */
    private final double[] pushX;

    private final double[] pushY;
    private final double[] closeness;
    /** Box, squared diagonal and centre of each node; the root is 1 and the children of v are 2v and 2v + 1. */
    private final double[] left;

    private final double[] right;
    private final double[] low;
    private final double[] high;
    private final double[] diagonal;
    private final double[] centreX;
    private final double[] centreY;
    private int calls;

    PlaneTree(int n) {
        this.n = n;
        this.depth = 32 - Integer.numberOfLeadingZeros((n - 1) / LEAF);
        this.order = new int[n];
        Arrays.setAll(order, i -> i);
        this.x = new double[n];
        this.y = new double[n];
        this.singleX = new float[n];
        this.singleY = new float[n];
        this.sumX = new float[n];
        this.sumY = new float[n];
        this.sum = new float[n];
        this.pushX = new double[n];
        this.pushY = new double[n];
        this.closeness = new double[n];
        int nodes = 2 << depth;
        this.left = new double[nodes];
        this.right = new double[nodes];
        this.low = new double[nodes];
        this.high = new double[nodes];
        this.diagonal = new double[nodes];
        this.centreX = new double[nodes];
        this.centreY = new double[nodes];
    }

    /** First point of the i-th node of a level; the node ends at the start of the next. */
    private int start(int level, int i) {
        return (int) ((long) n * i >> level);
    }

    /** Sets new positions. */
    void place(double[] px, double[] py) {
        if (calls++ % CALLS_AN_ORDER == 0) {
            split(px, py, 0, 0);
        }
        for (int j = 0; j < n; j++) {
            x[j] = px[order[j]];
            y[j] = py[order[j]];
            singleX[j] = Forces.single(x[j]);
            singleY[j] = Forces.single(y[j]);
        }
        int leaves = 1 << depth;
        for (int leaf = 0; leaf < leaves; leaf++) {
            int from = start(depth, leaf);
            int to = start(depth, leaf + 1);
            int v = leaves + leaf;
            left[v] = low[v] = Double.POSITIVE_INFINITY;
            right[v] = high[v] = Double.NEGATIVE_INFINITY;
            double sumX = 0;
            double sumY = 0;
            for (int j = from; j < to; j++) {
                left[v] = Math.min(left[v], x[j]);
                right[v] = Math.max(right[v], x[j]);
                low[v] = Math.min(low[v], y[j]);
                high[v] = Math.max(high[v], y[j]);
                sumX += x[j];
                sumY += y[j];
            }
            finish(v, sumX / (to - from), sumY / (to - from));
        }
        for (int level = depth - 1; level >= 0; level--) {
            for (int i = 0; i < 1 << level; i++) {
                int v = (1 << level) + i;
                int a = 2 * v;
                left[v] = Math.min(left[a], left[a + 1]);
                right[v] = Math.max(right[a], right[a + 1]);
                low[v] = Math.min(low[a], low[a + 1]);
                high[v] = Math.max(high[a], high[a + 1]);
                double first = start(level + 1, 2 * i + 1) - start(level, i);
                double share = first / (start(level, i + 1) - start(level, i));
                finish(
                        v,
                        share * centreX[a] + (1 - share) * centreX[a + 1],
                        share * centreY[a] + (1 - share) * centreY[a + 1]);
            }
        }
    }

    private void finish(int v, double cx, double cy) {
        double width = right[v] - left[v];
        double height = high[v] - low[v];
        diagonal[v] = width * width + height * height;
        centreX[v] = cx;
        centreY[v] = cy;
    }

    /** Orders the points of a node so that each child has one side of its longer axis. */
    private void split(double[] px, double[] py, int level, int i) {
        if (level == depth) {
            return;
        }
        int from = start(level, i);
        int to = start(level, i + 1);
        double[] key = spread(px, from, to) >= spread(py, from, to) ? px : py;
        select(key, from, to - 1, start(level + 1, 2 * i + 1));
        split(px, py, level + 1, 2 * i);
        split(px, py, level + 1, 2 * i + 1);
    }

    private double spread(double[] key, int from, int to) {
        double least = Double.POSITIVE_INFINITY;
        double most = Double.NEGATIVE_INFINITY;
        for (int j = from; j < to; j++) {
            least = Math.min(least, key[order[j]]);
            most = Math.max(most, key[order[j]]);
        }
        return most - least;
    }

    /** Hoare's quickselect: points before the rank are not above it, points after it not below. */
    private void select(double[] key, int first, int last, int rank) {
        int from = first;
        int to = last;
        while (from < to) {
            double pivot = key[order[(from + to) >>> 1]];
            int i = from;
            int j = to;
            while (i <= j) {
                while (key[order[i]] < pivot) {
                    i++;
                }
                while (key[order[j]] > pivot) {
                    j--;
                }
                if (i <= j) {
                    int swapped = order[i];
                    order[i++] = order[j];
                    order[j--] = swapped;
                }
            }
            if (rank <= j) {
                to = j;
            } else if (rank >= i) {
                from = i;
            } else {
                return;
            }
        }
    }

    /**
     * Sums for the points of the groups that start from {@code from} to before {@code to} in the tree's order. Several
     * threads may compute ranges: each writes the sums of its groups' points.
     *
     * @param byPointX squared closeness times difference, summed over all other points
     * @param byPoint closeness summed over all points, with 1 for the point itself
     */
    void repel(int from, int to, double[] byPointX, double[] byPointY, double[] byPoint) {
        int[] stack = new int[2 * depth + 2];
        int level = Math.max(0, depth - GROUP);
        for (int i = 0; i < 1 << level; i++) {
            int first = start(level, i);
            if (first >= from && first < to) {
                int end = start(level, i + 1);
                repelGroup((1 << level) + i, first, end, stack);
                for (int j = first; j < end; j++) {
                    byPointX[order[j]] = pushX[j];
                    byPointY[order[j]] = pushY[j];
                    byPoint[order[j]] = closeness[j];
                }
            }
        }
    }

    private void repelGroup(int group, int from, int to, int[] stack) {
        Arrays.fill(pushX, from, to, 0);
        Arrays.fill(pushY, from, to, 0);
        Arrays.fill(closeness, from, to, 0);
        int pushes = 0;
        int height = 0;
        stack[height++] = 1;
        while (height > 0) {
            int v = stack[--height];
            int level = 31 - Integer.numberOfLeadingZeros(v);
            int i = v - (1 << level);
            double dx = Math.max(Math.max(left[group] - centreX[v], centreX[v] - right[group]), 0);
            double dy = Math.max(Math.max(low[group] - centreY[v], centreY[v] - high[group]), 0);
            if (diagonal[v] < OPENING * (1 + dx * dx + dy * dy)) {
                int mass = start(level, i + 1) - start(level, i);
                push(
                        mass,
                        Forces.single(centreX[v]),
                        Forces.single(centreY[v]),
                        from,
                        to,
                        singleX,
                        singleY,
                        sumX,
                        sumY,
                        sum);
                pushes++;
            } else if (level < depth) {
                stack[height++] = 2 * v + 1;
                stack[height++] = 2 * v;
            } else {
                int end = start(depth, i + 1);
                for (int s = start(depth, i); s < end; s++) {
                    push(1, singleX[s], singleY[s], from, to, singleX, singleY, sumX, sumY, sum);
                }
                pushes += end - start(depth, i);
            }
            if (pushes >= PUSHES || height == 0) {
                Forces.add(sumX, from, pushX, from, to - from);
                Forces.add(sumY, from, pushY, from, to - from);
                Forces.add(sum, from, closeness, from, to - from);
                pushes = 0;
            }
        }
    }

    /** Some points at one position repel the range; short enough for HotSpot to vectorise. */
    private static void push(
            float mass,
            float ownX,
            float ownY,
            int from,
            int to,
            float[] x,
            float[] y,
            float[] fx,
            float[] fy,
            float[] sum) {
        for (int j = from; j < to; j++) {
            float dx = x[j] - ownX;
            float dy = y[j] - ownY;
            float q = 1 / (1 + dx * dx + dy * dy);
            float weight = mass * q;
            sum[j] += weight;
            fx[j] += weight * q * dx;
            fy[j] += weight * q * dy;
        }
    }
}
