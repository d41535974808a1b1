package io.github.fedhds;

import org.jspecify.annotations.Nullable;

/** A file, a model or native code failed. The message names what, and the cause is kept where there is one. */
public class FedHdsException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public FedHdsException(String message) {
        super(message);
    }

    public FedHdsException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
