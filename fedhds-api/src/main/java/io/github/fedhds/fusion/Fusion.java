package io.github.fedhds.fusion;

import io.github.fedhds.feature.FeatureMatrix;
import io.github.fedhds.feature.Points;
import io.github.fedhds.round.RoundContext;
import java.util.function.UnaryOperator;

/**
 * Reduces long feature rows to points of few coordinates, so that similar rows get near points. Each client runs it on its
 * own rows. Server and clients must agree on {@link #dimensions}.
 *
 * <p>A lambda returns points of 2 coordinates; use {@link #of} for another number. Equal rows should get exactly equal
 * points: density-based clustering can split points that differ only by rounding into groups.
 */
@FunctionalInterface
public interface Fusion {
    /**
     * Computes one point per row, in the order of the rows.
     *
     * @param features {@code [n, columns]}; n may be 0
     * @param round the round's seed, client and settings; do not cache points across rounds if they
     *     depend on it
     * @return {@code [n, dimensions]}, finite
     */
    Points fuse(FeatureMatrix features, RoundContext round);

    /** Number of coordinates of the points, 1 or more; 2 by default, as for t-SNE in the paper. */
    default int dimensions() {
        return 2;
    }

    /**
     * A fusion whose points do not have 2 coordinates.
     *
     * @param dimensions number of coordinates of the points, 1 or more
     * @param fusion a lambda; its {@code dimensions()} is ignored
     */
    static Fusion of(int dimensions, Fusion fusion) {
        return new SizedFusion(dimensions, fusion);
    }

    /**
     * This fusion applied to a view of the rows, for example {@code fusion.compose(FeatureMatrix::lastBlock)} to use only the
     * last layer.
     *
     * @param view returns a matrix with the same number of rows
     */
    default Fusion compose(UnaryOperator<FeatureMatrix> view) {
        return of(dimensions(), new ViewedFusion(this, view));
    }
}
