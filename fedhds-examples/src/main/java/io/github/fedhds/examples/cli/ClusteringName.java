package io.github.fedhds.examples.cli;

import io.github.fedhds.clustering.Clusterer;
import io.github.fedhds.clustering.Hdbscan;
import io.github.fedhds.clustering.KMeans;

/** Clustering of a client's samples, by its name on the command line. */
public enum ClusteringName {
    /** The method of the paper: finds the number of groups, and leaves out noise. */
    HDBSCAN,
    /** A given number of groups; every sample is in one. */
    KMEANS;

    /** Creates the method; number of groups and seed are used only by k-means. */
    public Clusterer clusterer(int groups, long seed) {
        return switch (this) {
            case HDBSCAN -> Hdbscan.builder().build();
            case KMEANS -> KMeans.builder().clusters(groups).seed(seed).build();
        };
    }
}
