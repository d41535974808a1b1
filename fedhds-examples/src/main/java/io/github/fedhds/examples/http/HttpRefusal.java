package io.github.fedhds.examples.http;

/** Why a request is refused: an HTTP status and a sentence. */
final class HttpRefusal extends Exception {
    private static final long serialVersionUID = 1;

    private final int status;

    HttpRefusal(int status, String reason) {
        super(reason);
        this.status = status;
    }

    int status() {
        return status;
    }

    String reason() {
        return String.valueOf(getMessage());
    }
}
