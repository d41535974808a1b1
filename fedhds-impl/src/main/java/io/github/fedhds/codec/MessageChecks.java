package io.github.fedhds.codec;

import io.github.fedhds.internal.json.JsonFile;
import io.github.fedhds.message.MessageLimits;

/** Checks of what is read and of what is written against the limits; a fault is named. */
final class MessageChecks {
    /** Characters of an adapter's tensor's name. */
    static final int TENSOR_NAME = 500;

    private MessageChecks() {}

    /** Refuses a count above the most. */
    static void check(String what, long count, long most) {
        if (count > most) {
            throw new InvalidMessageException(what + " must be " + most + " or less, was " + count
                    + "; a codec with higher MessageLimits takes it");
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
            throw new InvalidMessageException(
                    field + " must have 1 to " + MessageLimits.NAME + " characters, had none");
        }
        return checkText(field, text, MessageLimits.NAME);
    }
}
