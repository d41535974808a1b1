package io.github.fedhds.aggregators;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.aggregation.Aggregation;
import io.github.fedhds.aggregation.Aggregator;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.round.RoundContext;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;

/**
 * Krum: the one update with the lowest score, the sum of its n - f - 2 smallest squared distances to other updates.
 * Multi-Krum: the mean of the m &le; n - f - 2 with the lowest scores. Of equal scores that of the client registered
 * first counts as the lower.
 *
 * <p>With f attackers of n &ge; 2f + 3 clients, and D the largest distance between two honest updates, what is kept lies
 * within D sqrt((n - f - 2) / (n - 2f - 1)) of an honest update, for its score is at most an honest one's, and n - 2f - 1 or
 * more of the distances in it are to honest updates. An attack that stays among the honest updates is not seen.
 *
 * <p>Holds all updates of a round; time O(n² d). Keeps no state. Immutable, safe for many threads, each aggregation for one.
 *
 * @see <a href="https://arxiv.org/abs/1703.02757">Blanchard et al. 2017</a>
 */
public final class Krum implements Aggregator {
    private final int attackers;
    private final int kept;
    private final FedAvg mean;

    private Krum(int attackers, int kept, FedAvg mean) {
        this.attackers = attackers;
        this.kept = kept;
        this.mean = mean;
    }

    /**
     * Krum for up to this many attackers in a round.
     *
     * @param attackers f, 0 or more; rounds need 2f + 3 updates
     */
    public static Krum of(int attackers) {
        return multi(attackers, 1);
    }

    /**
     * The same for rounds of a known number of clients.
     *
     * @throws IllegalArgumentException if they are fewer than 2f + 3
     */
    public static Krum of(int attackers, int clients) {
        return RuleRound.among(clients, of(attackers));
    }

    /**
     * Multi-Krum for up to this many attackers in a round; the kept are weighted by samples.
     *
     * @param attackers f, 0 or more
     * @param kept m, 1 or more; rounds need 2f + 3 updates, and m + f + 2
     */
    public static Krum multi(int attackers, int kept) {
        Settings.attackers(attackers);
        if (kept < 1 || kept > Integer.MAX_VALUE - attackers - 2) {
            throw new IllegalArgumentException("Multi-Krum keeps 1 update or more, was " + kept);
        }
        return new Krum(attackers, kept, FedAvg.bySamples());
    }

    /**
     * The same for rounds of a known number of clients.
     *
     * @throws IllegalArgumentException if they are fewer than 2f + 3 or m + f + 2
     */
    public static Krum multi(int attackers, int kept, int clients) {
        return RuleRound.among(clients, multi(attackers, kept));
    }

    /** The same rule with another mean of the kept updates. */
    public Krum weighing(FedAvg newMean) {
        return new Krum(attackers, kept, Objects.requireNonNull(newMean, "newMean"));
    }

    @Override
    public int leastUpdates() {
        return Math.max(2 * attackers + 3, kept + attackers + 2);
    }

    @Override
    public Aggregation open(RoundContext round, Adapter state) {
        return new StoredRound(this, round, state, updates -> combine(updates, round));
    }

    private Adapter combine(List<AdapterUpdate> updates, RoundContext round) {
        int n = updates.size();
        List<Integer> all = IntStream.range(0, n).boxed().toList();
        List<Integer> order = new Distances(updates).byScore(all, n - attackers - 2);
        Aggregation average = mean.open(round, Adapter.empty());
        order.subList(0, kept).forEach(i -> RuleRound.pass(updates.get(i), mean, average));
        return average.finish();
    }

    @Override
    public String toString() {
        return kept == 1
                ? "Krum[f = " + attackers + "]"
                : "Multi-Krum[f = " + attackers + ", m = " + kept + ", " + mean + "]";
    }
}
