package io.github.fedhds.clustering;

import io.github.fedhds.feature.Points;

/** Sorts rows into clusters. Given the same rows, an implementation gives the same clusters, in any thread. */
@FunctionalInterface
public interface Clusterer {
    /**
     * Clusters the rows.
     *
     * @param points {@code [n, d]}; n may be 0
     * @return labels and what belongs to them, in the order of the rows
     * @throws IllegalArgumentException if a coordinate is NaN or infinite; the message names the row
     */
    Clustering fit(Points points);
}
