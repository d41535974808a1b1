package io.github.fedhds.clustering;

import io.github.fedhds.feature.Points;

/** Groups rows into clusters. For the same rows, an implementation returns the same clusters, on any thread. */
@FunctionalInterface
public interface Clusterer {
    /**
     * Clusters the rows.
     *
     * @param points {@code [n, d]}; n may be 0
     * @return the clustering, in the order of the rows
     * @throws IllegalArgumentException if a coordinate is NaN or infinite; the message names the row
     */
    Clustering fit(Points points);
}
