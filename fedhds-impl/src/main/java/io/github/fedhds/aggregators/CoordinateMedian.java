package io.github.fedhds.aggregators;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.aggregation.Aggregation;
import io.github.fedhds.aggregation.Aggregator;
import io.github.fedhds.round.RoundContext;

/**
 * The median of each coordinate over the clients; for an even number, the mean of the two middle values. Every client
 * has equal weight. With f attackers among n clients, 2f &lt; n, each coordinate stays within the range of the honest
 * clients. Holds all updates of a round; time O(d n log n). Has no state. Immutable, safe for many threads; each
 * aggregation for one thread.
 *
 * @see <a href="https://arxiv.org/abs/1803.01498">Yin et al. 2018, definition 1</a>
 */
public final class CoordinateMedian implements Aggregator {
    @Override
    public Aggregation open(RoundContext round, Adapter state) {
        return new StoredRound(
                this,
                round,
                state,
                updates -> Coordinatewise.reduce(round.globalAdapter(), updates, Coordinatewise::median));
    }

    @Override
    public String toString() {
        return "CoordinateMedian";
    }
}
