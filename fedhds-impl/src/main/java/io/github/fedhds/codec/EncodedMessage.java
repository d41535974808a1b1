package io.github.fedhds.codec;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.internal.safetensors.SafetensorsWriter;
import io.github.fedhds.message.MessageKind;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;

/**
 * A message that is ready to be sent. Header and digest are complete; the numbers of an adapter are encoded while they
 * are written, 256 KiB at a time. Can be written several times, always with the same bytes. Immutable, safe for many
 * threads.
 */
public final class EncodedMessage {
    private final MessageKind kind;
    private final SafetensorsWriter file;
    private final String digest;
    private final RoundingError roundingError;

    EncodedMessage(MessageKind kind, SafetensorsWriter unsealed, RoundingError roundingError) {
        this.kind = kind;
        this.roundingError = roundingError;
        file = unsealed;
        digest = SealedSafetensors.seal(file);
    }

    /** Kind of the message. */
    public MessageKind kind() {
        return kind;
    }

    /** Length in bytes. */
    public long bytes() {
        return file.bytes();
    }

    /** SHA-256 in hexadecimal; equal for equal messages. */
    public String digest() {
        return digest;
    }

    /**
     * The rounding error of its adapter by {@link AdapterPrecision}; {@link RoundingError#NONE} if exact or without an
     * adapter.
     */
    public RoundingError roundingError() {
        return roundingError;
    }

    /**
     * The bytes; memory must hold the message twice.
     *
     * @throws FedHdsException if there are more than an array can hold
     */
    public byte[] toByteArray() {
        long bytes = bytes();
        if (bytes > Integer.MAX_VALUE - 8) {
            throw new FedHdsException(
                    "the message has " + bytes + " bytes, more than an array can hold; write it to a stream");
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream((int) bytes);
        try {
            writeTo(out);
        } catch (IOException e) {
            throw new FedHdsException("cannot write to memory", e);
        }
        return out.toByteArray();
    }

    /** Writes the bytes and leaves the channel open. */
    public void writeTo(WritableByteChannel channel) throws IOException {
        file.writeTo(channel);
    }

    /** Writes the bytes and leaves the stream open. */
    public void writeTo(OutputStream out) throws IOException {
        writeTo(Channels.newChannel(out));
    }

    /**
     * Writes a temporary file and moves it into place.
     *
     * @throws FedHdsException if it cannot be written
     */
    public void writeTo(Path file) {
        this.file.writeTo(file);
    }

    @Override
    public String toString() {
        return "EncodedMessage[" + MessageForms.name(kind) + ", " + bytes() + " bytes, " + digest + "]";
    }
}
