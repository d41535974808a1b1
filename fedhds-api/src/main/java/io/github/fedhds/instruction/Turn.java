package io.github.fedhds.instruction;

import java.util.Objects;

/**
 * One turn of a conversation.
 *
 * @param role who speaks
 * @param text what is said; may be empty
 */
public record Turn(Role role, String text) {
    /** Who speaks in a turn. */
    public enum Role {
        /** Directions for the whole conversation; only as the first turn. */
        SYSTEM,
        USER,
        ASSISTANT
    }

    public Turn {
        Objects.requireNonNull(role, "role");
        Objects.requireNonNull(text, "text");
    }

    /** Directions for the whole conversation. */
    public static Turn system(String text) {
        return new Turn(Role.SYSTEM, text);
    }

    /** A question or request. */
    public static Turn user(String text) {
        return new Turn(Role.USER, text);
    }

    /** An answer. */
    public static Turn assistant(String text) {
        return new Turn(Role.ASSISTANT, text);
    }
}
