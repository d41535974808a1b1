package io.github.fedhds.aggregation;

import io.github.fedhds.RoundContext;
import io.github.fedhds.training.Adapter;

/** Makes the next global adapter of the clients' adapters. */
@FunctionalInterface
public interface Aggregator {
    /** Opens the aggregation of a round; {@link RoundContext#globalAdapter} is the one that the clients started from. */
    Aggregation open(RoundContext round);

    /** State that a rule carries from round to round (momentum, say), to be saved with a checkpoint; empty by default. */
    default Adapter state() {
        return Adapter.empty();
    }

    /**
     * Puts back a saved {@link #state}.
     *
     * @throws IllegalArgumentException if the state is of another form than this rule's
     */
    default void restore(Adapter state) {
        if (!state.isEmpty()) {
            throw new IllegalArgumentException("this rule keeps no state, but was given " + state);
        }
    }
}
