package io.github.fedhds.fusion;

import io.github.fedhds.feature.FeatureMatrix;
import io.github.fedhds.feature.Points;
import io.github.fedhds.round.RoundContext;
import java.util.function.UnaryOperator;

/** A fusion of a view of the rows. */
record ViewedFusion(Fusion fusion, UnaryOperator<FeatureMatrix> view) implements Fusion {
    @Override
    public Points fuse(FeatureMatrix features, RoundContext round) {
        return fusion.fuse(view.apply(features), round);
    }

    @Override
    public int dimensions() {
        return fusion.dimensions();
    }

    @Override
    public String toString() {
        return SizedFusion.text(fusion) + " composed with a view of the application's own";
    }
}
