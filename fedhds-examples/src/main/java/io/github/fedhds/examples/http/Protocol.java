package io.github.fedhds.examples.http;

import java.security.SecureRandom;
import java.util.Base64;

/**
 * Names of the protocol, version 1. A client asks for its next message with GET and answers with POST, both at one path. Each request has
 * the client's token, the protocol's version, the time and a nonce, which is used once.
 */
final class Protocol {
    static final int VERSION = 1;

    static final String PATH = "/v1/messages";

    /** Bytes of a message, as a codec writes them. */
    static final String CONTENT_TYPE = "application/vnd.fedhds.message";

    static final String VERSION_HEADER = "FedHDS-Version";

    /** Seconds since 1970. */
    static final String TIME_HEADER = "FedHDS-Time";

    static final String NONCE_HEADER = "FedHDS-Nonce";

    static final int OK = 200;
    static final int NO_CONTENT = 204;
    static final int BAD_REQUEST = 400;
    static final int UNAUTHORIZED = 401;
    static final int FORBIDDEN = 403;
    static final int NOT_FOUND = 404;
    static final int WRONG_METHOD = 405;
    static final int TOO_SLOW = 408;
    static final int REPLAYED = 409;
    static final int OVER = 410;
    static final int TOO_LARGE = 413;
    static final int WRONG_TYPE = 415;
    static final int OTHER_VERSION = 426;
    static final int TOO_MANY = 429;
    static final int FAILED = 500;

    private static final SecureRandom RANDOM = new SecureRandom();

    private Protocol() {}

    /** Random bytes as text of letters, digits, - and _. */
    static String random(int bytes) {
        byte[] random = new byte[bytes];
        RANDOM.nextBytes(random);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(random);
    }
}
