package io.github.fedhds.state;

import io.github.fedhds.FedHdsException;
import org.jspecify.annotations.Nullable;

/**
 * Bytes that are not a valid saved state: truncated, changed, of another version, or against a rule of the format. The
 * message names the source, the field, its value and the rule. Nothing of such a state is used.
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
