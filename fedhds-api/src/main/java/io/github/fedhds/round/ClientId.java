package io.github.fedhds.round;

import java.util.Objects;

/**
 * Name of a client, unique in a federation; ordered by its text.
 *
 * @param value 1 to 200 characters, no control characters and no unpaired surrogate, which UTF-8 cannot encode
 */
public record ClientId(String value) implements Comparable<ClientId> {
    private static final int MAX_LENGTH = 200;

    public ClientId {
        Objects.requireNonNull(value, "value");
        checkName("a client id", value);
    }

    /**
     * Checks a name that is sent in messages: of a client, a run or a setting.
     *
     * @param what kind of name, for the error message
     * @throws IllegalArgumentException if the name breaks the rule
     */
    public static void checkName(String what, String value) {
        boolean travels = value.codePoints()
                .noneMatch(c -> Character.isISOControl(c) || Character.getType(c) == Character.SURROGATE);
        if (value.isBlank() || value.length() > MAX_LENGTH || !travels) {
            throw new IllegalArgumentException(what + " has 1 to " + MAX_LENGTH
                    + " characters, not only spaces, no control characters and no half of a surrogate pair, was \""
                    + value + "\"");
        }
    }

    @Override
    public int compareTo(ClientId other) {
        return value.compareTo(other.value);
    }

    @Override
    public String toString() {
        return value;
    }
}
