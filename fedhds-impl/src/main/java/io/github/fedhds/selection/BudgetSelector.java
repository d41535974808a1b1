package io.github.fedhds.selection;

import io.github.fedhds.coreset.Candidates;
import io.github.fedhds.coreset.Coreset;
import io.github.fedhds.coreset.CoresetSelector;
import io.github.fedhds.coreset.Group;
import io.github.fedhds.round.RoundContext;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Limits the number of candidates that another selector takes. The groups stay the same; only the number of members
 * taken per group changes: first one from each group, the largest groups first, then a second from each, until the
 * budget is used up or every member is taken. Groups that get none are left out. Equally large groups keep their
 * order.
 *
 * <p>On a client the budget counts samples, and holds if the server chooses all of its groups; on the server it counts
 * groups. If clients send one sample per group, a count on the server is the number of samples of the whole round.
 *
 * <p>The budget is reached exactly unless the groups have fewer members; noise is never taken. Cost is that of the
 * other selector. Immutable, safe for many threads if the other selector is.
 */
public final class BudgetSelector implements CoresetSelector {
    private final InnerSelector inner;
    private final Amount amount;

    private BudgetSelector(CoresetSelector selector, Amount amount) {
        this.inner = new InnerSelector(selector);
        this.amount = amount;
    }

    /**
     * Takes a number of candidates.
     *
     * @param count 0 or more; all members if the groups have fewer
     */
    public static BudgetSelector count(CoresetSelector selector, int count) {
        return new BudgetSelector(selector, Amount.ofCount(count));
    }

    /**
     * Takes a share of the candidates, noise included: {@code (int) (share * n)}, at least one.
     *
     * @param share above 0, at most 1
     */
    public static BudgetSelector share(CoresetSelector selector, double share) {
        return new BudgetSelector(selector, Amount.ofShare(share));
    }

    @Override
    public String toString() {
        return "BudgetSelector[" + inner + ", " + amount + "]";
    }

    @Override
    public Coreset select(Candidates candidates, RoundContext round) {
        List<Group> groups = inner.select(candidates, round).groups();
        List<Group> bySize = new ArrayList<>(groups);
        bySize.sort(Comparator.comparingInt(group -> -group.members().length));
        int[] take = new int[groups.size()];
        int left = amount.of(candidates.size());
        for (boolean dealt = true; left > 0 && dealt; ) {
            dealt = false;
            for (Group group : bySize) {
                if (left > 0 && take[group.id()] < group.members().length) {
                    take[group.id()]++;
                    left--;
                    dealt = true;
                }
            }
        }
        List<Group> kept = new ArrayList<>();
        for (Group group : groups) {
            if (take[group.id()] > 0) {
                kept.add(new Group(kept.size(), group.centre(), group.members(), take[group.id()]));
            }
        }
        return new Coreset(kept);
    }
}
