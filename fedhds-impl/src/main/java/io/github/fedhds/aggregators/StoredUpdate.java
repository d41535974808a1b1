package io.github.fedhds.aggregators;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.message.AdapterUpdate;

/** An update that waits for the end of its round, in memory or in a file, whose values are read in blocks. */
interface StoredUpdate {
    /** The update, read as a whole. */
    AdapterUpdate whole();

    /**
     * Reads a block of the values of a tensor.
     *
     * @param from index of the first value
     * @param into receives the values from its start on
     * @param count number of values, at most {@code into.length}
     */
    void read(String tensor, int from, float[] into, int count);

    /** An update that stays in memory. */
    static StoredUpdate inMemory(AdapterUpdate update) {
        Adapter adapter = update.adapter();
        return new StoredUpdate() {
            @Override
            public AdapterUpdate whole() {
                return update;
            }

            @Override
            public void read(String name, int from, float[] into, int count) {
                Tensor tensor = Coordinatewise.tensor(adapter, name);
                for (int i = 0; i < count; i++) {
                    into[i] = tensor.get(from + i);
                }
            }
        };
    }
}
