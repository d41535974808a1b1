package io.github.fedhds.selection;

import io.github.fedhds.coreset.Candidates;
import io.github.fedhds.coreset.Coreset;
import io.github.fedhds.coreset.CoresetSelector;
import io.github.fedhds.coreset.Group;
import io.github.fedhds.internal.RandomOrder;
import io.github.fedhds.internal.RoleText;
import io.github.fedhds.round.RoundContext;
import java.util.List;
import java.util.function.Function;
import java.util.function.ToIntFunction;

/**
 * Chooses candidates at random with equal probability, the baseline for other selectors. There is one group with the
 * chosen candidates in ascending order, all taken; its centre is the origin, because points are not computed. Uses the
 * round's random stream "selection", so equal seed, round and client give an equal choice. Time and memory O(n).
 * Immutable, safe for many threads if a given function is.
 */
public final class RandomSelector implements CoresetSelector {
    private final Function<RoundContext, Amount> amount;
    private final String description;

    private RandomSelector(Function<RoundContext, Amount> amount, String description) {
        this.amount = amount;
        this.description = description;
    }

    /**
     * Chooses a share: {@code (int) (share * n)} of n candidates, at least one.
     *
     * @param share above 0, at most 1
     */
    public static RandomSelector share(double share) {
        Amount fixed = Amount.ofShare(share);
        return new RandomSelector(round -> fixed, fixed.toString());
    }

    /**
     * Chooses a number of candidates; all if there are fewer.
     *
     * @param count 0 or more
     */
    public static RandomSelector count(int count) {
        Amount fixed = Amount.ofCount(count);
        return new RandomSelector(round -> fixed, fixed.toString());
    }

    /**
     * Chooses a number of candidates that depends on the round, for example as many as another selector chose, for a
     * comparison; all if there are fewer.
     *
     * @param count returns 0 or more
     */
    public static RandomSelector count(ToIntFunction<RoundContext> count) {
        return new RandomSelector(round -> Amount.ofCount(count.applyAsInt(round)), "count=" + RoleText.OWN);
    }

    @Override
    public String toString() {
        return "RandomSelector[" + description + "]";
    }

    @Override
    public Coreset select(Candidates candidates, RoundContext round) {
        int n = candidates.size();
        int k = amount.apply(round).of(n);
        if (k == 0) {
            return Coreset.empty();
        }
        int[] chosen = RandomOrder.sample(n, k, round.random("selection"));
        return new Coreset(List.of(new Group(0, new double[candidates.dimensions()], chosen, k)));
    }
}
