package io.github.fedhds.codec;

import io.github.fedhds.internal.json.JsonFile;
import io.github.fedhds.internal.json.Texts;
import io.github.fedhds.message.MessageLimits;

/** Checks of fields against the limits, for both reading and writing. */
final class MessageChecks {
    /** Maximum number of characters in the name of an adapter's tensor. */
    static final int TENSOR_NAME = 500;

    private MessageChecks() {}

    /** Rejects a count above its limit. */
    static void check(String what, long count, long most) {
        if (count > most) {
            throw new InvalidMessageException(what + " must be " + most + " or less, was " + count
                    + "; a codec with higher MessageLimits takes it");
        }
    }

    /** Rejects a text that is too long, or that UTF-8 cannot encode. */
    static String checkText(String field, String text, int most) {
        if (text.length() > most) {
            throw new InvalidMessageException(field + " must have " + most + " characters or less, had " + text.length()
                    + ": " + JsonFile.shorten(text));
        }
        int lone = Texts.loneSurrogate(text);
        if (lone >= 0) {
            throw new InvalidMessageException(field + " holds half of a surrogate pair at " + lone);
        }
        return text;
    }

    /** Checks the name of a run or a setting. */
    static String checkName(String field, String text) {
        if (text.isEmpty()) {
            throw new InvalidMessageException(
                    field + " must have 1 to " + MessageLimits.NAME + " characters, had none");
        }
        return checkText(field, text, MessageLimits.NAME);
    }

    /** Rejects too many centroids or coordinates, and centroids without coordinates. */
    static void checkPoints(int n, int dimensions, MessageLimits limits) {
        check("centroids of a report", n, limits.centroids());
        check("coordinates of a centroid", dimensions, limits.dimensions());
        if (n > 0 == (dimensions == 0)) {
            throw new InvalidMessageException(
                    "centroids have 1 coordinate or more, and none where there is no centroid; were " + n
                            + " centroids with " + dimensions + " coordinates");
        }
    }
}
