package io.github.fedhds.features;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What every feature cache must keep. */
abstract class FeatureCacheContract {
    static final Supplier<float[]> NEVER = () -> fail("the row was computed a second time");

    /** An empty cache with room for all rows of a test. */
    abstract FeatureCache cache();

    static String key(int i) {
        return String.format("%02x", i % 256) + String.format("%062x", i);
    }

    static float[] row(int i) {
        return new float[] {i, -i, i / 3f};
    }

    @Test
    void row_again_isTakenAndNotComputed() {
        FeatureCache cache = cache();
        assertArrayEquals(row(1), cache.row(key(1), 3, () -> row(1)));
        assertArrayEquals(row(2), cache.row(key(2), 3, () -> row(2)));
        for (int i = 0; i < 3; i++) {
            assertArrayEquals(row(1), cache.row(key(1), 3, NEVER));
            assertArrayEquals(row(2), cache.row(key(2), 3, NEVER));
        }
        assertEquals(new FeatureCache.Statistics(6, 2, 0, 0), cache.statistics());
        assertEquals(
                new FeatureCache.Statistics(1, 2, 0, 0),
                cache.statistics().since(new FeatureCache.Statistics(5, 0, 0, 0)));
    }

    @Test
    void row_writtenToByTheCaller_isKeptAsItWas() {
        FeatureCache cache = cache();
        cache.row(key(1), 3, () -> row(1))[0] = 99;
        cache.row(key(1), 3, NEVER)[1] = 99;
        assertArrayEquals(row(1), cache.row(key(1), 3, NEVER));
    }

    @Test
    void row_ofAnyBits_comesBackBitByBit() {
        FeatureCache cache = cache();
        int[] bits = {0x8000_0000, 0x7f80_0000, 0xff80_0000, 0x7fc0_0000, 1, 0x7f7f_ffff, 0x3f80_0001};
        float[] row = new float[bits.length];
        for (int i = 0; i < bits.length; i++) {
            row[i] = Float.intBitsToFloat(bits[i]);
        }
        cache.row(key(1), row.length, row::clone);
        float[] kept = cache.row(key(1), row.length, NEVER);
        assertArrayEquals(
                bits,
                IntStream.range(0, kept.length)
                        .map(i -> Float.floatToRawIntBits(kept[i]))
                        .toArray());
    }

    @Test
    void row_thatFails_passesThroughAndIsComputedNextTime() {
        FeatureCache cache = cache();
        Supplier<float[]> closed = () -> {
            throw new IllegalStateException("this model was closed");
        };
        assertFails(IllegalStateException.class, () -> cache.row(key(1), 3, closed), "this model was closed");
        assertFails(IllegalArgumentException.class, () -> cache.row(key(1), 4, () -> row(1)), "3 numbers, 4 were");
        assertEquals(FeatureCache.Statistics.NONE, cache.statistics());
        assertArrayEquals(row(1), cache.row(key(1), 3, () -> row(1)));
    }

    @Test
    void row_badKeyOrColumns_isNamed() {
        Class<IllegalArgumentException> bad = IllegalArgumentException.class;
        FeatureCache cache = cache();
        for (String key : List.of(
                "", "a", "../" + key(1).substring(3), key(10).toUpperCase(java.util.Locale.ROOT), key(1) + "0")) {
            assertFails(bad, () -> cache.row(key, 3, NEVER), "64 hexadecimal digits", "\"" + key + "\"");
        }
        assertFails(bad, () -> cache.row(key(1), 0, NEVER), "columns must be 1 to", "was 0");
        assertFails(bad, () -> cache.row(key(1), Integer.MAX_VALUE, NEVER), "columns must be 1 to");
    }

    @Test
    void row_ofAnotherLength_isComputed() {
        FeatureCache cache = cache();
        cache.row(key(1), 3, () -> row(1));
        assertArrayEquals(new float[] {7}, cache.row(key(1), 1, () -> new float[] {7}));
    }

    @Test
    void row_askedByManyThreads_isComputedOnce() throws Exception {
        FeatureCache cache = cache();
        int keys = 60;
        AtomicIntegerArray computed = new AtomicIntegerArray(keys);
        inParallel(8, thread -> {
            List<Integer> order =
                    new ArrayList<>(IntStream.range(0, keys).boxed().toList());
            Collections.shuffle(order, new Random(thread / 2)); // pairs of threads go the same way
            for (int i : order) {
                assertArrayEquals(row(i), cache.row(key(i), 3, () -> {
                    computed.incrementAndGet(i);
                    Thread.yield();
                    return row(i);
                }));
            }
        });
        for (int i = 0; i < keys; i++) {
            assertEquals(1, computed.get(i), "row " + i);
        }
        assertEquals(new FeatureCache.Statistics(7 * keys, keys, 0, 0), cache.statistics());
    }

    /** Work for one of several threads. */
    interface Work {
        void run(int thread) throws Exception;
    }

    static void inParallel(int threads, Work work) throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        try {
            List<Callable<Void>> tasks = new ArrayList<>();
            for (int i = 0; i < threads; i++) {
                int thread = i;
                tasks.add(() -> {
                    work.run(thread);
                    return null;
                });
            }
            for (Future<Void> future : pool.invokeAll(tasks)) {
                future.get();
            }
        } finally {
            pool.shutdownNow();
        }
    }
}
