package io.github.fedhds.clustering;

import io.github.fedhds.feature.Points;
import java.util.Arrays;

/**
 * The clusters of some rows. Immutable, safe for many threads.
 *
 * @param labels {@code [n]}: the cluster of each row, from 0, or {@link #NOISE}
 * @param probabilities {@code [n]}: how strongly each row belongs to its cluster, 0 to 1; 0 for noise
 * @param centroids {@code [clusters, d]}: the mean of each cluster's rows, weighted by probability
 * @param persistence {@code [clusters]}: the density range in which each cluster exists, as a share of the largest
 *     possible range; 1 from a method without densities
 * @param spanningTreeWeight sum of the heights at which the rows merge; 0 with fewer than two rows, and from a method
 *     without a tree
 */
public record Clustering(
        int[] labels, double[] probabilities, Points centroids, double[] persistence, double spanningTreeWeight) {
    /** Label of a row in no cluster. */
    public static final int NOISE = -1;

    public Clustering {
        if (labels.length != probabilities.length) {
            throw new IllegalArgumentException("a clustering has one probability a row, was " + probabilities.length
                    + " for " + labels.length + " rows");
        }
        if (centroids.size() != persistence.length) {
            throw new IllegalArgumentException("a clustering has one persistence a cluster, was " + persistence.length
                    + " for " + centroids.size() + " clusters");
        }
        for (int i = 0; i < labels.length; i++) {
            if (labels[i] < NOISE || labels[i] >= persistence.length) {
                throw new IllegalArgumentException(
                        "label of row " + i + " must be -1 to " + (persistence.length - 1) + ", was " + labels[i]);
            }
        }
        labels = labels.clone();
        probabilities = probabilities.clone();
        persistence = persistence.clone();
    }

    /** A clustering in which every row is noise. */
    static Clustering allNoise(int rows, int dimensions, double spanningTreeWeight) {
        int[] labels = new int[rows];
        Arrays.fill(labels, NOISE);
        return new Clustering(
                labels, new double[rows], new Points(0, dimensions, new double[0]), new double[0], spanningTreeWeight);
    }

    /** Number of clusters. */
    public int clusters() {
        return persistence.length;
    }

    /** The rows of each cluster, ascending. */
    public int[][] members() {
        return members(labels, clusters());
    }

    static int[][] members(int[] labels, int clusters) {
        int[] sizes = new int[clusters];
        for (int label : labels) {
            if (label != NOISE) {
                sizes[label]++;
            }
        }
        int[][] members = new int[clusters][];
        for (int c = 0; c < members.length; c++) {
            members[c] = new int[sizes[c]];
        }
        for (int row = labels.length - 1; row >= 0; row--) {
            if (labels[row] != NOISE) {
                members[labels[row]][--sizes[labels[row]]] = row;
            }
        }
        return members;
    }

    @Override
    public int[] labels() {
        return labels.clone();
    }

    @Override
    public double[] probabilities() {
        return probabilities.clone();
    }

    @Override
    public double[] persistence() {
        return persistence.clone();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Clustering that
                && spanningTreeWeight == that.spanningTreeWeight
                && Arrays.equals(labels, that.labels)
                && Arrays.equals(probabilities, that.probabilities)
                && Arrays.equals(persistence, that.persistence)
                && centroids.equals(that.centroids);
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(labels) + centroids.hashCode();
    }

    @Override
    public String toString() {
        return "Clustering[" + labels.length + " rows, " + clusters() + " clusters]";
    }
}
