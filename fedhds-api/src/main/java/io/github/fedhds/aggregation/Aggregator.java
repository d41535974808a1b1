package io.github.fedhds.aggregation;

import io.github.fedhds.RoundContext;
import io.github.fedhds.training.Adapter;
import java.util.Optional;

/** Makes the next global adapter of the clients' adapters. */
@FunctionalInterface
public interface Aggregator {
    /** Opens the aggregation of a round; {@link RoundContext#globalAdapter} is the one that the clients started from. */
    Aggregation open(RoundContext round);

    /**
     * Why an update cannot take part, whoever sent it; by default, if it differs in form from the global adapter or holds
     * NaN or infinity. A rule that takes other forms (another rank, say) decides here. The server asks before it hands an
     * update on. Throws nothing, whatever the update holds.
     */
    default Optional<String> refusal(Adapter globalAdapter, Adapter update) {
        return globalAdapter.differenceInForm(update).or(update::firstNonFinite);
    }

    /**
     * Accepted updates without which {@link Aggregation#finish} refuses to make an adapter, 1 or more; 1 by default. A
     * robust rule needs the more, the more attackers it tolerates.
     */
    default int leastUpdates() {
        return 1;
    }

    /** State that a rule carries from round to round (momentum, say), to be saved with a checkpoint; empty by default. */
    default Adapter state() {
        return Adapter.empty();
    }

    /**
     * Puts back a saved {@link #state}; the empty one is that before the first round, which a server that begins a run
     * asks for.
     *
     * @throws IllegalArgumentException if the state is of another form than this rule's
     */
    default void restore(Adapter state) {
        if (!state.isEmpty()) {
            throw new IllegalArgumentException("this rule keeps no state, but was given " + state);
        }
    }
}
