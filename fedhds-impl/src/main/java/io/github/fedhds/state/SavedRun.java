package io.github.fedhds.state;

import io.github.fedhds.ServerState;
import io.github.fedhds.adapter.Adapter;
import java.util.Map;

/**
 * A run between two rounds: the server's state, and data of the application. Immutable, safe for many threads.
 *
 * @param server the server's state
 * @param texts texts of the application, of any length, by name; a name has at least 1 character
 * @param adapters adapters of the application, for example the best one so far, by name; a name has at least 1
 *     character and neither a slash nor a line end
 */
public record SavedRun(ServerState server, Map<String, String> texts, Map<String, Adapter> adapters) {
    public SavedRun {
        texts = Map.copyOf(texts);
        adapters = Map.copyOf(adapters);
        if (texts.containsKey("")) {
            throw new IllegalArgumentException("the name of a text must have 1 character or more, had none");
        }
        for (String name : adapters.keySet()) {
            if (name.isEmpty() || name.indexOf('/') >= 0 || name.indexOf('\n') >= 0) {
                throw new IllegalArgumentException("the name of an adapter must have 1 character or more and neither a"
                        + " slash nor a line end, was \"" + name + "\"");
            }
        }
    }

    /** A run with only a server's state. */
    public static SavedRun of(ServerState server) {
        return new SavedRun(server, Map.of(), Map.of());
    }
}
