package io.github.fedhds.dataset;

import io.github.fedhds.FedHdsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/**
 * What the files of a data set hold, and what a reader leaves out. Every row is in {@link #instructions} or in {@link
 * #leftOut}. Immutable, safe for many threads.
 *
 * @param files number of files with rows
 * @param instructions instructions that can be used
 * @param leftOut number of rows that are left out, by reason; ordered by reason
 */
public record DataCounts(int files, long instructions, Map<String, Long> leftOut) {
    public DataCounts {
        if (files < 0 || instructions < 0) {
            throw new IllegalArgumentException(
                    "files and instructions must be 0 or more, were " + files + " and " + instructions);
        }
        leftOut = Collections.unmodifiableMap(new TreeMap<>(leftOut));
    }

    /**
     * Counts the rows of a data set that {@link Dataset#load} can read, with the same settings. Reads all files once; the
     * memory grows only with the largest file of {@link NaturalInstructions}.
     *
     * @throws FedHdsException as {@link Dataset#load}
     */
    public static DataCounts of(Path path) {
        return Files.isDirectory(path.resolve("tasks"))
                ? NaturalInstructions.builder().build().count(path)
                : DataFile.count(path);
    }
}
