package io.github.fedhds.clustering;

import io.github.fedhds.feature.Points;

/** Groups rows into clusters. The same rows give the same clusters, on any thread. */
@FunctionalInterface
public interface Clusterer {
    /**
     * Clusters the rows.
     *
     * @param points {@code [n, d]}; n may be 0
     * @return labels and probabilities in the order of the rows, centroids and persistence of the clusters
     * @throws IllegalArgumentException if a coordinate is NaN or infinite; the message names the row
     */
    Clustering fit(Points points);
}
