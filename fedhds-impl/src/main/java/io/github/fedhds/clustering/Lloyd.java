package io.github.fedhds.clustering;

import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * One start of k-means: seeds, then assignments and means in turn. Coordinates must be at most 1. Not safe for many
 * threads.
 */
final class Lloyd {
    private final Coordinates rows;
    private final int dimensions;
    private final double[] means;
    private final int clusters;
    private final int[] label;
    private final double[] distance; // squared distance of a row to its cluster's mean
    private final int[] size;

    /**
     * Draws up to k seeds from the rows, one or more, with probability proportional to the squared distance from
     * earlier seeds.
     */
    Lloyd(Coordinates rows, int k, SplittableRandom random) {
        this.rows = rows;
        dimensions = rows.dimensions();
        int n = rows.size();
        int most = Math.min(k, n);
        means = new double[most * dimensions];
        label = new int[n];
        Arrays.fill(label, Clustering.NOISE);
        distance = new double[n];
        Arrays.fill(distance, Double.POSITIVE_INFINITY);
        int seeds = 0;
        for (int seed = random.nextInt(n); seed >= 0 && seeds < most; seed = draw(random)) {
            for (int axis = 0; axis < dimensions; axis++) {
                means[seeds * dimensions + axis] = rows.get(seed, axis);
            }
            for (int row = 0; row < n; row++) {
                distance[row] = Math.min(distance[row], squaredDistance(row, seeds));
            }
            seeds++;
        }
        clusters = seeds;
        size = new int[clusters];
    }

    /** A row that is not yet a seed; -1 if every row coincides with one. */
    private int draw(SplittableRandom random) {
        double total = 0;
        for (double d : distance) {
            total += d;
        }
        int drawn = -1;
        double left = random.nextDouble() * total;
        for (int row = 0; row < distance.length; row++) {
            if (distance[row] > 0) {
                drawn = row; // the last such row if rounding leaves a rest
                left -= distance[row];
                if (left < 0) {
                    break;
                }
            }
        }
        return drawn;
    }

    private double squaredDistance(int row, int cluster) {
        double sum = 0;
        for (int axis = 0; axis < dimensions; axis++) {
            double difference = rows.get(row, axis) - means[cluster * dimensions + axis];
            sum += difference * difference;
        }
        return sum;
    }

    /** Iterates until no row changes its cluster, at most {@code iterations} times. */
    void run(int iterations) {
        for (int i = 0; i < iterations && assign(); i++) {
            average();
        }
        for (int row = 0; row < label.length; row++) {
            distance[row] = squaredDistance(row, label[row]);
        }
    }

    /** Assigns each row to its nearest mean, the first among equals; returns whether any changed. */
    private boolean assign() {
        boolean changed = false;
        Arrays.fill(size, 0);
        for (int row = 0; row < label.length; row++) {
            int nearest = 0;
            double least = squaredDistance(row, 0);
            for (int c = 1; c < clusters; c++) {
                double other = squaredDistance(row, c);
                if (other < least) {
                    nearest = c;
                    least = other;
                }
            }
            changed |= label[row] != nearest;
            label[row] = nearest;
            distance[row] = least;
            size[nearest]++;
        }
        for (int c = 0; c < clusters; c++) {
            if (size[c] == 0) {
                fill(c);
                changed = true;
            }
        }
        return changed;
    }

    /**
     * Gives an empty cluster the row farthest from its mean, with all rows equal to it, so that equal rows stay
     * together. Clusters of equal rows only are skipped.
     */
    private void fill(int cluster) {
        int farthest = -1;
        for (int row = 0; row < label.length; row++) {
            if ((farthest < 0 || distance[row] > distance[farthest]) && !alone(row)) {
                farthest = row;
            }
        }
        int from = label[farthest];
        for (int row = 0; row < label.length; row++) {
            if (label[row] == from && rows.squaredDistance(row, farthest) == 0) {
                size[from]--;
                label[row] = cluster;
                size[cluster]++;
                distance[row] = 0;
            }
        }
    }

    /** Whether all rows of a row's cluster are equal to it. */
    private boolean alone(int row) {
        for (int other = 0; other < label.length; other++) {
            if (label[other] == label[row] && rows.squaredDistance(other, row) > 0) {
                return false;
            }
        }
        return true;
    }

    private void average() {
        Arrays.fill(means, 0);
        for (int row = 0; row < label.length; row++) {
            for (int axis = 0; axis < dimensions; axis++) {
                means[label[row] * dimensions + axis] += rows.get(row, axis);
            }
        }
        for (int c = 0; c < clusters; c++) {
            for (int axis = 0; axis < dimensions; axis++) {
                means[c * dimensions + axis] /= size[c];
            }
        }
    }

    /** Sum of the squared distances of all rows from their means. */
    double squares() {
        double sum = 0;
        for (double d : distance) {
            sum += d;
        }
        return sum;
    }

    /** Number of clusters, none of them empty. */
    int clusters() {
        return clusters;
    }

    /** One label per row; a copy. */
    int[] labels() {
        return label.clone();
    }

    /** The mean of a cluster; a copy. */
    double[] mean(int cluster) {
        return Arrays.copyOfRange(means, cluster * dimensions, (cluster + 1) * dimensions);
    }
}
