package io.github.fedhds.aggregation;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.round.RoundContext;
import java.util.Optional;

/**
 * Makes the next global adapter of the clients' adapters. An aggregator is a strategy: its answers depend on its arguments
 * alone, so that many servers and threads may share one. What a rule carries from round to round (momentum, say) is an
 * argument of {@link #open} and a result of {@link Aggregation#state}; the server keeps it. A rule without a state is a
 * lambda:
 *
 * <pre>{@code
 * .aggregator((round, state) -> new MyAggregation(round.globalAdapter()))
 * }</pre>
 */
@FunctionalInterface
public interface Aggregator {
    /**
     * Opens the aggregation of a round; {@link RoundContext#globalAdapter} is the one that the clients started from. Ties
     * between clients go by {@link RoundContext#clients}, never by the order of arrival or the text of an id.
     *
     * @param state what {@link Aggregation#state} gave in the last round that ended with an adapter; empty before the first.
     *     {@link #checkState} has passed it
     */
    Aggregation open(RoundContext round, Adapter state);

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

    /**
     * Checks a state before a round can start from it: one that was saved, when a server is built, and one that {@link
     * Aggregation#state} gave, before the round counts. By default only the empty state passes; a rule with a state
     * overrides this.
     *
     * @param globalAdapter the adapter that goes with the state
     * @param state the state; the empty one, before the first round, always passes
     * @throws IllegalArgumentException if no round of this rule can start from it; the message says why
     */
    default void checkState(Adapter globalAdapter, Adapter state) {
        if (!state.isEmpty()) {
            throw new IllegalArgumentException(
                    "this rule keeps no state (one that does must override checkState), but was given " + state);
        }
    }
}
