package io.github.fedhds.aggregators;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.aggregation.Aggregation;
import io.github.fedhds.aggregation.Aggregator;
import io.github.fedhds.round.RoundContext;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The mean of each coordinate without its f smallest and f largest values. Every client has equal weight. With f
 * attackers among n clients, n &gt; 2f, each coordinate stays within the range of the honest clients. Holds all
 * updates of a round, or keeps them {@linkplain #onDisk on disk}; time O(d n log n). Has no state. Immutable, safe for many threads; each aggregation for one
 * thread.
 *
 * @see <a href="https://arxiv.org/abs/1803.01498">Yin et al. 2018, definition 2</a>
 */
public final class TrimmedMean implements Aggregator {
    private final int attackers;
    private final Optional<Path> disk;

    private TrimmedMean(int attackers, Optional<Path> disk) {
        this.attackers = Settings.attackers(attackers);
        this.disk = disk;
    }

    /**
     * The trimmed mean for a number of attackers per round.
     *
     * @param attackers f, the largest number of attackers, 0 or more; rounds need 2f + 1 updates
     */
    public static TrimmedMean of(int attackers) {
        return new TrimmedMean(attackers, Optional.empty());
    }

    /**
     * The same, checked against the number of clients of a round.
     *
     * @throws IllegalArgumentException if there are fewer than 2f + 1 clients
     */
    public static TrimmedMean of(int attackers, int clients) {
        return RuleRound.among(clients, of(attackers));
    }

    /**
     * This rule with updates that wait in a temporary file instead of memory: a round then takes one update and 32 MB of
     * heap, however many clients it has. The result is the same in every bit.
     *
     * @param folder folder of the file, which is created; it needs four bytes for each parameter of each update
     */
    public TrimmedMean onDisk(Path folder) {
        return new TrimmedMean(attackers, Optional.of(folder));
    }

    @Override
    public int leastUpdates() {
        return 2 * attackers + 1;
    }

    @Override
    public Aggregation open(RoundContext round, Adapter state) {
        return new StoredRound(
                this,
                round,
                state,
                disk,
                updates -> Coordinatewise.reduce(
                        round.globalAdapter(),
                        updates,
                        sorted -> Coordinatewise.mean(sorted, attackers, sorted.length - attackers)));
    }

    @Override
    public String toString() {
        return "TrimmedMean[f = " + attackers + "]";
    }
}
