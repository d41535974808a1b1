package io.github.fedhds.dataset;

import com.google.gson.JsonElement;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.internal.json.JsonFile;

/** A text in a data file. */
final class JsonText {
    private JsonText() {}

    /**
     * Returns a text, or a number as text.
     *
     * @param place file and position in it, for messages
     * @throws FedHdsException if the value is of another type, or has an unpaired surrogate: it cannot be encoded in
     *     UTF-8, so no tokenizer and no message could carry it
     */
    static String of(String place, String field, JsonElement value) {
        if (!value.isJsonPrimitive()) {
            throw new FedHdsException(
                    place + ": " + field + " must be a text or a number, was " + JsonFile.shorten(value));
        }
        String text = value.getAsString();
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (!Character.isSurrogate(c)) {
                continue;
            }
            if (Character.isHighSurrogate(c) && i + 1 < text.length() && Character.isLowSurrogate(text.charAt(i + 1))) {
                i++;
                continue;
            }
            throw new FedHdsException(String.format(
                    "%s: %s holds half of a surrogate pair (\\u%04x) after %d characters; the text was cut inside a"
                            + " character such as an emoji: remove the half, or replace it by \\ufffd",
                    place, field, (int) c, i));
        }
        return text;
    }
}
