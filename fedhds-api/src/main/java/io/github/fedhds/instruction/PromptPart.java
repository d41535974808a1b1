package io.github.fedhds.instruction;

import java.util.Objects;

/**
 * A part of a prompt: text, or one special token of the model, such as {@code <|im_start|>}. Text is never read as a
 * special token, even if it looks like one, so that the text of a sample cannot end its own turn.
 *
 * @param text the text, or the special token as the tokenizer's file writes it
 * @param special true for a special token
 */
public record PromptPart(String text, boolean special) {
    public PromptPart {
        Objects.requireNonNull(text, "text");
    }

    /** A part that is text; may be empty. */
    public static PromptPart text(String text) {
        return new PromptPart(text, false);
    }

    /** A special token. */
    public static PromptPart special(String token) {
        return new PromptPart(token, true);
    }
}
