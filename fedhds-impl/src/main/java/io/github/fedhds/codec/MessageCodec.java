package io.github.fedhds.codec;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.internal.file.FileFault;
import io.github.fedhds.internal.json.JsonFile;
import io.github.fedhds.internal.safetensors.SafetensorsHeader;
import io.github.fedhds.internal.safetensors.SafetensorsWriter;
import io.github.fedhds.message.Message;
import io.github.fedhds.message.MessageKind;
import io.github.fedhds.message.MessageLimits;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.BiFunction;

/**
 * Encodes and decodes messages: a safetensors container, with the fields as metadata and a SHA-256 over all bytes.
 * Equal messages give equal bytes, on every machine; numbers are exact, unless a lower {@link AdapterPrecision} is
 * chosen. Bytes are untrusted: each count is checked against the available bytes and against a limit before memory is
 * allocated for it.
 *
 * <p>Heap for decoding, in addition to the message: at most one tensor's numbers for bytes in memory, one tensor's
 * bytes for a stream or file. Time: SHA-256 and one pass over the numbers. Immutable, safe for many threads.
 *
 * <pre>{@code
 * MessageCodec codec = MessageCodec.of(server.messageLimits());
 * byte[] bytes = codec.encode(client.summarise(opening)).toByteArray();
 * Receipt receipt = server.accept(codec.decode(bytes).message());
 * }</pre>
 *
 * @see <a href="https://huggingface.co/docs/safetensors/index">The container</a>
 */
public final class MessageCodec {
    /** The version that is written; this version and all earlier ones can be read. */
    public static final int VERSION = 1;

    private static final String FORMAT = "fedhds-message";
    /** Maximum number of fields that are not settings. */
    private static final int OWN_FIELDS = 16;

    private static final MessageCodec DEFAULTS = builder().build();

    private final MessageLimits limits;
    private final AdapterPrecision openings;
    private final AdapterPrecision updates;

    private MessageCodec(Builder builder) {
        limits = builder.limits;
        openings = builder.openings;
        updates = builder.updates;
    }

    /** A codec with the default limits, for adapters of at most 278 tensors; writes adapters exactly. */
    public static MessageCodec defaults() {
        return DEFAULTS;
    }

    /** A codec with these limits; writes adapters exactly. */
    public static MessageCodec of(MessageLimits limits) {
        return builder().limits(limits).build();
    }

    public static Builder builder() {
        return new Builder();
    }

    /**
     * The byte form of a message.
     *
     * @throws IllegalArgumentException if this codec could not read it: a number is not finite, a name is too long, or
     *     a count is above its limit; the message names it
     */
    public EncodedMessage encode(Message message) {
        return written(message, (file, error) -> new EncodedMessage(message.kind(), file, error));
    }

    /**
     * Length of the byte form of a message, without encoding it.
     *
     * @throws IllegalArgumentException as in {@link #encode(Message)}
     */
    public long bytes(Message message) {
        return written(message, (file, error) -> file.bytes());
    }

    private <T> T written(Message message, BiFunction<SafetensorsWriter, RoundingError, T> use) {
        MessageKind kind = message.kind();
        try {
            FieldWriter<Message> fields =
                    new FieldWriter<>(limits, message, kind == MessageKind.OPENING ? openings : updates);
            MessageForms.message(kind(fields), fields);
            return use.apply(fields.unsealed(), fields.error());
        } catch (InvalidMessageException e) {
            throw new IllegalArgumentException(
                    "this " + MessageForms.name(kind) + " message cannot be written: " + e.getMessage(), e);
        }
    }

    /**
     * Reads a message in memory; checks the digest first.
     *
     * @throws InvalidMessageException if the bytes are not a valid message, or it exceeds the limits
     */
    public ReceivedMessage decode(byte[] bytes) {
        return decode(ByteBuffer.wrap(bytes));
    }

    /**
     * Reads a message from position to limit; checks the digest first. The bytes must not change during the call. Does
     * not change the buffer's position.
     *
     * @throws InvalidMessageException if the bytes are not a valid message, or it exceeds the limits
     */
    public ReceivedMessage decode(ByteBuffer bytes) {
        return typed(new MessageSource.Memory(bytes));
    }

    /**
     * Reads a stream with one message to its end, and leaves it open. Memory grows only as bytes arrive; the digest is
     * checked at the end, before the message is returned.
     *
     * @throws InvalidMessageException if the bytes are not a valid message, or it exceeds the limits
     * @throws FedHdsException if the stream cannot be read
     */
    public ReceivedMessage decode(InputStream in) {
        return typed(new MessageSource.Stream(in));
    }

    /**
     * Reads a file, as a stream.
     *
     * @throws InvalidMessageException if the bytes are not a valid message, or it exceeds the limits
     * @throws FedHdsException if the file cannot be read
     */
    public ReceivedMessage decode(Path file) {
        try (InputStream in = new BufferedInputStream(Files.newInputStream(file))) {
            return decode(in);
        } catch (InvalidMessageException e) {
            throw new InvalidMessageException(file + ": " + e.getMessage(), e);
        } catch (FedHdsException e) {
            throw new FedHdsException(file + ": " + e.getMessage(), e);
        } catch (IOException e) {
            throw FileFault.of(file, "cannot be read", e);
        }
    }

    private ReceivedMessage typed(MessageSource source) {
        Map<String, String> address = new HashMap<>(); // of an invalid message, for the receipt
        try {
            return read(source, address);
        } catch (InvalidMessageException e) {
            throw e.answering(MessageForms.address(address));
        } catch (IllegalArgumentException e) { // a rule of the message itself
            throw new InvalidMessageException(String.valueOf(e.getMessage()), e)
                    .answering(MessageForms.address(address));
        }
    }

    private ReceivedMessage read(MessageSource source, Map<String, String> address) {
        ByteBuffer head = source.head(limits);
        SafetensorsHeader header = header(head.slice(8, head.limit() - 8), source.remaining());
        long bytes = head.limit() + header.dataBytes();
        FieldReader<Message> fields = new FieldReader<>(limits, header.metadata());
        address.putAll(header.metadata());
        MessageChecks.check("bytes of the message", bytes, limits.bytes());
        MessageKind kind = kind(fields);
        for (Map.Entry<String, SafetensorsHeader.Entry> named : header.inFileOrder()) {
            if (!MessageForms.mayHold(kind, named.getKey())) {
                throw new InvalidMessageException("tensor " + JsonFile.shorten(named.getKey())
                        + " does not belong into a message of kind " + MessageForms.name(kind));
            }
        }
        for (Map.Entry<String, SafetensorsHeader.Entry> named : header.inFileOrder()) {
            fields.add(named.getKey(), StoredTensor.read(named.getKey(), named.getValue(), source));
        }
        String digest = source.end();
        Message message = MessageForms.message(kind, fields);
        fields.end();
        return new ReceivedMessage(message, digest, bytes);
    }

    private SafetensorsHeader header(ByteBuffer bytes, long dataBytes) {
        try {
            return SafetensorsHeader.parse(
                    "the message", bytes, dataBytes, limits.tensors(), limits.settings() + OWN_FIELDS);
        } catch (FedHdsException e) {
            throw new InvalidMessageException(String.valueOf(e.getMessage()), e);
        }
    }

    /** The first fields of every message. */
    private static MessageKind kind(Fields<Message> fields) {
        fields.text(SealedSafetensors.FIELD, SealedSafetensors.OPEN.length(), message -> SealedSafetensors.OPEN);
        String format = fields.shortText("format", message -> FORMAT);
        if (!format.equals(FORMAT)) {
            throw new InvalidMessageException("format must be " + FORMAT + ", was \"" + format + "\"");
        }
        int version = fields.positive("version", message -> VERSION);
        if (version != VERSION) {
            throw new InvalidMessageException("version " + version + " is not known here, which reads " + VERSION
                    + "; was it written by a later FedHDS?");
        }
        String name = fields.shortText("kind", message -> MessageForms.name(message.kind()));
        return MessageForms.kind(name)
                .orElseThrow(() -> new InvalidMessageException(
                        "kind must be one of " + MessageForms.kinds() + ", was \"" + JsonFile.shorten(name) + "\""));
    }

    @Override
    public String toString() {
        return "MessageCodec[version " + VERSION + ", openings " + openings + ", updates " + updates + ", " + limits
                + "]";
    }

    /** Sets the limits and how adapters are written. Not safe for many threads. */
    public static final class Builder {
        private MessageLimits limits = MessageLimits.defaults();
        private AdapterPrecision openings = AdapterPrecision.FLOAT32;
        private AdapterPrecision updates = AdapterPrecision.FLOAT32;

        private Builder() {}

        /**
         * Limits for reading and writing; {@link MessageLimits#defaults} by default. Server and clients should use the
         * limits of the run: {@link io.github.fedhds.FedHdsServer#messageLimits}, or {@link MessageLimits#forAdapter}
         * of the run's adapter.
         */
        public Builder limits(MessageLimits limits) {
            this.limits = Objects.requireNonNull(limits, "limits");
            return this;
        }

        /**
         * Precision of adapters in openings; exact by default. Clients start from the rounded adapter, so the digest of an
         * opening differs on both sides: with another precision, set {@code compareOpenings(false)} on the server, which
         * otherwise refuses every report as outdated.
         */
        public Builder openings(AdapterPrecision openings) {
            this.openings = Objects.requireNonNull(openings, "openings");
            return this;
        }

        /** Precision of adapters in updates; exact by default. */
        public Builder updates(AdapterPrecision updates) {
            this.updates = Objects.requireNonNull(updates, "updates");
            return this;
        }

        /** Creates the codec. */
        public MessageCodec build() {
            return new MessageCodec(this);
        }
    }
}
