package io.github.fedhds.aggregation;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.message.AdapterUpdate;

/**
 * One round's aggregation: takes updates one at a time, then gives the next adapter and the state for the next round.
 * Where the round is void or abandoned it is dropped unfinished. Changes nothing outside itself. For one thread at a time.
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
     *     {@link Aggregator#leastUpdates}; the message names rule, numbers and way out. The round is void; adapter and
     *     state stay
     */
    Adapter finish();

    /**
     * What the next round's {@link Aggregator#open} is given; empty by default. Asked after {@link #finish} gave an adapter.
     * Without any update it is the state that this round was opened with.
     */
    default Adapter state() {
        return Adapter.empty();
    }
}
