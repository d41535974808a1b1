/** Steps 4 and 5 of a round: HDBSCAN or k-means, and centroids. Takes points, gives clusters to {@code selection}. Only this package uses ELKI. */
@NullMarked
package io.github.fedhds.clustering;

import org.jspecify.annotations.NullMarked;
