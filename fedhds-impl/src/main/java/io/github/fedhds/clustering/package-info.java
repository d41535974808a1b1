/**
 * Steps 4 and 5 of a round: HDBSCAN or k-means, and centroids. Input: coordinates; output: groups for {@code
 * selection}.
 */
@NullMarked
package io.github.fedhds.clustering;

import org.jspecify.annotations.NullMarked;
