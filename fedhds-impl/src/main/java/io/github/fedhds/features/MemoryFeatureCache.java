package io.github.fedhds.features;

import com.google.common.cache.Cache;
import com.google.common.cache.CacheBuilder;
import com.google.common.primitives.Ints;
import java.util.Optional;

/** Rows in memory, limited by their bytes. */
final class MemoryFeatureCache extends KeyedRows {
    /** Approximate bytes of the key, the entry and the headers of the two arrays. */
    private static final int OVERHEAD = 200;

    private final Cache<String, float[]> rows;

    MemoryFeatureCache(long bytes) {
        if (bytes < 1) {
            throw new IllegalArgumentException("bytes must be 1 or more, was " + bytes);
        }
        rows = CacheBuilder.newBuilder()
                .concurrencyLevel(1) // one LRU order over all rows; a look-up costs little compared to the model
                .maximumWeight(bytes)
                .weigher((String key, float[] row) -> Ints.saturatedCast(4L * row.length + OVERHEAD))
                .build();
    }

    @Override
    Optional<float[]> find(String key, int columns) {
        return Optional.ofNullable(rows.getIfPresent(key))
                .filter(row -> row.length == columns)
                .map(float[]::clone);
    }

    @Override
    void keep(String key, float[] row) {
        rows.put(key, row.clone());
    }
}
