package io.github.fedhds.features;

import com.google.common.cache.Cache;
import com.google.common.cache.CacheBuilder;
import com.google.common.hash.HashFunction;
import com.google.common.hash.Hasher;
import com.google.common.hash.Hashing;
import io.github.fedhds.feature.FeatureMatrix;
import io.github.fedhds.feature.Points;
import io.github.fedhds.fusion.Fusion;
import io.github.fedhds.internal.RoleText;
import io.github.fedhds.round.RoundContext;

/**
 * Caches fused points: with a fixed feature model, a client has the same features in every round. The key is the
 * SHA-256 of the features, so only the points are kept, 8 bytes per coordinate. Valid for a fusion that gives equal
 * points for equal features in every round, as those of {@code reduction} do. Safe for many threads; two concurrent
 * calls with the same features may both compute.
 */
public final class CachedFusion implements Fusion {
    private static final HashFunction SHA = Hashing.sha256();

    private final Fusion fusion;
    private final Cache<String, Points> known;

    /**
     * Wraps a fusion.
     *
     * @param maxCoordinates maximum number of cached coordinates, 0 or more; the least recently used are evicted first
     */
    public CachedFusion(Fusion fusion, long maxCoordinates) {
        if (maxCoordinates < 0) {
            throw new IllegalArgumentException("maxCoordinates must be 0 or more, was " + maxCoordinates);
        }
        this.fusion = fusion;
        this.known = CacheBuilder.newBuilder()
                .concurrencyLevel(1) // one limit over all segments
                .maximumWeight(maxCoordinates)
                .<String, Points>weigher((key, points) -> Math.max(1, points.size() * points.dimensions()))
                .build();
    }

    @Override
    public int dimensions() {
        return fusion.dimensions();
    }

    /** The text of the fusion inside, whose points the cache does not change. */
    @Override
    public String toString() {
        return RoleText.of(fusion);
    }

    @Override
    public Points fuse(FeatureMatrix features, RoundContext round) {
        Hasher hasher = SHA.newHasher().putInt(features.blocks()).putInt(features.width());
        float[] row = new float[features.columns()];
        for (int i = 0; i < features.rows(); i++) {
            features.copy(i, 0, row);
            for (float value : row) {
                hasher.putInt(Float.floatToRawIntBits(value));
            }
        }
        String key = hasher.hash().toString();
        Points points = known.getIfPresent(key);
        if (points == null) {
            points = fusion.fuse(features, round);
            known.put(key, points);
        }
        return points;
    }
}
