package io.github.fedhds.features;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.internal.file.Disk;
import java.nio.file.Path;
import java.util.function.Supplier;

/**
 * Caches feature rows by a key over everything they depend on. The result equals that of {@code compute}: a cache may
 * forget rows, but must not return a wrong one. Safe for many threads; needs no closing.
 */
public interface FeatureCache {
    /**
     * The row of a key, from the cache, or else computed and cached. Concurrent calls with the same key wait for the
     * first, so that the row is computed once.
     *
     * @param key SHA-256 of everything the row depends on, 64 hexadecimal digits in lower case
     * @param columns length of the row, 1 to 2<sup>28</sup>
     * @param compute computes the row; must not call this cache; if it throws, nothing is cached and the exception
     *     passes through
     * @return a row that the caller may change
     */
    float[] row(String key, int columns, Supplier<float[]> compute);

    /** Hits and misses since this object was created. */
    Statistics statistics();

    /**
     * A cache in this process's memory, with eviction of the least recently used row.
     *
     * <p>Repeated passes over more rows than fit find none of them. Make the cache large enough for the rows of all
     * clients, {@code 4 * (layers + 1) * hiddenSize} bytes each and about 200 more, or use a folder.
     *
     * @param bytes maximum size, 1 or more; a larger row is not cached
     */
    static FeatureCache inMemory(long bytes) {
        return new MemoryFeatureCache(bytes);
    }

    /** A cache {@linkplain #inFolder(Path, long) in a folder} of at most 10 GiB. */
    static FeatureCache inFolder(Path folder) {
        return inFolder(folder, 10L << 30);
    }

    /**
     * A cache in a folder. It outlives the process, and several processes may share it, on a file system with atomic
     * moves. One file per row, of {@code 4 * columns + 44} bytes, in 256 folders. Any file in it may be deleted at any
     * time.
     *
     * <p>If the rows in the folder have more than the given number of bytes, the least recently used ones are deleted,
     * down to nine tenths of it; other files are left alone. The size is checked at the first written row, and again
     * after a tenth of the limit at the latest, so several processes exceed the limit by at most a tenth each. As in
     * memory, repeated passes over more rows than fit find none of them.
     *
     * <p>Each file is written to a temporary file and moved into place, and ends in a SHA-256 that is checked at every
     * read. A damaged file is logged and counted, and its row is computed and written again. A row that cannot be
     * written, for example to a full disk, is logged and counted too, and the run continues.
     *
     * @param folder created if it is missing
     * @param bytes maximum size of the rows in the folder, 1 or more; a larger row is not cached
     * @throws FedHdsException if the folder cannot be created or written
     */
    static FeatureCache inFolder(Path folder, long bytes) {
        return new FolderFeatureCache(folder, bytes, Disk.real());
    }

    /**
     * Counts of rows.
     *
     * @param hits rows found
     * @param misses rows computed
     * @param damaged misses with a file that could not be read or had wrong content
     * @param unkept misses that could not be written
     */
    record Statistics(long hits, long misses, long damaged, long unkept) {
        /** No calls. */
        public static final Statistics NONE = new Statistics(0, 0, 0, 0);

        /** The difference to an earlier snapshot of the same cache. */
        public Statistics since(Statistics earlier) {
            return new Statistics(
                    hits - earlier.hits, misses - earlier.misses, damaged - earlier.damaged, unkept - earlier.unkept);
        }
    }
}
