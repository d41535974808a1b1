package io.github.fedhds;

/**
 * Name of a client, unique in a federation; ordered by its text.
 *
 * @param value 1 to 200 characters, no control characters and no half of a surrogate pair, which UTF-8 cannot hold
 */
public record ClientId(String value) implements Comparable<ClientId> {
    public ClientId {
        if (value.isEmpty() || value.length() > 200 || holdsControl(value)) {
            throw new IllegalArgumentException(
                    "a client id has 1 to 200 characters and no control characters, was \"" + value + "\"");
        }
        if (value.codePoints().anyMatch(code -> Character.getType(code) == Character.SURROGATE)) {
            throw new IllegalArgumentException(
                    "a client id has whole characters, but half of a surrogate pair is in \"" + value + "\"");
        }
    }

    private static boolean holdsControl(String value) {
        for (int i = 0; i < value.length(); i++) {
            if (Character.isISOControl(value.charAt(i))) {
                return true;
            }
        }
        return false;
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
