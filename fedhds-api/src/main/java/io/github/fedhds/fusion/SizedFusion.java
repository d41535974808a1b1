package io.github.fedhds.fusion;

import io.github.fedhds.feature.FeatureMatrix;
import io.github.fedhds.feature.Points;
import io.github.fedhds.round.RoundContext;

/** A fusion with a given number of coordinates. */
record SizedFusion(int dimensions, Fusion fusion) implements Fusion {
    SizedFusion {
        if (dimensions < 1) {
            throw new IllegalArgumentException("dimensions of a fusion must be 1 or more, was " + dimensions);
        }
    }

    @Override
    public Points fuse(FeatureMatrix features, RoundContext round) {
        return fusion.fuse(features, round);
    }
}
