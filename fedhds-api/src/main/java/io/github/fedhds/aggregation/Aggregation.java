package io.github.fedhds.aggregation;

import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.training.Adapter;

/**
 * One round's aggregation: takes updates one at a time, then gives the next adapter. Where the round is void or abandoned
 * it is dropped unfinished, and the rule's state must be as if it had never been opened. For one thread at a time.
 */
public interface Aggregation {
    /**
     * Takes one client's update. {@link Aggregator#refusal} has nothing against its adapter and it is the client's only
     * one of the round, for the server has checked that.
     *
     * @throws IllegalArgumentException if the rule does not take this update; it must then be as if it had not come. The
     *     server refuses the update and goes on. After any other exception it gives the round up, for a half of the update
     *     may be in the sums
     */
    void accept(AdapterUpdate update);

    /**
     * Ends the round. The result must not depend on the order of the updates, and has the form of the global adapter and
     * finite values. With no update: the global adapter.
     *
     * @throws IllegalStateException if the rule makes no adapter of these updates, above all if they are fewer than
     *     {@link Aggregator#leastUpdates}; the message names rule, numbers and way out. The rule's state is then as before
     *     the round; the round is void and the adapter stays
     */
    Adapter finish();
}
