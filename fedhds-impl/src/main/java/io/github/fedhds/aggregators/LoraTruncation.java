package io.github.fedhds.aggregators;

import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The approximation error of a round of {@link ExactLoraAveraging}, from reducing the mean of the products to the
 * adapter's rank: Frobenius norms of the discarded part as shares of the norm of the mean, from 0 to 1; 0 if the mean
 * is zero.
 *
 * @param round number, from 1
 * @param modules share per module, by its name without {@code .lora_A}
 * @param all share over all modules together
 */
public record LoraTruncation(int round, SortedMap<String, Double> modules, double all) {
    public LoraTruncation {
        modules = Collections.unmodifiableSortedMap(new TreeMap<>(modules));
    }
}
