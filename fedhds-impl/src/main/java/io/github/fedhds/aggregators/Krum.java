package io.github.fedhds.aggregators;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.aggregation.Aggregation;
import io.github.fedhds.aggregation.Aggregator;
import io.github.fedhds.round.RoundContext;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Krum takes the update with the lowest score, the sum of its n - f - 2 smallest squared distances to other updates.
 * Multi-Krum takes the mean of the m &le; n - f - 2 updates with the lowest scores. Of equal scores, the client that
 * was registered first has the lower one.
 *
 * <p>With f attackers among n &ge; 2f + 3 clients, and D the largest distance between two honest updates, each chosen
 * update lies within D sqrt((n - f - 2) / (n - 2f - 1)) of an honest update: its score is at most that of an honest
 * update, and at least n - 2f - 1 of its distances are to honest updates. An attack within the range of honest updates
 * is not detected.
 *
 * <p>Holds all updates of a round, or keeps them {@linkplain #onDisk on disk}; time O(n² d). Has no state. Immutable, safe for many threads; each aggregation for
 * one thread.
 *
 * @see <a href="https://arxiv.org/abs/1703.02757">Blanchard et al. 2017</a>
 */
public final class Krum implements Aggregator {
    private final int attackers;
    private final int kept;
    private final FedAvg mean;
    private final Optional<Path> disk;

    private Krum(int attackers, int kept, FedAvg mean, Optional<Path> disk) {
        this.attackers = attackers;
        this.kept = kept;
        this.mean = mean;
        this.disk = disk;
    }

    /**
     * Krum for a number of attackers per round.
     *
     * @param attackers f, the largest number of attackers, 0 or more; rounds need 2f + 3 updates
     */
    public static Krum of(int attackers) {
        return multi(attackers, 1);
    }

    /**
     * The same, checked against the number of clients of a round.
     *
     * @throws IllegalArgumentException if there are fewer than 2f + 3 clients
     */
    public static Krum of(int attackers, int clients) {
        return RuleRound.among(clients, of(attackers));
    }

    /**
     * Multi-Krum for a number of attackers per round; the kept updates are weighted by samples.
     *
     * @param attackers f, 0 or more
     * @param kept m, number of kept updates, 1 or more; rounds need 2f + 3 updates, and m + f + 2
     */
    public static Krum multi(int attackers, int kept) {
        Settings.attackers(attackers);
        if (kept < 1 || kept > Integer.MAX_VALUE - attackers - 2) {
            throw new IllegalArgumentException("Multi-Krum keeps 1 update or more, was " + kept);
        }
        return new Krum(attackers, kept, FedAvg.bySamples(), Optional.empty());
    }

    /**
     * The same, checked against the number of clients of a round.
     *
     * @throws IllegalArgumentException if there are fewer than 2f + 3 or m + f + 2 clients
     */
    public static Krum multi(int attackers, int kept, int clients) {
        return RuleRound.among(clients, multi(attackers, kept));
    }

    /** This rule with another mean of the kept updates. */
    public Krum weighing(FedAvg newMean) {
        return new Krum(attackers, kept, Objects.requireNonNull(newMean, "newMean"), disk);
    }

    /**
     * This rule with updates that wait in a temporary file instead of memory: a round then takes one update and 32 MB of
     * heap, however many clients it has. The result is the same in every bit.
     *
     * @param folder folder of the file, which is created; it needs four bytes for each parameter of each update
     */
    public Krum onDisk(Path folder) {
        return new Krum(attackers, kept, mean, Optional.of(folder));
    }

    @Override
    public int leastUpdates() {
        return Math.max(2 * attackers + 3, kept + attackers + 2);
    }

    @Override
    public Aggregation open(RoundContext round, Adapter state) {
        return new StoredRound(this, round, state, disk, updates -> combine(updates, round));
    }

    private Adapter combine(List<StoredUpdate> updates, RoundContext round) {
        int n = updates.size();
        List<Integer> all = IntStream.range(0, n).boxed().toList();
        List<Integer> order = new Distances(updates, round.globalAdapter()).byScore(all, n - attackers - 2);
        Aggregation average = mean.open(round, Adapter.empty());
        order.subList(0, kept).forEach(i -> RuleRound.pass(updates.get(i).whole(), mean, average));
        return average.finish();
    }

    @Override
    public String toString() {
        return kept == 1
                ? "Krum[f = " + attackers + "]"
                : "Multi-Krum[f = " + attackers + ", m = " + kept + ", " + mean + "]";
    }
}
