package io.github.fedhds.fusion;

import java.util.Arrays;

/**
 * How near rows are to one another, as joint probabilities of pairs (van der Maaten, Hinton 2008, equation 1 and section
 * 3.1), step by step as scikit-learn's exact method computes them.
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
     * @return {@code [n, n]}, symmetric, zero on the diagonal, the rest adds up to 1 and is at least 2.2e-16
     */
    static double[] joint(float[] distances, int n, double perplexity, Workers workers) {
        double[] p = new double[n * n];
        double entropy = Math.log((float) perplexity);
        workers.run((from, to) -> {
            for (int i = from; i < to; i++) {
                conditional(distances, i, n, entropy, p);
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

    /** Row i: bisects the Gaussian's precision until the row's entropy is the wanted one. */
    private static void conditional(float[] distances, int i, int n, double wanted, double[] p) {
        double least = Double.NEGATIVE_INFINITY;
        double most = Double.POSITIVE_INFINITY;
        double beta = 1;
        int at = i * n;
        for (int step = 0; step < SEARCH_STEPS; step++) {
            double sum = 0;
            double weighted = 0;
            for (int j = 0; j < n; j++) {
                if (j != i) {
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
            for (int j = 0; j < n; j++) {
                p[at + j] /= sum;
            }
            double difference = Math.log(sum) + beta * weighted / sum - wanted;
            if (Math.abs(difference) <= ENTROPY_TOLERANCE) {
                return;
            }
            if (difference > 0) {
                least = beta;
                beta = most == Double.POSITIVE_INFINITY ? beta * 2 : (beta + most) / 2;
            } else {
                most = beta;
                beta = least == Double.NEGATIVE_INFINITY ? beta / 2 : (beta + least) / 2;
            }
        }
    }

    /**
     * Affinities between neighbours only, row after row: of a symmetric matrix the pairs in which one is among the other's
     * nearest, scaled to add up to 1.
     *
     * @param starts {@code [n + 1]}: row i lies from {@code starts[i]} to before {@code starts[i + 1]}
     * @param columns the neighbour's row, rising within a row
     * @param values the affinity
     */
    record Sparse(int[] starts, int[] columns, double[] values) {}

    /** Keeps each row's {@code neighbours} largest affinities, and those of the rows that count it among theirs. */
    static Sparse sparse(double[] joint, int n, int neighbours) {
        double[] least = new double[n]; // affinity of the last neighbour that counts
        for (int i = 0; i < n; i++) {
            double[] sorted = Arrays.copyOfRange(joint, i * n, (i + 1) * n);
            Arrays.sort(sorted);
            least[i] = neighbours >= n - 1 ? 0 : sorted[n - neighbours];
        }
        int[] starts = new int[n + 1];
        for (int i = 0; i < n; i++) {
            int count = 0;
            for (int j = 0; j < n; j++) {
                count += kept(joint[i * n + j], i, j, least) ? 1 : 0;
            }
            starts[i + 1] = Math.addExact(starts[i], count);
        }
        int[] columns = new int[starts[n]];
        double[] values = new double[starts[n]];
        double sum = 0;
        int at = 0;
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < n; j++) {
                if (kept(joint[i * n + j], i, j, least)) {
                    columns[at] = j;
                    values[at] = joint[i * n + j];
                    sum += values[at++];
                }
            }
        }
        for (int e = 0; e < values.length; e++) {
            values[e] /= sum;
        }
        return new Sparse(starts, columns, values);
    }

    private static boolean kept(double affinity, int i, int j, double[] least) {
        return i != j && (affinity >= least[i] || affinity >= least[j]);
    }

    /**
     * Kullback-Leibler divergence of the map's affinities from the rows', over all pairs.
     *
     * @param joint {@code [n, n]}
     * @param points {@code [n, dimensions]}
     */
    static double divergence(double[] joint, double[] points, int n, int dimensions) {
        double sum = 0;
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < i; j++) {
                sum += 2 * closeness(points, i, j, dimensions);
            }
        }
        double divergence = 0;
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < i; j++) {
                double q = Math.max(closeness(points, i, j, dimensions) / sum, MACHINE_EPSILON);
                double p = joint[i * n + j];
                divergence += 2 * p * Math.log(Math.max(p, MACHINE_EPSILON) / q);
            }
        }
        return divergence;
    }

    private static double closeness(double[] points, int i, int j, int dimensions) {
        double square = 0;
        for (int c = 0; c < dimensions; c++) {
            double difference = points[i * dimensions + c] - points[j * dimensions + c];
            square += difference * difference;
        }
        return 1 / (1 + square);
    }
}
