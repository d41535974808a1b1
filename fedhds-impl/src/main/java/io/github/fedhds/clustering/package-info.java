/** Steps 4 and 5 of a round: HDBSCAN, or k-means, and centroids. Takes coordinates, hands groups to {@code selection}. ELKI is met here only. */
@NullMarked
package io.github.fedhds.clustering;

import org.jspecify.annotations.NullMarked;
