package io.github.fedhds.aggregation;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.message.AdapterUpdate;

/**
 * One round's aggregation: takes updates one at a time, then returns the next adapter and the state for the next round.
 * If the round is void or abandoned, it is dropped without {@link #finish}. It changes nothing outside itself. For one thread
 * at a time.
 */
public interface Aggregation {
    /**
     * Takes one client's update. The server has already checked that {@link Aggregator#refusal} accepts
     * the adapter and that the client has sent no other update in this round.
     *
     * @throws IllegalArgumentException if the rule refuses this update. It must then have no effect: the server refuses the
     *     update and continues. After any other exception the server gives up the round, because a part of the update may
     *     already be in the sums
     */
    void accept(AdapterUpdate update);

    /**
     * Ends the round. The result must not depend on the order of the updates, must have the names and shapes of the global
     * adapter, and finite values. Without updates it is the global
     * adapter, unless {@link Aggregator#changesWithoutUpdates}.
     *
     * @throws IllegalStateException if the rule cannot make an adapter from these updates, for example if there are fewer than
     *     {@link Aggregator#leastUpdates}; the message names the rule, the numbers and what to change. The round is void,
     *     and adapter and state stay as they were
     */
    Adapter finish();

    /**
     * The state for the next round's {@link Aggregator#open}; empty by default. Called after {@link #finish}. Without updates it
     * is the state that this round was opened with.
     */
    default Adapter state() {
        return Adapter.empty();
    }
}
