package io.github.fedhds.codec;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.internal.safetensors.PendingTensor;
import io.github.fedhds.internal.safetensors.SafetensorsFile;
import io.github.fedhds.internal.safetensors.SafetensorsWriter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;

/**
 * Safetensors with a SHA-256 over every byte, as the first field of their metadata: the form of messages and of saved runs.
 * It finds what a disk or a network has changed; it is no signature, and anyone can make one.
 */
public final class SealedSafetensors {
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
        fields.put(MessageSeal.FIELD, MessageSeal.OPEN);
        Map<String, PendingTensor> ordered = SafetensorsWriter.ordered(tensors);
        byte[] header = SafetensorsWriter.header(ordered, fields);
        seal(header, ordered);
        SafetensorsWriter.writeAll(channel, header, ordered);
    }

    /** Puts the digest of header and tensors into the header; gives it in hexadecimal. */
    static String seal(byte[] header, Map<String, PendingTensor> tensors) {
        MessageDigest computed = MessageSeal.digest();
        MessageSeal.begin(ByteBuffer.wrap(header), computed);
        try {
            SafetensorsWriter.writeAll(new DigestChannel(computed), new byte[0], tensors);
        } catch (IOException e) {
            throw new FedHdsException("a digest cannot be computed", e);
        }
        return MessageSeal.close(header, computed);
    }

    /**
     * Reads all of a file and compares its digest.
     *
     * @param label what the file is, for messages
     * @return name of the metadata's field that holds the digest
     * @throws FedHdsException if there is no digest, or another one, or the file cannot be read
     */
    public static String check(String label, SafetensorsFile file) {
        MessageDigest computed = MessageSeal.digest();
        String[] digits = {""};
        try {
            file.forEachPiece(piece -> {
                if (digits[0].isEmpty()) {
                    digits[0] = MessageSeal.begin(piece, computed);
                } else {
                    computed.update(piece);
                }
            });
        } catch (InvalidMessageException e) {
            throw new FedHdsException(
                    label + ": has no " + MessageSeal.FIELD + " where sealed safetensors have it, so it is damaged", e);
        }
        if (!HexFormat.of().formatHex(computed.digest()).equals(digits[0])) {
            throw new FedHdsException(label + ": is damaged, it does not match its " + MessageSeal.FIELD
                    + "; was it cut off or changed?");
        }
        return MessageSeal.FIELD;
    }

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
