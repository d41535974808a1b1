package io.github.fedhds.examples.cli;

import io.github.fedhds.clustering.Clusterer;
import io.github.fedhds.clustering.Hdbscan;
import io.github.fedhds.clustering.KMeans;

/** How a client's samples are grouped, as the command line names it. */
public enum ClusteringName {
    /** The paper's: finds the number of groups, and leaves noise out. */
    HDBSCAN,
    /** A given number of groups; every sample is in one. */
    KMEANS;

    /** The method; number of groups and seed are those of k-means. */
    public Clusterer clusterer(int groups, long seed) {
        return switch (this) {
            case HDBSCAN -> Hdbscan.builder().build();
            case KMEANS -> KMeans.builder().clusters(groups).seed(seed).build();
        };
    }
}
