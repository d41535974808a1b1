package io.github.fedhds.codec;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.message.MessageKey;
import io.github.fedhds.message.Receipt;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Thrown for bytes that are not a valid message: truncated, changed, of an unknown kind or version, or against a rule
 * of the format. The error names the field, its value and the rule. No part of such a message is used.
 */
public class InvalidMessageException extends FedHdsException {
    private static final long serialVersionUID = 1L;

    private final transient Optional<MessageKey> answers;

    public InvalidMessageException(String message) {
        this(message, null);
    }

    public InvalidMessageException(String message, @Nullable Throwable cause) {
        this(message, cause, Optional.empty());
    }

    private InvalidMessageException(String message, @Nullable Throwable cause, Optional<MessageKey> answers) {
        super(message, cause);
        this.answers = answers;
    }

    /** The same error, with the known part of the message's address. */
    InvalidMessageException answering(Optional<MessageKey> key) {
        return key.isEmpty() ? this : new InvalidMessageException(String.valueOf(getMessage()), this, key);
    }

    /**
     * The receipt for the sender: refused as {@link io.github.fedhds.message.Refusal#UNREADABLE}, with the part of the
     * message's address that could be read.
     */
    public Receipt receipt() {
        return Receipt.unreadable(answers, String.valueOf(getMessage()));
    }
}
