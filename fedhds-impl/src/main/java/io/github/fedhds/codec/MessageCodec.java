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
 * Turns messages into bytes and back: the safetensors container, with the fields as its metadata and a SHA-256 over all of it.
 * Equal messages give equal bytes, on every machine; every bit of a number comes back, unless a lower {@link AdapterPrecision} is
 * chosen. Bytes come from outside: each count is checked against the bytes that are there, and against a limit, before
 * anything is allocated for it.
 *
 * <p>Heap for decoding, beside the message itself: bytes in memory, one tensor's numbers at most; a stream or a file, one
 * tensor's bytes. Time is that of SHA-256 and of one pass over the numbers. Immutable, safe for many threads.
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
    /** The version that is written; this and all before it are read. */
    public static final int VERSION = 1;

    private static final String FORMAT = "fedhds-message";
    /** Fields that are no settings. */
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

    /** A codec with the default limits, which writes adapters exactly: for adapters of at most 278 tensors. */
    public static MessageCodec defaults() {
        return DEFAULTS;
    }

    /** A codec with these limits, which writes adapters exactly. */
    public static MessageCodec of(MessageLimits limits) {
        return builder().limits(limits).build();
    }

    public static Builder builder() {
        return new Builder();
    }

    /**
     * The byte form of a message.
     *
     * @throws IllegalArgumentException if this codec would not read it again: a number is not finite, a name too long, a
     *     count above its limit; the message names it
     */
    public EncodedMessage encode(Message message) {
        return written(message, (file, error) -> new EncodedMessage(message.kind(), file, error));
    }

    /**
     * Length of the byte form of a message, without making it.
     *
     * @throws IllegalArgumentException as {@link #encode(Message)}
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
     * Reads a message that is in memory; the digest is checked before anything else.
     *
     * @throws InvalidMessageException if the bytes are no message, or one above the limits
     */
    public ReceivedMessage decode(byte[] bytes) {
        return decode(ByteBuffer.wrap(bytes));
    }

    /**
     * Reads a message from position to limit, whose bytes must not change meanwhile; the digest is checked before anything
     * else. The buffer's position stays.
     *
     * @throws InvalidMessageException if the bytes are no message, or one above the limits
     */
    public ReceivedMessage decode(ByteBuffer bytes) {
        return typed(new MessageSource.Memory(bytes));
    }

    /**
     * Reads a stream that holds one message, to its end, and leaves it open. Memory grows only as bytes come; the digest is
     * checked at the end, before anything of the message is given out.
     *
     * @throws InvalidMessageException if the bytes are no message, or one above the limits
     * @throws FedHdsException if the stream cannot be read
     */
    public ReceivedMessage decode(InputStream in) {
        return typed(new MessageSource.Stream(in));
    }

    /**
     * Reads a file, as a stream.
     *
     * @throws InvalidMessageException if the bytes are no message, or one above the limits
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
        Map<String, String> address = new HashMap<>(); // of a message that cannot be read, for the receipt
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

    /** The fields that every message begins with. */
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
         * What a message may hold, for reading and for writing; {@link MessageLimits#defaults} by default. Give the codecs of
         * server and clients the run's: {@link io.github.fedhds.FedHdsServer#messageLimits}, or {@link
         * MessageLimits#forAdapter} of the run's adapter.
         */
        public Builder limits(MessageLimits limits) {
            this.limits = Objects.requireNonNull(limits, "limits");
            return this;
        }

        /** How the adapters of openings are written; exactly by default. Each client then starts from what it read. */
        public Builder openings(AdapterPrecision openings) {
            this.openings = Objects.requireNonNull(openings, "openings");
            return this;
        }

        /** How the adapters of updates are written; exactly by default. */
        public Builder updates(AdapterPrecision updates) {
            this.updates = Objects.requireNonNull(updates, "updates");
            return this;
        }

        /** The codec. */
        public MessageCodec build() {
            return new MessageCodec(this);
        }
    }
}
