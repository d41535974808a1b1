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
 * Safetensors with a SHA-256 as the first field of their metadata: the form of messages and of saved runs. The digest is over
 * every byte but its own 64 hexadecimal digits, which stand at the same place in every file. It finds what a disk or a network
 * has changed; it is no signature, and anyone can make one.
 */
public final class SealedSafetensors {
    static final String FIELD = "SHA-256";

    /** The digits before they are known. */
    static final String OPEN = "0".repeat(64);

    private static final byte[] BEFORE =
            ("{\"__metadata__\":{\"" + FIELD + "\":\"").getBytes(StandardCharsets.US_ASCII);

    /** Where the digits begin and end, from the first byte. */
    private static final int START = 8 + BEFORE.length;

    private static final int END = START + OPEN.length();

    private SealedSafetensors() {}

    /**
     * Writes tensors and metadata with their digest; does not close the channel. Each tensor's content is asked for twice, for
     * the digest and for the bytes.
     *
     * @param metadata fields whose names begin with a small letter
     * @throws IllegalArgumentException if a name or a field cannot stand in a file
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

    /** Puts the digest into a file's header; gives it in hexadecimal. */
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
     * Reads all of a file and compares its digest.
     *
     * @param label what the file is, for messages
     * @return name of the metadata's field that holds the digest
     * @throws FedHdsException if there is no digest, or another one, or the file cannot be read
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

    /** Adds the first bytes to the digest, all but the digits; gives the digits. The bytes reach beyond them. */
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

    /** Compares a message's digits with what was computed; gives them. */
    static String check(String digits, MessageDigest digest) {
        String computed = HexFormat.of().formatHex(digest.digest());
        if (!computed.equals(digits)) {
            throw new InvalidMessageException("the message's digest is " + computed + ", it should be "
                    + (digits.chars().allMatch(c -> c > ' ' && c < 127) ? digits : "hexadecimal digits")
                    + "; was it cut off or changed on its way?");
        }
        return computed;
    }

    /** Puts the digits in; gives them. */
    static String close(byte[] head, MessageDigest digest) {
        String digits = HexFormat.of().formatHex(digest.digest());
        System.arraycopy(digits.getBytes(StandardCharsets.US_ASCII), 0, head, START, OPEN.length());
        return digits;
    }

    /** Unlike a channel of a stream, it can be used by an interrupted thread, as it does no input or output. */
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
