package io.github.fedhds.wire;

import io.github.fedhds.FedHdsException;
import org.jspecify.annotations.Nullable;

/**
 * Bytes that are no message: cut off, changed, of an unknown kind or version, or against a rule of the form. The error names
 * the field, its value and the rule. Nothing of such a message is used.
 */
public class InvalidMessageException extends FedHdsException {
    private static final long serialVersionUID = 1L;

    public InvalidMessageException(String message) {
        super(message);
    }

    public InvalidMessageException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
