package io.github.fedhds.examples.comparison;

import io.github.fedhds.coreset.CoresetSelector;
import io.github.fedhds.round.RoundContext;
import io.github.fedhds.selection.Selection;
import java.util.function.IntFunction;
import java.util.function.IntToDoubleFunction;

/**
 * Selections of a share of each client's samples, rounded up or down at random with the share as the mean, so that a round has
 * the share of all of them.
 */
public final class ShareOfEach {
    private ShareOfEach() {}

    /**
     * A selection by the clients alone.
     *
     * @param share share in a round, by its number
     * @param ofCount selects a number of samples
     */
    public static Selection of(IntToDoubleFunction share, IntFunction<CoresetSelector> ofCount) {
        return Selection.everything()
                .withClient((candidates, round) -> ofCount.apply(
                                count(share.applyAsDouble(round.round()), candidates.size(), round))
                        .select(candidates, round));
    }

    private static int count(double share, int samples, RoundContext round) {
        double mean = share * samples;
        int least = (int) mean;
        return least + (round.random("share").nextDouble() < mean - least ? 1 : 0);
    }
}
