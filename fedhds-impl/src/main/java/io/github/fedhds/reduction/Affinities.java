package io.github.fedhds.reduction;

import io.github.fedhds.internal.Workers;
import java.util.Arrays;

/**
 * Affinities of rows as joint probabilities of pairs (van der Maaten, Hinton 2008, equation 1 and section 3.1),
 * computed in the same steps as scikit-learn's exact method.
 */
final class Affinities {
    private static final double ENTROPY_TOLERANCE = 1e-5;
    private static final int SEARCH_STEPS = 100;
    private static final double MACHINE_EPSILON = Math.ulp(1.0);

    private Affinities() {}

    /**
     * Joint probabilities from squared distances.
     *
     * @param distances {@code [n, n]}, symmetric
     * @param perplexity above 0
     * @return {@code [n, n]}, symmetric, zero on the diagonal; the other values sum to 1 and are at least 2.2e-16
     */
    static double[] joint(float[] distances, int n, double perplexity, Workers workers) {
        double[] p = new double[n * n];
        double entropy = Math.log((float) perplexity);
        workers.run(n, (from, to) -> {
            for (int i = from; i < to; i++) {
                conditional(distances, i * n, n, i, entropy, p);
            }
        });
        double sum = 0;
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < i; j++) {
                double both = p[i * n + j] + p[j * n + i];
                p[i * n + j] = both;
                p[j * n + i] = both;
                sum += 2 * both;
            }
        }
        double total = Math.max(sum, MACHINE_EPSILON);
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < n; j++) {
                p[i * n + j] = i == j ? 0 : Math.max(p[i * n + j] / total, MACHINE_EPSILON);
            }
        }
        return p;
    }

    /** One row, from index {@code at}: bisects the Gaussian's precision to the target entropy, and returns it. */
    private static double conditional(float[] distances, int at, int count, int self, double wanted, double[] p) {
        double least = Double.NEGATIVE_INFINITY;
        double most = Double.POSITIVE_INFINITY;
        double beta = 1;
        for (int step = 0; step < SEARCH_STEPS; step++) {
            double sum = 0;
            double weighted = 0;
            for (int j = 0; j < count; j++) {
                if (j != self) {
                    double exponent = distances[at + j] * beta;
                    double e = exponent < 745.2 ? Math.exp(-exponent) : 0;
                    p[at + j] = e;
                    sum += e;
                    weighted += distances[at + j] * e;
                }
            }
            if (sum == 0) {
                sum = 1e-8f;
            }
            for (int j = 0; j < count; j++) {
                p[at + j] /= sum;
            }
            double difference = Math.log(sum) + beta * weighted / sum - wanted;
            if (Math.abs(difference) <= ENTROPY_TOLERANCE) {
                return beta;
            }
            if (difference > 0) {
                least = beta;
                beta = most == Double.POSITIVE_INFINITY ? beta * 2 : (beta + most) / 2;
            } else {
                most = beta;
                beta = least == Double.NEGATIVE_INFINITY ? beta / 2 : (beta + least) / 2;
            }
        }
        return beta;
    }

    /**
     * Kullback-Leibler divergence of the points' affinities from the rows', over all pairs. Stores no matrix.
     *
     * @param points {@code [n, dimensions]}
     */
    static double divergence(
            SquaredDistances distances, double perplexity, double[] points, int dimensions, Workers workers) {
        int n = distances.rows();
        double entropy = Math.log((float) perplexity);
        double[] precision = new double[n];
        double[] sums = new double[n];
        double[] closenesses = new double[n];
        distances.forEachRow(workers, (i, squares) -> {
            precision[i] = conditional(squares, 0, n, i, entropy, new double[n]);
            for (int j = 0; j < n; j++) {
                if (j != i) {
                    sums[i] += Math.exp(-squares[j] * precision[i]);
                    closenesses[i] += closeness(points, i, j, dimensions);
                }
            }
            sums[i] = sums[i] == 0 ? 1e-8f : sums[i];
        });
        double total = Arrays.stream(closenesses).sum();
        double[] divergences = new double[n];
        distances.forEachRow(workers, (i, squares) -> {
            for (int j = 0; j < n; j++) {
                if (j != i) {
                    double p = Math.exp(-squares[j] * precision[i]) / sums[i]
                            + Math.exp(-squares[j] * precision[j]) / sums[j];
                    p = Math.max(p / (2.0 * n), MACHINE_EPSILON);
                    double q = Math.max(closeness(points, i, j, dimensions) / total, MACHINE_EPSILON);
                    divergences[i] += p * Math.log(p / q);
                }
            }
        });
        return Arrays.stream(divergences).sum();
    }

    private static double closeness(double[] points, int i, int j, int dimensions) {
        double square = 0;
        for (int c = 0; c < dimensions; c++) {
            double difference = points[i * dimensions + c] - points[j * dimensions + c];
            square += difference * difference;
        }
        return 1 / (1 + square);
    }

    /**
     * A sparse symmetric matrix of affinities that sum to 1, row by row: pairs in which one row is among the other's
     * nearest.
     *
     * @param starts {@code [n + 1]}: row i is from {@code starts[i]} to {@code starts[i + 1] - 1}
     * @param columns the neighbour, ascending within a row
     * @param values the affinity
     */
    record Sparse(int[] starts, int[] columns, double[] values) {}

    /** All pairs of a joint distribution. */
    static Sparse allPairs(double[] joint, int n) {
        int[] starts = new int[n + 1];
        int[] columns = new int[n * (n - 1)];
        double[] values = new double[n * (n - 1)];
        int at = 0;
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < n; j++) {
                if (i != j) {
                    columns[at] = j;
                    values[at++] = joint[i * n + j];
                }
            }
            starts[i + 1] = at;
        }
        return new Sparse(starts, columns, values);
    }

    /** Joint probabilities of neighbours, zero for other pairs: scikit-learn's default and van der Maaten 2014, 4.1. */
    static Sparse between(Neighbours near, int n, double perplexity, Workers workers) {
        int k = near.count();
        double[] p = new double[n * k];
        double entropy = Math.log((float) perplexity);
        workers.run(n, (from, to) -> {
            for (int i = from; i < to; i++) {
                conditional(near.squares(), i * k, k, -1, entropy, p);
            }
        });
        int[] starts = new int[n + 1];
        for (int j : near.rows()) {
            starts[j + 1]++;
        }
        for (int i = 0; i < n; i++) {
            starts[i + 1] = Math.addExact(starts[i + 1] + k, starts[i]);
        }
        int[] columns = new int[starts[n]];
        double[] values = new double[starts[n]];
        int[] ends = Arrays.copyOf(starts, n);
        for (int i = 0; i < n; i++) { // both directions of each pair; duplicates are added below
            for (int e = i * k; e < (i + 1) * k; e++) {
                int j = near.rows()[e];
                columns[ends[i]] = j;
                values[ends[i]++] = p[e];
                columns[ends[j]] = i;
                values[ends[j]++] = p[e];
            }
        }
        return scaled(merged(starts, columns, values));
    }

    /** Sorts each row's columns and adds the values of equal columns. In place. */
    private static Sparse merged(int[] starts, int[] columns, double[] values) {
        int n = starts.length - 1;
        int[] slot = new int[n];
        Arrays.fill(slot, -1);
        int at = 0;
        int[] kept = new int[n + 1];
        double[] sums = new double[n];
        for (int i = 0; i < n; i++) {
            int first = at;
            for (int e = starts[i]; e < starts[i + 1]; e++) {
                int j = columns[e];
                if (slot[j] != i) {
                    slot[j] = i;
                    sums[j] = 0;
                    columns[at++] = j; // at never exceeds e
                }
                sums[j] += values[e];
            }
            Arrays.sort(columns, first, at);
            for (int e = first; e < at; e++) {
                values[e] = sums[columns[e]];
            }
            kept[i + 1] = at;
        }
        return new Sparse(kept, Arrays.copyOf(columns, at), Arrays.copyOf(values, at));
    }

    private static Sparse scaled(Sparse sparse) {
        double sum = 0;
        for (double value : sparse.values()) {
            sum += value;
        }
        double total = Math.max(sum, MACHINE_EPSILON);
        for (int e = 0; e < sparse.values().length; e++) {
            sparse.values()[e] /= total;
        }
        return sparse;
    }
}
