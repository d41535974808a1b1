package io.github.fedhds.aggregation;

import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.training.Adapter;

/** One round's aggregation: takes updates one at a time, then gives the next adapter. For one thread at a time. */
public interface Aggregation {
    /**
     * Takes one client's update; its adapter has the names and shapes of the global one and finite values, for the
     * server has checked that.
     */
    void accept(AdapterUpdate update);

    /** Ends the round. The result must not depend on the order of the updates. With no update: the global adapter. */
    Adapter finish();
}
