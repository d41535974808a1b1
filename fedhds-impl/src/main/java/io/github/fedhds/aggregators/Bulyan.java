package io.github.fedhds.aggregators;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.aggregation.Aggregation;
import io.github.fedhds.aggregation.Aggregator;
import io.github.fedhds.round.RoundContext;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Repeats Krum, each time without the updates already chosen, until n - 2f updates are chosen. Each coordinate of the
 * result is the mean of the n - 4f chosen values nearest to their median. Every client has equal weight.
 *
 * <p>With f attackers among n &ge; 4f + 3 clients, the median of a coordinate lies within the range of the honest
 * clients, and the result differs from it by at most the width of that range. Unlike with Krum, single coordinates
 * cannot be moved far.
 *
 * <p>Holds all updates of a round, or keeps them {@linkplain #onDisk on disk}; time O(n² d + n³ log n). Has no state. Safe for many threads; each aggregation for
 * one thread.
 *
 * @see <a href="https://arxiv.org/abs/1802.07927">El Mhamdi et al. 2018</a>
 */
public final class Bulyan implements Aggregator {
    private final int attackers;
    private final Optional<Path> disk;

    private Bulyan(int attackers, Optional<Path> disk) {
        this.attackers = Settings.attackers(attackers);
        this.disk = disk;
    }

    /**
     * Bulyan for a number of attackers per round.
     *
     * @param attackers f, the largest number of attackers, 0 or more; rounds need 4f + 3 updates
     */
    public static Bulyan of(int attackers) {
        return new Bulyan(attackers, Optional.empty());
    }

    /**
     * The same, checked against the number of clients of a round.
     *
     * @throws IllegalArgumentException if there are fewer than 4f + 3 clients
     */
    public static Bulyan of(int attackers, int clients) {
        return RuleRound.among(clients, of(attackers));
    }

    /**
     * This rule with updates that wait in a temporary file instead of memory: a round then takes one update and 32 MB of
     * heap, however many clients it has. The result is the same in every bit.
     *
     * @param folder folder of the file, which is created; it needs four bytes for each parameter of each update
     */
    public Bulyan onDisk(Path folder) {
        return new Bulyan(attackers, Optional.of(folder));
    }

    @Override
    public int leastUpdates() {
        return 4 * attackers + 3;
    }

    @Override
    public Aggregation open(RoundContext round, Adapter state) {
        return new StoredRound(this, round, state, disk, updates -> combine(updates, round.globalAdapter()));
    }

    private Adapter combine(List<StoredUpdate> updates, Adapter form) {
        int n = updates.size();
        Distances distances = new Distances(updates, form);
        List<Integer> left = new ArrayList<>(IntStream.range(0, n).boxed().toList());
        List<StoredUpdate> chosen = new ArrayList<>();
        while (chosen.size() < n - 2 * attackers) {
            Integer best = distances.byScore(left, left.size() - attackers - 2).get(0);
            left.remove(best);
            chosen.add(updates.get(best));
        }
        return Coordinatewise.reduce(
                form, chosen, sorted -> Coordinatewise.meanAroundMedian(sorted, n - 4 * attackers));
    }

    @Override
    public String toString() {
        return "Bulyan[f = " + attackers + "]";
    }
}
