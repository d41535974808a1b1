package io.github.fedhds;

import java.util.function.Consumer;

/** How two listeners are told of one event. */
final class Both {
    private Both() {}

    /** Tells the first, then the second, also if the first throws; what the first throws passes through afterwards. */
    static <L> void tell(L first, L second, Consumer<L> event) {
        try {
            event.accept(first);
        } catch (RuntimeException e) {
            try {
                event.accept(second);
            } catch (RuntimeException again) {
                e.addSuppressed(again);
            }
            throw e;
        }
        event.accept(second);
    }
}
