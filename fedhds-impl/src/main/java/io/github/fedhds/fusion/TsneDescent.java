package io.github.fedhds.fusion;

import java.util.Arrays;

/**
 * Gradient descent of t-SNE with momentum and gains (van der Maaten, Hinton 2008, section 3.4; the gains are Jacobs 1988),
 * as scikit-learn steps it. One axis is one array, so that the loops over points run in vector registers. Used once, by one
 * caller.
 */
final class TsneDescent {
    /** Iterations with exaggerated affinities and the low momentum. */
    static final int EXPLORATION = 250;

    private static final int WITHOUT_PROGRESS = 300;
    private static final int CHECK_EVERY = 50;
    private static final double MIN_GAIN = 0.01;
    private static final double MIN_GRADIENT = 1e-7;

    private final Affinities.Sparse affinities;
    private final int n;
    private final double learningRate;
    private final Workers workers;
    /** Position, attraction, repulsion, last step and gain of each point, axis by axis. */
    private final double[][] at;

    private final double[][] attraction;
    private final double[][] repulsion;
    private final double[][] step;
    private final double[][] gain;
    /** Sum of each point's closeness to all, itself included. */
    private final double[] closeness;
    /** Each point's part of the divergence, where it is asked for. */
    private final double[] logarithms;

    TsneDescent(Affinities.Sparse affinities, double[] start, int n, int axes, double learningRate, Workers workers) {
        this.affinities = affinities;
        this.n = n;
        this.learningRate = learningRate;
        this.workers = workers;
        this.at = new double[axes][n];
        this.attraction = new double[axes][n];
        this.repulsion = new double[axes][n];
        this.step = new double[axes][n];
        this.gain = new double[axes][n];
        this.closeness = new double[n];
        this.logarithms = new double[n];
        for (int i = 0; i < n; i++) {
            for (int a = 0; a < axes; a++) {
                at[a][i] = start[i * axes + a];
            }
        }
    }

    /** Both stages: exaggerated with momentum 0.5, then plain with 0.8. Gives {@code [n, axes]}. */
    double[] run(int iterations, double exaggeration) {
        int last = stage(0, Math.min(iterations, EXPLORATION), exaggeration, 0.5, EXPLORATION);
        if (last + 1 < iterations) {
            stage(last + 1, iterations, 1, 0.8, WITHOUT_PROGRESS);
        }
        double[] points = new double[n * at.length];
        for (int i = 0; i < n; i++) {
            for (int a = 0; a < at.length; a++) {
                points[i * at.length + a] = at[a][i];
            }
        }
        return points;
    }

    private int stage(int first, int end, double exaggeration, double momentum, int patience) {
        for (int a = 0; a < at.length; a++) {
            Arrays.fill(step[a], 0);
            Arrays.fill(gain[a], 1);
        }
        double best = Double.MAX_VALUE;
        int bestAt = first;
        for (int iteration = first; iteration < end; iteration++) {
            boolean check = (iteration + 1) % CHECK_EVERY == 0;
            workers.run((from, to) -> {
                repel(from, to);
                attract(from, to, check);
            });
            double z = Math.max(Arrays.stream(closeness).sum() - n, Double.MIN_NORMAL);
            double divergence = check ? divergence(exaggeration, z) : 0;
            double square = move(exaggeration, z, momentum);
            if (check) {
                if (divergence < best) {
                    best = divergence;
                    bestAt = iteration;
                } else if (iteration - bestAt > patience) {
                    return iteration;
                }
                if (Math.sqrt(square) <= MIN_GRADIENT) {
                    return iteration;
                }
            }
        }
        return end - 1;
    }

    /** Divergence over the kept pairs, of affinities that add up to the exaggeration. */
    private double divergence(double exaggeration, double z) {
        double sum = 0;
        for (int i = 0; i < n; i++) {
            sum += logarithms[i];
        }
        return exaggeration * (sum + Math.log(exaggeration) + Math.log(z));
    }

    private double move(double exaggeration, double z, double momentum) {
        double square = 0;
        for (int a = 0; a < at.length; a++) {
            double[] y = at[a];
            double[] v = step[a];
            double[] g = gain[a];
            for (int i = 0; i < n; i++) {
                double gradient = 4 * (exaggeration * attraction[a][i] - repulsion[a][i] / z);
                g[i] = Math.max(v[i] * gradient < 0 ? g[i] + 0.2 : g[i] * 0.8, MIN_GAIN);
                gradient *= g[i];
                square += gradient * gradient;
                v[i] = momentum * v[i] - learningRate * gradient;
                y[i] += v[i];
            }
        }
        return square;
    }

    /** Sum over neighbours of affinity times closeness times difference. */
    private void attract(int from, int to, boolean check) {
        int[] starts = affinities.starts();
        int[] columns = affinities.columns();
        double[] p = affinities.values();
        int axes = at.length;
        double[] own = new double[axes];
        double[] sum = new double[axes];
        for (int i = from; i < to; i++) {
            for (int a = 0; a < axes; a++) {
                own[a] = at[a][i];
                sum[a] = 0;
            }
            double logs = 0;
            for (int e = starts[i]; e < starts[i + 1]; e++) {
                int j = columns[e];
                double square = 1;
                for (int a = 0; a < axes; a++) {
                    double difference = own[a] - at[a][j];
                    square += difference * difference;
                }
                double weight = p[e] / square;
                for (int a = 0; a < axes; a++) {
                    sum[a] += weight * (own[a] - at[a][j]);
                }
                if (check) {
                    logs += p[e] * (Math.log(p[e]) + Math.log(square));
                }
            }
            for (int a = 0; a < axes; a++) {
                attraction[a][i] = sum[a];
            }
            logarithms[i] = logs;
        }
    }

    /** Sum over all points of squared closeness times difference, and the sum of the closeness. */
    private void repel(int from, int to) {
        Arrays.fill(closeness, from, to, 0);
        for (double[] axis : repulsion) {
            Arrays.fill(axis, from, to, 0);
        }
        if (at.length == 2) {
            int i = 0;
            for (; i + 1 < n; i += 2) {
                repelFromTwo(i, from, to, at[0], at[1], repulsion[0], repulsion[1], closeness);
            }
            if (i < n) {
                repelFrom(i, from, to, new double[to - from]);
            }
        } else {
            double[] squares = new double[to - from];
            for (int i = 0; i < n; i++) {
                repelFrom(i, from, to, squares);
            }
        }
    }

    /** Points i and i + 1 push the range: no sum runs across the loop, so it is vectorised; two share one division. */
    private static void repelFromTwo(
            int i, int from, int to, double[] x, double[] y, double[] fx, double[] fy, double[] sum) {
        double x0 = x[i];
        double y0 = y[i];
        double x1 = x[i + 1];
        double y1 = y[i + 1];
        for (int j = from; j < to; j++) {
            double dx0 = x[j] - x0;
            double dy0 = y[j] - y0;
            double dx1 = x[j] - x1;
            double dy1 = y[j] - y1;
            double s0 = 1 + dx0 * dx0 + dy0 * dy0;
            double s1 = 1 + dx1 * dx1 + dy1 * dy1;
            double inverse = 1 / (s0 * s1);
            double q0 = inverse * s1;
            double q1 = inverse * s0;
            sum[j] += q0 + q1;
            fx[j] += q0 * q0 * dx0 + q1 * q1 * dx1;
            fy[j] += q0 * q0 * dy0 + q1 * q1 * dy1;
        }
    }

    private void repelFrom(int i, int from, int to, double[] squares) {
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
            double own = at[a][i];
            double[] axis = at[a];
            double[] force = repulsion[a];
            for (int j = from; j < to; j++) {
                force[j] += squares[j - from] * (axis[j] - own);
            }
        }
    }
}
