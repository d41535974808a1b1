package io.github.fedhds.fusion;

import io.github.fedhds.feature.FeatureMatrix;
import io.github.fedhds.feature.Points;
import io.github.fedhds.round.RoundContext;
import java.util.function.UnaryOperator;

/**
 * Places long feature rows on few axes, such that alike rows lie near. Clients run it on their own rows; server and
 * clients must agree on the number of axes, {@link #dimensions}.
 *
 * <p>A lambda gives points of 2 coordinates, or says with {@link #of} how many it gives. Equal rows should get exactly
 * equal points: points that differ by rounding alone look like groups to a clustering by density.
 */
@FunctionalInterface
public interface Fusion {
    /**
     * Gives a point for each row, in the order of the rows.
     *
     * @param features {@code [n, columns]}; n may be 0
     * @param round the round's seed, client and settings; a fusion whose points depend on it must not be cached over
     *     rounds
     * @return {@code [n, dimensions]}, finite
     */
    Points fuse(FeatureMatrix features, RoundContext round);

    /** Coordinates of every point that {@link #fuse} gives, 1 or more; 2 by default, as the paper's t-SNE has. */
    default int dimensions() {
        return 2;
    }

    /**
     * A fusion whose points have another number of coordinates than 2.
     *
     * @param dimensions coordinates of the points that the fusion gives, 1 or more
     * @param fusion a lambda; its own number of dimensions is not looked at
     */
    static Fusion of(int dimensions, Fusion fusion) {
        return new SizedFusion(dimensions, fusion);
    }

    /**
     * This fusion on a view of the rows, as in {@code fusion.compose(FeatureMatrix::lastBlock)} for the last layer only.
     *
     * @param view takes the rows and gives as many
     */
    default Fusion compose(UnaryOperator<FeatureMatrix> view) {
        return of(dimensions(), (features, round) -> fuse(view.apply(features), round));
    }
}
