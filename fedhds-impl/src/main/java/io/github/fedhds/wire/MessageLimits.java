package io.github.fedhds.wire;

/** The most that a message may hold, when it is read and when it is written. */
record MessageLimits(
        long bytes, int headerBytes, int clients, int groups, int dimensions, int tensors, int settings, int text) {
    /** Characters of a run's name, a client's, a setting's. */
    static final int NAME = 200;

    /** Characters of an adapter's tensor's name. */
    static final int TENSOR_NAME = 500;

    /** Fields that are no settings. */
    private static final int OWN_FIELDS = 16;

    static final MessageLimits DEFAULT = new MessageLimits(1L << 30, 96 << 10, 4000, 8192, 4096, 560, 1024, 1 << 15);

    int metadata() {
        return settings + OWN_FIELDS;
    }

    /** Refuses a count above the most. */
    static void check(String what, long count, long most) {
        if (count > most) {
            throw new InvalidMessageException(
                    what + " must be " + most + " or less, was " + count + "; a codec with a higher limit takes it");
        }
    }

    /** Refuses a text that is too long, or that no UTF-8 can hold. */
    static String checkText(String field, String text, int most) {
        if (text.length() > most) {
            throw new InvalidMessageException(field + " must have " + most + " characters or less, had " + text.length()
                    + ": " + JsonFile.shorten(text));
        }
        for (int i = 0; i < text.length(); i++) {
            if (Character.isSurrogate(text.charAt(i))) {
                if (i + 1 == text.length() || !Character.isSurrogatePair(text.charAt(i), text.charAt(i + 1))) {
                    throw new InvalidMessageException(field + " holds half of a surrogate pair at " + i);
                }
                i++;
            }
        }
        return text;
    }

    /** A run's or a setting's name. */
    static String checkName(String field, String text) {
        if (text.isEmpty()) {
            throw new InvalidMessageException(field + " must have 1 to " + NAME + " characters, had none");
        }
        return checkText(field, text, NAME);
    }
}
