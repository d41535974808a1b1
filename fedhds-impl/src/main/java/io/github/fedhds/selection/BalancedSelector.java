package io.github.fedhds.selection;

import io.github.fedhds.coreset.Candidates;
import io.github.fedhds.coreset.Coreset;
import io.github.fedhds.coreset.CoresetSelector;
import io.github.fedhds.coreset.Group;
import io.github.fedhds.internal.RandomOrder;
import io.github.fedhds.round.RoundContext;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * Chooses candidates at random, balanced over the groups of another selector: one of each group in turn, in a random order
 * of the groups, until there are enough. Candidates in no group are a group of their own. So small groups are chosen from
 * as often as large ones, while {@link RandomSelector} follows their sizes.
 *
 * <p>There is one group with the chosen candidates in ascending order, all taken; its centre is the origin. Uses the round's
 * random stream "selection". Time and memory are those of the other selector and O(n). Immutable, safe for many threads if
 * the other selector is.
 *
 * @see <a href="https://arxiv.org/abs/2503.01807">Large-scale data selection for instruction tuning</a>
 */
public final class BalancedSelector implements CoresetSelector {
    private final InnerSelector groups;
    private final Amount amount;

    private BalancedSelector(CoresetSelector groups, Amount amount) {
        this.groups = new InnerSelector(groups);
        this.amount = amount;
    }

    /**
     * Chooses a share: {@code (int) (share * n)} of n candidates, at least one.
     *
     * @param groups finds the groups, such as {@link HdbscanSelector#forClient}
     * @param share above 0, at most 1
     */
    public static BalancedSelector share(CoresetSelector groups, double share) {
        return new BalancedSelector(groups, Amount.ofShare(share));
    }

    /**
     * Chooses a number of candidates; all if there are fewer.
     *
     * @param groups finds the groups
     * @param count 0 or more
     */
    public static BalancedSelector count(CoresetSelector groups, int count) {
        return new BalancedSelector(groups, Amount.ofCount(count));
    }

    @Override
    public String toString() {
        return "BalancedSelector[" + amount + ", groups of " + groups + "]";
    }

    @Override
    public Coreset select(Candidates candidates, RoundContext round) {
        int n = candidates.size();
        int k = amount.of(n);
        if (k == 0) {
            return Coreset.empty();
        }
        SplittableRandom random = round.random("selection");
        List<List<Integer>> left = new ArrayList<>();
        boolean[] grouped = new boolean[n];
        for (Group group : groups.select(candidates, round).groups()) {
            IntStream.of(group.members()).forEach(member -> grouped[member] = true);
            left.add(shuffled(IntStream.of(group.members()), random));
        }
        List<Integer> others = shuffled(IntStream.range(0, n).filter(i -> !grouped[i]), random);
        if (!others.isEmpty()) {
            left.add(others);
        }
        left = RandomOrder.shuffled(left, random);
        int[] chosen = new int[k];
        int found = 0;
        for (int turn = 0; found < k; turn++) {
            for (List<Integer> members : left) {
                if (turn < members.size() && found < k) {
                    chosen[found++] = members.get(turn);
                }
            }
        }
        Arrays.sort(chosen);
        return new Coreset(List.of(new Group(0, new double[candidates.dimensions()], chosen, k)));
    }

    private static List<Integer> shuffled(IntStream members, SplittableRandom random) {
        return RandomOrder.shuffled(members.boxed().toList(), random);
    }
}
