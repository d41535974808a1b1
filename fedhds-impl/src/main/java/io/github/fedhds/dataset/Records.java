package io.github.fedhds.dataset;

import java.io.Closeable;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The rows of a data file, one at a time. */
interface Records extends Closeable {
    /** Kind of the file, for messages. */
    String kind();

    /** Names of the columns of a table; empty if each row has its own keys. */
    default List<String> columns() {
        return List.of();
    }

    /**
     * The next row, null after the last one.
     *
     * @throws IOException if the file cannot be read
     * @throws io.github.fedhds.FedHdsException if it is damaged
     */
    @Nullable
    DataRecord next() throws IOException;
}
