package io.github.fedhds.features;

import com.google.common.util.concurrent.Striped;
import java.util.Optional;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.Lock;
import java.util.function.Supplier;

/** Base of all row caches: one thread at a time computes a row, and hits and misses are counted. */
abstract class KeyedRows implements FeatureCache {
    private static final int MOST_COLUMNS = 1 << 28;

    /** Enough that concurrent computations of different rows rarely wait for each other. */
    private final Striped<Lock> locks = Striped.lock(1024);

    private final LongAdder hits = new LongAdder();
    private final LongAdder misses = new LongAdder();
    final LongAdder damaged = new LongAdder();
    final LongAdder unkept = new LongAdder();

    /** A row that the caller may change, if it is cached and valid. */
    abstract Optional<float[]> find(String key, int columns);

    /** Caches a copy, if possible. */
    abstract void keep(String key, float[] row);

    @Override
    public final float[] row(String key, int columns, Supplier<float[]> compute) {
        // Keys become file names: allow only digits.
        if (!key.matches("[0-9a-f]{64}")) {
            throw new IllegalArgumentException("a key is 64 hexadecimal digits in lower case, was \"" + key + "\"");
        }
        if (columns < 1 || columns > MOST_COLUMNS) {
            throw new IllegalArgumentException("columns must be 1 to " + MOST_COLUMNS + ", was " + columns);
        }
        Lock lock = locks.get(key);
        lock.lock();
        try {
            Optional<float[]> kept = find(key, columns);
            if (kept.isPresent()) {
                hits.increment();
                return kept.get();
            }
            float[] row = compute.get();
            if (row.length != columns) {
                throw new IllegalArgumentException(
                        "the computed row has " + row.length + " numbers, " + columns + " were announced");
            }
            misses.increment();
            keep(key, row);
            return row;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public final Statistics statistics() {
        return new Statistics(hits.sum(), misses.sum(), damaged.sum(), unkept.sum());
    }
}
