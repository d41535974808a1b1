package io.github.fedhds.state;

import io.github.fedhds.FedHdsException;
import org.jspecify.annotations.Nullable;

/**
 * Bytes that are no saved state: cut off, changed, of another version, or against a rule of the form. The error names where
 * the bytes are from, the field, its value and the rule. Nothing of such a state is used.
 */
public class InvalidStateException extends FedHdsException {
    private static final long serialVersionUID = 1L;

    public InvalidStateException(String message) {
        this(message, null);
    }

    public InvalidStateException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
