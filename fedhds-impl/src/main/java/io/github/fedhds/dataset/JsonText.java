package io.github.fedhds.dataset;

import com.google.gson.JsonElement;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.internal.json.JsonFile;
import io.github.fedhds.internal.json.Texts;
import org.jspecify.annotations.Nullable;

/** A text in a data file. */
final class JsonText {
    private JsonText() {}

    /**
     * Returns a text, or a number as text.
     *
     * @param place file and position in it, for messages
     * @throws FedHdsException if it is missing or of another type, or has an unpaired surrogate: it cannot be encoded
     *     in UTF-8, so no tokenizer and no message could carry it
     */
    static String of(String place, String field, @Nullable JsonElement value) {
        if (value == null) {
            throw new FedHdsException(place + ": " + field + " is missing");
        }
        if (!value.isJsonPrimitive()) {
            throw new FedHdsException(
                    place + ": " + field + " must be a text or a number, was " + JsonFile.shorten(value));
        }
        String text = value.getAsString();
        int lone = Texts.loneSurrogate(text);
        if (lone >= 0) {
            throw new FedHdsException(String.format(
                    "%s: %s holds half of a surrogate pair (\\u%04x) after %d characters; the text was cut inside a"
                            + " character such as an emoji: remove the half, or replace it by \\ufffd",
                    place, field, (int) text.charAt(lone), lone));
        }
        return text;
    }
}
