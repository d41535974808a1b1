package io.github.fedhds.examples.cli;

import io.github.fedhds.features.FeatureCache;
import java.util.Locale;

/** A line about the feature rows that were computed and taken from the cache. */
final class CacheLine {
    private CacheLine() {}

    static String of(FeatureCache.Statistics rows) {
        String line = String.format(
                Locale.ROOT, "feature rows: %d computed, %d taken from the cache", rows.misses(), rows.hits());
        return line
                + (rows.damaged() > 0 ? ", " + rows.damaged() + " damaged files computed again" : "")
                + (rows.unkept() > 0 ? ", " + rows.unkept() + " could not be written" : "");
    }
}
