package io.github.fedhds.aggregation;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.round.RoundContext;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Combines the clients' adapters into the next global adapter. An aggregator is stateless: its results depend only on its
 * arguments, so several servers and threads may share it. State between rounds, such as momentum, is an argument of {@link
 * #open} and a result of {@link Aggregation#state}, and the server keeps it. A rule without state can be a lambda:
 *
 * <pre>{@code
 * .aggregator((round, state) -> new MyAggregation(round.globalAdapter()))
 * }</pre>
 */
@FunctionalInterface
public interface Aggregator {
    /**
     * Opens the aggregation of a round; {@link RoundContext#globalAdapter} is the adapter that the clients started from.
     * Break ties between clients by their order in {@link RoundContext#clients}, never by order of arrival or the text of an
     * id.
     *
     * @param state the result of {@link Aggregation#state} in the last round that ended with an adapter; empty before the first.
     *     {@link #checkState} has accepted it
     */
    Aggregation open(RoundContext round, Adapter state);

    /**
     * Returns why an adapter cannot take part, or empty if it can. By default it is refused if its names or shapes differ from
     * the global adapter's, or if a value is NaN or infinite. A rule that accepts other shapes, such as other ranks,
     * overrides this. The server calls it before it passes an update on. Must not throw.
     */
    default Optional<String> refusal(Adapter globalAdapter, Adapter update) {
        return globalAdapter.differenceInForm(update).or(update::firstNonFinite);
    }

    /**
     * Minimum number of accepted updates for {@link Aggregation#finish}, 1 or more; 1 by default. The more attackers a robust
     * rule tolerates, the more updates it needs.
     */
    default int leastUpdates() {
        return 1;
    }

    /**
     * The most samples that a client counts for, if the result depends on the updates only through the mean of their adapters, weighted by
     * samples up to that number. Empty, the default, if the rule needs each update; it cannot be used with {@link SecureAggregation} then.
     */
    default OptionalInt greatestWeight() {
        return OptionalInt.empty();
    }

    /**
     * The clients of a round; by default those that the server's sampler has named. A rule whose promise depends on who takes part draws
     * them itself. A rule inside another one decides for both.
     *
     * @param registered all clients, in registered order
     * @param sampled those that the sampler has named
     * @param round the round, as a sampler gets it
     */
    default List<ClientId> clients(List<ClientId> registered, List<ClientId> sampled, RoundContext round) {
        return sampled;
    }

    /**
     * Whether {@link Aggregation#finish} changes the adapter without updates too, as a rule with noise does: then a round may have no
     * clients, and the server asks the rule for the result of a round without updates. False by default.
     */
    default boolean changesWithoutUpdates() {
        return false;
    }

    /**
     * Checks a state before a round starts from it: a saved state when a server is built, and the result of {@link
     * Aggregation#state} before the round counts. By default only the empty state is valid; a rule with state overrides
     * this.
     *
     * @param globalAdapter the global adapter after the same round
     * @param state the state; the empty state, before the first round, must be valid
     * @throws IllegalArgumentException if this rule cannot start a round from it; the message says why
     */
    default void checkState(Adapter globalAdapter, Adapter state) {
        if (!state.isEmpty()) {
            throw new IllegalArgumentException(
                    "this rule keeps no state (one that does must override checkState), but was given " + state);
        }
    }
}
