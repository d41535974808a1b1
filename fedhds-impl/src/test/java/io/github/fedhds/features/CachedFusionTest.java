package io.github.fedhds.features;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.fedhds.feature.FeatureMatrix;
import io.github.fedhds.feature.Points;
import io.github.fedhds.round.RoundContext;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class CachedFusionTest {
    private final AtomicInteger calls = new AtomicInteger();

    private CachedFusion cached(long coordinates) {
        return new CachedFusion(
                (features, round) -> {
                    calls.incrementAndGet();
                    return new Points(features.rows(), 1, new double[features.rows()]);
                },
                coordinates);
    }

    private static FeatureMatrix features(int blocks, float... values) {
        return new FeatureMatrix(1, blocks, values.length / blocks, values);
    }

    @Test
    void fuse_equalFeatures_fusesOnce() {
        CachedFusion fusion = cached(10);
        Points points = fusion.fuse(features(1, 1, 2), RoundContext.first());
        assertSame(points, fusion.fuse(features(1, 1, 2), RoundContext.first()));
        assertEquals(1, calls.get());
    }

    @Test
    void fuse_anythingElse_fusesAnew() {
        CachedFusion fusion = cached(10);
        fusion.fuse(features(1, 1, 2), RoundContext.first());
        fusion.fuse(features(2, 1, 2), RoundContext.first());
        fusion.fuse(features(1, 1, Math.nextUp(2f)), RoundContext.first());
        fusion.fuse(features(1, 2, 1), RoundContext.first());
        fusion.fuse(new FeatureMatrix(2, 1, 1, new float[] {1, 2}), RoundContext.first());
        assertEquals(5, calls.get());
    }

    @Test
    void fuse_moreThanFits_forgets() {
        CachedFusion fusion = cached(1);
        fusion.fuse(features(1, 1), RoundContext.first());
        fusion.fuse(features(1, 2), RoundContext.first());
        fusion.fuse(features(1, 1), RoundContext.first());
        assertEquals(3, calls.get());
        assertThrows(IllegalArgumentException.class, () -> cached(-1));
    }
}
