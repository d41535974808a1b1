package io.github.fedhds.clustering;

import java.util.Arrays;
import java.util.SplittableRandom;

/** One start of k-means: seeds, then assignments and means in turn. Coordinates must be 1 or less. Not thread-safe. */
final class Lloyd {
    private final Coordinates rows;
    private final int dimensions;
    private final double[] means;
    private final int clusters;
    private final int[] label;
    private final double[] distance; // squared distance of a row to its cluster's mean
    private final int[] size;

    /** Draws 1 to k seeds, each row with probability proportional to its squared distance from earlier seeds. */
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
                distance[row] = Math.min(distance[row], rows.squaredDistance(row, means, seeds));
            }
            seeds++;
        }
        clusters = seeds;
        size = new int[clusters];
    }

    /** A row that is not yet a seed; -1 if every row coincides with a seed. */
    private int draw(SplittableRandom random) {
        double total = 0;
        for (double d : distance) {
            total += d;
        }
        int drawn = -1;
        double left = random.nextDouble() * total;
        for (int row = 0; row < distance.length; row++) {
            if (distance[row] > 0) {
                drawn = row; // rounding may leave a remainder: then the last such row
                left -= distance[row];
                if (left < 0) {
                    break;
                }
            }
        }
        return drawn;
    }

    /** Iterates until no row changes its cluster. */
    void run(int iterations) {
        for (int i = 0; i < iterations && assign(); i++) {
            average();
        }
        for (int row = 0; row < label.length; row++) {
            distance[row] = rows.squaredDistance(row, means, label[row]);
        }
    }

    /** Assigns each row to its nearest mean, the first on a tie; true if any row changed its cluster. */
    private boolean assign() {
        boolean changed = false;
        Arrays.fill(size, 0);
        for (int row = 0; row < label.length; row++) {
            int nearest = 0;
            double least = rows.squaredDistance(row, means, 0);
            for (int c = 1; c < clusters; c++) {
                double other = rows.squaredDistance(row, means, c);
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
     * Gives an empty cluster the row farthest from its mean, together with all rows equal to it. Rows whose cluster
     * holds no other point stay where they are.
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

    /** Whether a row's cluster holds only rows equal to it. */
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

    /** Sum of the squared distances of all rows from their clusters' means. */
    double squares() {
        double sum = 0;
        for (double d : distance) {
            sum += d;
        }
        return sum;
    }

    /** Number of clusters; none is empty. */
    int clusters() {
        return clusters;
    }

    /** The cluster of each row; a copy. */
    int[] labels() {
        return label.clone();
    }

    /** The mean of a cluster; a copy. */
    double[] mean(int cluster) {
        return Arrays.copyOfRange(means, cluster * dimensions, (cluster + 1) * dimensions);
    }
}
