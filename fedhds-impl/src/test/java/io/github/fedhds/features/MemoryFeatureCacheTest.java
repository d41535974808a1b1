package io.github.fedhds.features;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.LinkedHashSet;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class MemoryFeatureCacheTest extends FeatureCacheContract {
    /** Three numbers of four bytes, and 200 bytes beside them. */
    private static final int ROW = 212;

    @Override
    FeatureCache cache() {
        return FeatureCache.inMemory(1 << 20);
    }

    /** Against a plain list of what was asked for last. */
    @Test
    void row_beyondTheBound_pushesOutTheLeastRecentlyUsed() {
        int room = 5;
        FeatureCache cache = FeatureCache.inMemory(room * ROW + ROW - 1);
        Set<Integer> latest = new LinkedHashSet<>();
        Random random = new Random(1);
        long hits = 0;
        for (int n = 0; n < 3000; n++) {
            int i = random.nextInt(9);
            boolean known = latest.remove(i);
            latest.add(i);
            if (latest.size() > room) {
                latest.remove(latest.iterator().next());
            }
            assertArrayEquals(row(i), cache.row(key(i), 3, known ? NEVER : () -> row(i)));
            hits += known ? 1 : 0;
            assertEquals(hits, cache.statistics().hits(), "step " + n);
        }
        assertEquals(3000 - hits, cache.statistics().misses());
    }

    @Test
    void row_largerThanTheBound_isNotKept() {
        FeatureCache cache = FeatureCache.inMemory(ROW - 1);
        for (int n = 0; n < 3; n++) {
            assertArrayEquals(row(1), cache.row(key(1), 3, () -> row(1)));
        }
        assertEquals(new FeatureCache.Statistics(0, 3, 0, 0), cache.statistics());
    }

    @Test
    void inMemory_ofNoBytes_isRefused() {
        assertFails(IllegalArgumentException.class, () -> FeatureCache.inMemory(0), "bytes must be 1 or more, was 0");
        FeatureCache.inMemory(Long.MAX_VALUE).row(key(1), 3, () -> row(1));
    }
}
