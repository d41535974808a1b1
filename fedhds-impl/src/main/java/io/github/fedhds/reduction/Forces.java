package io.github.fedhds.reduction;

import io.github.fedhds.internal.Workers;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Attraction and repulsion of points in t-SNE (van der Maaten, Hinton 2008, equation 5). Each axis is an array, and the
 * inner loops add the force of one point to each point of a range: no sum runs across the loop, so it runs in vector
 * registers. A point's sum adds the others in ascending order for any range, so the number of threads changes no bit.
 */
final class Forces {
    /** Number of points whose positions and sums fit in the L1 cache. */
    private static final int BLOCK = 1024;
    /** Number of forces summed in single precision before the sum is added in double. */
    private static final int SOURCES = 256;

    private static final double FARTHEST = 1e30;

    private final int n;
    private final double[][] at;
    private final double[][] attraction;
    private final double[][] repulsion;
    private final double[] closeness;
    /** {@code [n][n]} affinities on two axes, or empty: then {@link #sparse} holds them. */
    private final float[][] dense;

    private final Affinities.Sparse sparse;
    /** Groups distant points; null: repulsion is exact. */
    private final @Nullable PlaneTree tree;

    /** Positions on two axes in single precision. */
    private final float[] x;

    private final float[] y;

    private Forces(int n, int axes, float[][] dense, Affinities.Sparse sparse, @Nullable PlaneTree tree) {
        this.n = n;
        this.dense = dense;
        this.sparse = sparse;
        this.tree = tree;
        this.at = new double[axes][n];
        this.attraction = new double[axes][n];
        this.repulsion = new double[axes][n];
        this.closeness = new double[n];
        int singles = axes == 2 && tree == null ? n : 0;
        this.x = new float[singles];
        this.y = new float[singles];
    }

    /** Attraction between all pairs; faster for few rows. */
    static Forces overAllPairs(double[] joint, int n, int axes) {
        if (axes != 2) {
            return overNeighbours(Affinities.allPairs(joint, n), n, axes, false);
        }
        float[][] dense = new float[n][n]; // HotSpot vectorises only equal indices
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < n; j++) {
                dense[i][j] = (float) joint[i * n + j];
            }
        }
        return new Forces(n, axes, dense, new Affinities.Sparse(new int[n + 1], new int[0], new double[0]), null);
    }

    /**
     * Attraction only between near rows.
     *
     * @param approximate whether to approximate the repulsion of distant points, on two axes
     */
    static Forces overNeighbours(Affinities.Sparse sparse, int n, int axes, boolean approximate) {
        return new Forces(n, axes, new float[0][], sparse, approximate && axes == 2 ? new PlaneTree(n) : null);
    }

    /** Positions {@code [axes][n]}; the caller changes them between computations. */
    double[][] positions() {
        return at;
    }

    /** Sum over the other points of affinity times closeness times difference. */
    double[] attraction(int axis) {
        return attraction[axis];
    }

    /** Sum over the other points of squared closeness times difference. */
    double[] repulsion(int axis) {
        return repulsion[axis];
    }

    /** Sum of the closeness 1 / (1 + squared distance) over all ordered pairs. */
    double totalCloseness() {
        double sum = 0;
        for (double c : closeness) {
            sum += c - 1; // without the point itself
        }
        return Math.max(sum, Double.MIN_NORMAL);
    }

    /** Divergence over the pairs that attract, with affinities that sum to the exaggeration; after {@link #compute}. */
    double divergence(double exaggeration) {
        double sum = 0;
        for (int i = 0; i < n; i++) {
            if (dense.length > 0) {
                for (int j = 0; j < n; j++) {
                    sum += i == j ? 0 : term(dense[i][j], i, j);
                }
            } else {
                for (int e = sparse.starts()[i]; e < sparse.starts()[i + 1]; e++) {
                    sum += term(sparse.values()[e], i, sparse.columns()[e]);
                }
            }
        }
        return exaggeration * (sum + Math.log(exaggeration) + Math.log(totalCloseness()));
    }

    private double term(double p, int i, int j) {
        double square = 1;
        for (double[] axis : at) {
            square += (axis[i] - axis[j]) * (axis[i] - axis[j]);
        }
        return p * Math.log(p * square);
    }

    /** Computes the forces on all points. */
    void compute(Workers workers) {
        if (tree != null) {
            tree.place(at);
        }
        for (int i = 0; i < x.length; i++) {
            x[i] = single(at[0][i]);
            y[i] = single(at[1][i]);
        }
        workers.run(n, this::compute);
    }

    private void compute(int from, int to) {
        if (tree != null) {
            tree.repel(from, to, repulsion, closeness);
            attractOnPlane(from, to, at[0], at[1], attraction[0], attraction[1]);
            return;
        }
        for (int start = from; start < to; start += BLOCK) {
            computeBlock(start, Math.min(to, start + BLOCK));
        }
    }

    private void computeBlock(int from, int to) {
        Arrays.fill(closeness, from, to, 0);
        for (int a = 0; a < at.length; a++) {
            Arrays.fill(repulsion[a], from, to, 0);
            Arrays.fill(attraction[a], from, to, 0);
        }
        if (at.length != 2) {
            double[] squares = new double[to - from];
            for (int i = 0; i < n; i++) {
                repel(i, from, to, squares);
            }
            attract(from, to);
            return;
        }
        // Arrays of this call alone avoid false sharing between threads.
        float[] blockX = Arrays.copyOfRange(x, from, to);
        float[] blockY = Arrays.copyOfRange(y, from, to);
        float[] sumX = new float[to - from];
        float[] sumY = new float[to - from];
        float[] sum = new float[to - from];
        for (int first = 0; first < n; first += SOURCES) {
            int end = Math.min(n, first + SOURCES);
            for (int i = first; i < end; i++) {
                repelOnPlane(x[i], y[i], blockX, blockY, sumX, sumY, sum);
            }
            add(sumX, 0, repulsion[0], from, to - from);
            add(sumY, 0, repulsion[1], from, to - from);
            add(sum, 0, closeness, from, to - from);
            if (dense.length > 0) {
                for (int i = first; i < end; i++) {
                    attractOnPlane(x[i], y[i], blockX, blockY, sumX, sumY, dense[i], from);
                }
                add(sumX, 0, attraction[0], from, to - from);
                add(sumY, 0, attraction[1], from, to - from);
            }
        }
        if (dense.length == 0) {
            attractOnPlane(from, to, at[0], at[1], attraction[0], attraction[1]);
        }
    }

    /** In single precision, clipped to stay finite even if far too large steps moved a point out of range. */
    static float single(double position) {
        return (float) Math.max(-FARTHEST, Math.min(FARTHEST, position));
    }

    /** Adds sums in single precision to sums in double, and sets the single ones to zero. */
    static void add(float[] singles, int first, double[] sums, int from, int count) {
        for (int j = 0; j < count; j++) {
            sums[from + j] += singles[first + j];
            singles[first + j] = 0;
        }
    }

    /** One point repels others. HotSpot unrolls and vectorises this short body, but not one with two points at once. */
    private static void repelOnPlane(
            float ownX, float ownY, float[] x, float[] y, float[] fx, float[] fy, float[] sum) {
        for (int j = 0; j < x.length; j++) {
            float dx = x[j] - ownX;
            float dy = y[j] - ownY;
            float q = 1 / (1 + dx * dx + dy * dy);
            sum[j] += q;
            fx[j] += q * q * dx;
            fy[j] += q * q * dy;
        }
    }

    /** One point attracts others, by its affinities from an index on. */
    private static void attractOnPlane(
            float ownX, float ownY, float[] x, float[] y, float[] fx, float[] fy, float[] p, int from) {
        for (int j = 0; j < x.length; j++) {
            float dx = x[j] - ownX;
            float dy = y[j] - ownY;
            float weight = p[from + j] / (1 + dx * dx + dy * dy);
            fx[j] += weight * dx;
            fy[j] += weight * dy;
        }
    }

    /** Neighbours attract the points of a range. */
    private void attractOnPlane(int from, int to, double[] x, double[] y, double[] fx, double[] fy) {
        int[] starts = sparse.starts();
        int[] columns = sparse.columns();
        double[] p = sparse.values();
        for (int i = from; i < to; i++) {
            double ownX = x[i];
            double ownY = y[i];
            double sumX = 0;
            double sumY = 0;
            for (int e = starts[i]; e < starts[i + 1]; e++) {
                double dx = ownX - x[columns[e]];
                double dy = ownY - y[columns[e]];
                double weight = p[e] / (1 + dx * dx + dy * dy);
                sumX += weight * dx;
                sumY += weight * dy;
            }
            fx[i] = sumX;
            fy[i] = sumY;
        }
    }

    /** Repulsion on any number of axes. */
    private void repel(int i, int from, int to, double[] squares) {
        Arrays.fill(squares, 1);
        for (double[] axis : at) {
            double own = axis[i];
            for (int j = from; j < to; j++) {
                double difference = axis[j] - own;
                squares[j - from] += difference * difference;
            }
        }
        for (int j = from; j < to; j++) {
            double q = 1 / squares[j - from];
            closeness[j] += q;
            squares[j - from] = q * q;
        }
        for (int a = 0; a < at.length; a++) {
            double[] axis = at[a];
            double[] force = repulsion[a];
            double own = axis[i];
            for (int j = from; j < to; j++) {
                force[j] += squares[j - from] * (axis[j] - own);
            }
        }
    }

    private void attract(int from, int to) {
        for (int i = from; i < to; i++) {
            for (int e = sparse.starts()[i]; e < sparse.starts()[i + 1]; e++) {
                int j = sparse.columns()[e];
                double square = 1;
                for (double[] axis : at) {
                    square += (axis[i] - axis[j]) * (axis[i] - axis[j]);
                }
                for (int a = 0; a < at.length; a++) {
                    attraction[a][i] += sparse.values()[e] / square * (at[a][i] - at[a][j]);
                }
            }
        }
    }
}
