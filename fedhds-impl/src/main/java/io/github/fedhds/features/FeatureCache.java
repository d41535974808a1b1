package io.github.fedhds.features;

import io.github.fedhds.FedHdsException;
import java.nio.file.Path;
import java.util.function.Supplier;

/**
 * Keeps rows of features by a key that names all they are made of. What it gives is what {@code compute} would give: a
 * cache may forget, it may never err. Safe for many threads; holds nothing that must be closed.
 */
public interface FeatureCache {
    /**
     * The row of a key: kept from before, or else computed and kept. Threads that ask for one key at a time wait for the
     * first, so that the row is computed once.
     *
     * @param key SHA-256 of what determines the row, 64 hexadecimal digits in lower case
     * @param columns length of the row, 1 to 2<sup>28</sup>
     * @param compute makes the row; must not ask this cache; what it throws passes through, and nothing is kept
     * @return a row of the caller's own
     */
    float[] row(String key, int columns, Supplier<float[]> compute);

    /** What was asked and found since this object was made. */
    Statistics statistics();

    /**
     * A cache in this process's memory. The row that was not asked for the longest goes first.
     *
     * <p>One walk after another over more rows than fit finds none of them: make it as large as the rows of all clients,
     * {@code 4 * (layers + 1) * width} bytes each and about 200 more, or take a folder.
     *
     * @param bytes most bytes that it holds, 1 or more; a row larger than that is not kept
     */
    static FeatureCache inMemory(long bytes) {
        return new MemoryFeatureCache(bytes);
    }

    /**
     * A cache in a folder, which outlives the process and may serve several at a time, on one file system that moves files
     * atomically. One file a row, of {@code 4 * columns + 44} bytes, in 256 folders; without a bound: any file in it may be
     * deleted at any time.
     *
     * <p>Each file is written beside its place and moved there, and ends in a SHA-256 that is checked whenever it is read. A
     * file that is damaged is logged and counted, and its row computed and written again. A row that cannot be written (a
     * full disk) is logged and counted too, and the run goes on.
     *
     * @param folder made if it is missing
     * @throws FedHdsException if the folder cannot be made or written to
     */
    static FeatureCache inFolder(Path folder) {
        return new FolderFeatureCache(folder);
    }

    /**
     * Counts of rows.
     *
     * @param hits rows that were there
     * @param misses rows that were computed
     * @param damaged misses for which there was a file that could not be read or did not hold what it should
     * @param unkept misses that could not be written
     */
    record Statistics(long hits, long misses, long damaged, long unkept) {
        /** No row was asked for. */
        public static final Statistics NONE = new Statistics(0, 0, 0, 0);

        /** What came after an earlier snapshot of the same cache. */
        public Statistics since(Statistics earlier) {
            return new Statistics(
                    hits - earlier.hits, misses - earlier.misses, damaged - earlier.damaged, unkept - earlier.unkept);
        }
    }
}
