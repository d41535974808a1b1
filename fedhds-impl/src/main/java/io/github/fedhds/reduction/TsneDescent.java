package io.github.fedhds.reduction;

import io.github.fedhds.internal.Workers;
import java.util.Arrays;
import java.util.function.Consumer;

/**
 * Gradient descent of t-SNE with momentum and gains (van der Maaten, Hinton 2008, section 3.4; gains of Jacobs 1988),
 * with the steps of scikit-learn. After {@link #SETTLED} iterations it may stop on a plateau. Used once.
 */
final class TsneDescent {
    /** Iterations with exaggerated affinities and the low momentum. */
    static final int EXPLORATION = 250;

    private static final int WITHOUT_PROGRESS = 300;
    private static final int CHECK_EVERY = 50;
    private static final double MIN_GAIN = 0.01;
    private static final double MIN_GRADIENT = 1e-7;
    /** Before this iteration slow progress is not a plateau: after the exploration the divergence may rise at first. */
    static final int SETTLED = 500;

    private final Forces forces;
    private final int n;
    private final double explorationRate;
    private final double learningRate;
    private final double leastProgress;
    private final Workers workers;
    private final Consumer<TsneProgress> listener;
    /** Position, last step and gain of each point, axis by axis. */
    private final double[][] at;

    private final double[][] step;
    private final double[][] gain;

    /** With one step size, and without a stop on a plateau. */
    TsneDescent(Forces forces, double[] start, double learningRate, Workers workers, Consumer<TsneProgress> listener) {
        this(forces, start, learningRate, learningRate, 0, workers, listener);
    }

    /**
     * Starts from given positions.
     *
     * @param start {@code [n, axes]}
     * @param explorationRate step size during exaggeration
     * @param learningRate step size afterwards
     * @param leastProgress minimum relative decrease of the divergence between checks; 0: no stop on a plateau
     */
    TsneDescent(
            Forces forces,
            double[] start,
            double explorationRate,
            double learningRate,
            double leastProgress,
            Workers workers,
            Consumer<TsneProgress> listener) {
        this.forces = forces;
        this.explorationRate = explorationRate;
        this.leastProgress = leastProgress;
        this.at = forces.positions();
        int axes = at.length;
        this.n = at[0].length;
        this.learningRate = learningRate;
        this.workers = workers;
        this.listener = listener;
        this.step = new double[axes][n];
        this.gain = new double[axes][n];
        for (int i = 0; i < n; i++) {
            for (int a = 0; a < axes; a++) {
                at[a][i] = start[i * axes + a];
            }
        }
    }

    /** Both stages: exaggerated with momentum 0.5, then plain with 0.8. Returns {@code [n, axes]}. */
    double[] run(int iterations, double exaggeration) {
        int end = Math.min(iterations, EXPLORATION);
        int last = stage(0, end, iterations, exaggeration, explorationRate, 0.5, EXPLORATION);
        if (last + 1 < iterations) {
            stage(last + 1, iterations, iterations, 1, learningRate, 0.8, WITHOUT_PROGRESS);
        }
        double[] points = new double[n * at.length];
        for (int i = 0; i < n; i++) {
            for (int a = 0; a < at.length; a++) {
                points[i * at.length + a] = at[a][i];
            }
        }
        return points;
    }

    private int stage(
            int first, int end, int iterations, double exaggeration, double rate, double momentum, int patience) {
        for (int a = 0; a < at.length; a++) {
            Arrays.fill(step[a], 0);
            Arrays.fill(gain[a], 1);
        }
        double best = Double.MAX_VALUE;
        int bestAt = first;
        for (int iteration = first; iteration < end; iteration++) {
            boolean check = (iteration + 1) % CHECK_EVERY == 0;
            workers.checkInterrupt("t-SNE was interrupted after " + iteration + " of " + iterations
                    + " iterations; nothing of it is kept");
            forces.compute(workers);
            double z = forces.totalCloseness();
            double divergence = check ? forces.divergence(exaggeration) : 0;
            double square = move(exaggeration, z, rate, momentum);
            if (check) {
                listener.accept(new TsneProgress(iteration + 1, iterations, divergence, Math.sqrt(square)));
                if (divergence < best) {
                    if (iteration >= SETTLED && best - divergence < leastProgress * divergence) {
                        return iteration;
                    }
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

    private double move(double exaggeration, double z, double rate, double momentum) {
        double square = 0;
        for (int a = 0; a < at.length; a++) {
            double[] y = at[a];
            double[] attraction = forces.attraction(a);
            double[] repulsion = forces.repulsion(a);
            double[] v = step[a];
            double[] g = gain[a];
            for (int i = 0; i < n; i++) {
                double gradient = 4 * (exaggeration * attraction[i] - repulsion[i] / z);
                g[i] = Math.max(v[i] * gradient < 0 ? g[i] + 0.2 : g[i] * 0.8, MIN_GAIN);
                gradient *= g[i];
                square += gradient * gradient;
                v[i] = momentum * v[i] - rate * gradient;
                y[i] += v[i];
            }
        }
        return square;
    }
}
