package io.github.fedhds.codec;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.internal.safetensors.PendingTensor;
import io.github.fedhds.internal.safetensors.SafetensorsFile;
import io.github.fedhds.internal.safetensors.SafetensorsWriter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;

/**
 * Safetensors with a SHA-256 as the first metadata field: the format of messages and saved runs. The digest covers all
 * bytes except its own 64 hexadecimal digits, which are at the same position in every file. It detects damage by disk
 * or network; it is not a signature, because anyone can compute it.
 */
public final class SealedSafetensors {
    static final String FIELD = "SHA-256";

    /** Placeholder for the digits. */
    static final String OPEN = "0".repeat(64);

    private static final byte[] BEFORE =
            ("{\"__metadata__\":{\"" + FIELD + "\":\"").getBytes(StandardCharsets.US_ASCII);

    /** Begin and end of the digits, from the first byte. */
    private static final int START = 8 + BEFORE.length;

    private static final int END = START + OPEN.length();

    private SealedSafetensors() {}

    /**
     * Writes tensors and metadata with their digest; does not close the channel. Each tensor's content is produced
     * twice, for the digest and for the file.
     *
     * @param metadata fields whose names begin with a small letter
     * @throws IllegalArgumentException if a name or field is not allowed in a file
     */
    public static void write(
            WritableByteChannel channel, Map<String, PendingTensor> tensors, Map<String, String> metadata)
            throws IOException {
        Map<String, String> fields = new TreeMap<>(metadata);
        fields.put(FIELD, OPEN);
        SafetensorsWriter file = new SafetensorsWriter(tensors, fields);
        seal(file);
        file.writeTo(channel);
    }

    /** Inserts the digest into a file's header; returns it in hexadecimal. */
    static String seal(SafetensorsWriter file) {
        MessageDigest computed = digest();
        begin(ByteBuffer.wrap(file.header()), computed);
        try {
            file.writeTensors(new DigestChannel(computed));
        } catch (IOException e) {
            throw new FedHdsException("a digest cannot be computed", e);
        }
        return close(file.header(), computed);
    }

    /**
     * Reads the whole file and checks its digest.
     *
     * @param label name of the file, for messages
     * @return name of the metadata field with the digest
     * @throws FedHdsException if the digest is missing or wrong, or the file cannot be read
     */
    public static String check(String label, SafetensorsFile file) {
        MessageDigest computed = digest();
        String[] digits = {""};
        try {
            file.forEachPiece(piece -> {
                if (digits[0].isEmpty()) {
                    digits[0] = begin(piece, computed);
                } else {
                    computed.update(piece);
                }
            });
        } catch (InvalidMessageException e) {
            throw new FedHdsException(
                    label + ": has no " + FIELD + " where sealed safetensors have it, so it is damaged", e);
        }
        if (!HexFormat.of().formatHex(computed.digest()).equals(digits[0])) {
            throw new FedHdsException(
                    label + ": is damaged, it does not match its " + FIELD + "; was it cut off or changed?");
        }
        return FIELD;
    }

    static MessageDigest digest() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-256", e);
        }
    }

    /**
     * Adds the first bytes without the digits to the digest, and returns the digits. The bytes must include all digits.
     */
    static String begin(ByteBuffer head, MessageDigest digest) {
        if (head.remaining() < END) {
            throw new InvalidMessageException("the message has " + head.remaining()
                    + " bytes before its numbers, the least are " + END + "; was it cut off?");
        }
        int from = head.position();
        if (!head.slice(from + 8, BEFORE.length).equals(ByteBuffer.wrap(BEFORE))) {
            throw new InvalidMessageException("the bytes are no message of FedHDS: after 8 bytes it must begin with "
                    + new String(BEFORE, StandardCharsets.US_ASCII));
        }
        byte[] digits = new byte[END - START];
        head.get(from + START, digits);
        digest.update(head.duplicate().limit(from + START));
        digest.update(head.duplicate().position(from + END));
        return new String(digits, StandardCharsets.ISO_8859_1);
    }

    /** Compares a message's digits with the computed digest; returns them. */
    static String check(String digits, MessageDigest digest) {
        String computed = HexFormat.of().formatHex(digest.digest());
        if (!computed.equals(digits)) {
            throw new InvalidMessageException("the message's digest is " + computed + ", it should be "
                    + (digits.chars().allMatch(c -> c > ' ' && c < 127) ? digits : "hexadecimal digits")
                    + "; was it cut off or changed on its way?");
        }
        return computed;
    }

    /** Inserts the digits; returns them. */
    static String close(byte[] head, MessageDigest digest) {
        String digits = HexFormat.of().formatHex(digest.digest());
        System.arraycopy(digits.getBytes(StandardCharsets.US_ASCII), 0, head, START, OPEN.length());
        return digits;
    }

    /** Unlike a stream's channel, it works on an interrupted thread, because it does no I/O. */
    private record DigestChannel(MessageDigest digest) implements WritableByteChannel {
        @Override
        public int write(ByteBuffer from) {
            int count = from.remaining();
            digest.update(from);
            return count;
        }

        @Override
        public boolean isOpen() {
            return true;
        }

        @Override
        public void close() {}
    }
}
