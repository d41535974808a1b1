package io.github.fedhds;

import java.lang.System.Logger.Level;
import java.util.List;
import java.util.function.Consumer;

/** Calls listeners. A listener that throws is logged and does not change what the caller does. */
final class Listeners {
    private static final System.Logger LOGGER = System.getLogger("io.github.fedhds");

    private Listeners() {}

    /**
     * Calls each listener.
     *
     * @param owner whose listeners they are, for the log
     */
    static <T> void tell(List<T> listeners, String owner, Consumer<T> event) {
        for (T listener : listeners) {
            try {
                event.accept(listener);
            } catch (VirtualMachineError e) { // such as OutOfMemoryError: nothing can be relied on any more
                throw e;
            } catch (Throwable e) { // also checked exceptions, which other languages throw without a declaration
                LOGGER.log(Level.WARNING, "a listener of the " + owner + " failed; the " + owner + " continues", e);
            }
        }
    }
}
