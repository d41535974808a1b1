package io.github.fedhds.aggregators;

import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What a round of {@link ExactLoraAveraging} lost when it brought the mean of the products back to the adapter's rank:
 * norms of what was left out as shares of the whole mean's, Frobenius, from 0 to 1; 0 where the mean is zero.
 *
 * @param round number, from 1
 * @param modules share of each module, by its name without {@code .lora_A}
 * @param all share over all modules together
 */
public record LoraTruncation(int round, SortedMap<String, Double> modules, double all) {
    public LoraTruncation {
        modules = Collections.unmodifiableSortedMap(new TreeMap<>(modules));
    }
}
