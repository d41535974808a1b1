package io.github.fedhds.aggregators;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.aggregation.Aggregation;
import io.github.fedhds.aggregation.Aggregator;
import io.github.fedhds.round.RoundContext;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The median of each coordinate over the clients; for an even number, the mean of the two middle values. Every client
 * has equal weight. With f attackers among n clients, 2f &lt; n, each coordinate stays within the range of the honest
 * clients. Holds all updates of a round, or keeps them {@linkplain #onDisk on disk}; time O(d n log n). Has no state. Immutable, safe for many threads; each
 * aggregation for one thread.
 *
 * @see <a href="https://arxiv.org/abs/1803.01498">Yin et al. 2018, definition 1</a>
 */
public final class CoordinateMedian implements Aggregator {
    private final Optional<Path> disk;

    /** The median, with updates that wait in memory. */
    public CoordinateMedian() {
        this(Optional.empty());
    }

    private CoordinateMedian(Optional<Path> disk) {
        this.disk = disk;
    }

    /**
     * This rule with updates that wait in a temporary file instead of memory: a round then takes one update and 32 MB of
     * heap, however many clients it has. The result is the same in every bit.
     *
     * @param folder folder of the file, which is created; it needs four bytes for each parameter of each update
     */
    public CoordinateMedian onDisk(Path folder) {
        return new CoordinateMedian(Optional.of(folder));
    }

    @Override
    public Aggregation open(RoundContext round, Adapter state) {
        return new StoredRound(
                this,
                round,
                state,
                disk,
                updates -> Coordinatewise.reduce(round.globalAdapter(), updates, Coordinatewise::median));
    }

    @Override
    public String toString() {
        return "CoordinateMedian";
    }
}
