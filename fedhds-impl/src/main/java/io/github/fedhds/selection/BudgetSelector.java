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
 * Holds another selector's choice to a budget, to the candidate. The groups stay what they are; how many of their members
 * are taken is dealt out anew: one of each group, largest groups first, then a second of each, and so on until the budget
 * is spent or every member is taken. Groups that get none are left out; of equally large ones the first comes first.
 *
 * <p>On a client the budget is of samples and holds if the server takes all of its groups; on the server it is of groups.
 * With one sample a group on the clients, a count on the server is the number of samples of the whole round.
 *
 * <p>A budget is reached exactly unless the groups hold fewer members: noise is never taken. Cost is the other selector's.
 * Immutable, safe for many threads as long as the other is.
 */
public final class BudgetSelector implements CoresetSelector {
    private final CoresetSelector selector;
    private final Amount amount;

    private BudgetSelector(CoresetSelector selector, Amount amount) {
        this.selector = selector;
        this.amount = amount;
    }

    /**
     * A number of candidates.
     *
     * @param count 0 or more; more than the groups hold takes them all
     */
    public static BudgetSelector count(CoresetSelector selector, int count) {
        return new BudgetSelector(selector, Amount.ofCount(count));
    }

    /**
     * A share of the candidates, noise included: {@code (int) (share * n)}, at least one.
     *
     * @param share above 0, at most 1
     */
    public static BudgetSelector share(CoresetSelector selector, double share) {
        return new BudgetSelector(selector, Amount.ofShare(share));
    }

    @Override
    public Coreset select(Candidates candidates, RoundContext round) {
        List<Group> groups = selector.select(candidates, round).groups();
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
