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

    /** The text of the fusion inside, which the number of coordinates does not change. */
    @Override
    public String toString() {
        return text(fusion);
    }

    /** A fusion by its class and settings; a lambda has an address, which differs in each process, so it is left out. */
    static String text(Fusion fusion) {
        Class<?> type = fusion.getClass();
        boolean named = !type.isSynthetic() && !type.isHidden() && !type.isAnonymousClass();
        if (!named || !type.getName().startsWith("io.github.fedhds.")) {
            return "the application's own";
        }
        String text = fusion.toString();
        return text.startsWith(type.getName() + "@") ? type.getSimpleName() : text;
    }
}
