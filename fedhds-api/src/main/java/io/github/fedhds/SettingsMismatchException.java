package io.github.fedhds;

import io.github.fedhds.round.ClientId;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The settings of a client differ from those of the server's opening, or the opening's frame is for feature rows of another
 * length, so the client's answers would be wrong. The message names each difference with both values.
 */
public final class SettingsMismatchException extends FedHdsException {
    private static final long serialVersionUID = 1L;

    private SettingsMismatchException(String message) {
        super(message);
    }

    /** Of a frame for feature rows of another length than this client's. */
    static SettingsMismatchException ofFrame(ClientId client, String fault) {
        return new SettingsMismatchException("the opening's frame does not fit client " + client + ": " + fault);
    }

    /** Does nothing if both have the same names and values. */
    static void check(ClientId client, Map<String, String> server, Map<String, String> own) {
        if (server.equals(own)) {
            return;
        }
        if (server.isEmpty() || own.isEmpty()) {
            String names = String.join(", ", new TreeSet<>(server.isEmpty() ? own.keySet() : server.keySet()));
            throw new SettingsMismatchException((server.isEmpty()
                            ? "the server's opening asks for no agreed settings, client " + client + " has some"
                            : "the server's opening asks for agreed settings, client " + client + " has none")
                    + " (" + names + "); set agreedSettings on both builders");
        }
        TreeSet<String> names = new TreeSet<>(server.keySet());
        names.addAll(own.keySet());
        List<String> differences = new ArrayList<>();
        for (String name : names) {
            String theirs = server.get(name);
            String ours = own.get(name);
            if (!Objects.equals(theirs, ours)) {
                differences.add(name + ": the server " + said(theirs) + ", client " + client + " " + said(ours));
            }
        }
        throw new SettingsMismatchException(String.join("; ", differences) + "; give both sides equal settings");
    }

    private static String said(@Nullable String value) {
        return value == null ? "does not say" : "has " + value;
    }
}
