package io.github.fedhds.codec;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * The digest of a message: SHA-256 of all its bytes but the 64 hexadecimal digits that hold it, which stand at the same place
 * in every message. It finds what the way has changed; it is no signature, and anyone can make one.
 */
final class MessageSeal {
    static final String FIELD = "SHA-256";
    static final String OPEN = "0".repeat(64);

    private static final byte[] BEFORE =
            ("{\"__metadata__\":{\"" + FIELD + "\":\"").getBytes(StandardCharsets.US_ASCII);

    /** Where the digits begin and end, from the message's first byte. */
    private static final int START = 8 + BEFORE.length;

    private static final int END = START + OPEN.length();

    private MessageSeal() {}

    static MessageDigest digest() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-256", e);
        }
    }

    /** Takes a message's beginning in, all but the digits; gives the digits. The beginning reaches beyond them. */
    static String begin(ByteBuffer head, MessageDigest digest) {
        if (head.remaining() < END) {
            throw new InvalidMessageException("the message has " + head.remaining()
                    + " bytes before its numbers, the least are " + END + "; was it cut off?");
        }
        int from = head.position();
        for (int i = 0; i < BEFORE.length; i++) {
            if (head.get(from + 8 + i) != BEFORE[i]) {
                throw new InvalidMessageException(
                        "the bytes are no message of FedHDS: after 8 bytes it must begin with "
                                + new String(BEFORE, StandardCharsets.US_ASCII));
            }
        }
        byte[] digits = new byte[END - START];
        head.duplicate().position(from + START).get(digits);
        digest.update(head.duplicate().limit(from + START));
        digest.update(head.duplicate().position(from + END));
        return new String(digits, StandardCharsets.ISO_8859_1);
    }

    /** Compares the digits with what was computed. */
    static String check(String digits, MessageDigest digest) {
        String computed = HexFormat.of().formatHex(digest.digest());
        if (!computed.equals(digits)) {
            throw new InvalidMessageException("the message's digest is " + computed + ", it should be "
                    + (digits.chars().allMatch(c -> c > ' ' && c < 127) ? digits : "hexadecimal digits")
                    + "; was it cut off or changed on its way?");
        }
        return computed;
    }

    /** Puts the digits in. */
    static String close(byte[] head, MessageDigest digest) {
        String digits = HexFormat.of().formatHex(digest.digest());
        System.arraycopy(digits.getBytes(StandardCharsets.US_ASCII), 0, head, START, OPEN.length());
        return digits;
    }
}
