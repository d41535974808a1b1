package io.github.fedhds.wire;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.message.Message;
import io.github.fedhds.message.Receipt;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
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
 * MessageCodec codec = MessageCodec.defaults();
 * byte[] bytes = codec.encode(client.summarise(opening)).toByteArray();
 * Receipt receipt = server.accept(codec.decode(bytes).as(CentroidReport.class));
 * }</pre>
 *
 * @see <a href="https://huggingface.co/docs/safetensors/index">The container</a>
 */
public final class MessageCodec {
    /** The version that is written; this and all before it are read. */
    public static final int VERSION = 1;

    private static final String FORMAT = "fedhds-message";
    private static final MessageCodec DEFAULTS = builder().build();

    private final MessageLimits limits;
    private final AdapterPrecision openings;
    private final AdapterPrecision updates;

    private MessageCodec(Builder builder) {
        limits = new MessageLimits(
                builder.maxBytes,
                builder.maxHeaderBytes,
                builder.maxClients,
                builder.maxGroups,
                builder.maxDimensions,
                builder.maxTensors,
                builder.maxSettings,
                builder.maxText);
        openings = builder.openings;
        updates = builder.updates;
    }

    /** A codec with the default limits, which writes adapters exactly. */
    public static MessageCodec defaults() {
        return DEFAULTS;
    }

    public static Builder builder() {
        return new Builder();
    }

    /**
     * The byte form of a message, attempt 1.
     *
     * @throws IllegalArgumentException if this codec would not read it again: a number is not finite, a name too long, a
     *     count above its limit; the message names it
     */
    public EncodedMessage encode(Message message) {
        return encode(message, 1);
    }

    /**
     * The byte form of a message.
     *
     * @param attempt from 1; higher when a client does its work anew, so that it counts as another message
     * @throws IllegalArgumentException as {@link #encode(Message)}
     */
    public EncodedMessage encode(Message message, int attempt) {
        return written(message, attempt, EncodedMessage::new);
    }

    /**
     * Length of the byte form of a message, attempt 1, without making it.
     *
     * @throws IllegalArgumentException as {@link #encode(Message)}
     */
    public long bytes(Message message) {
        return written(message, 1, (kind, fields) -> MessageLayout.of(fields).bytes());
    }

    private <T> T written(Message message, int attempt, BiFunction<MessageKind, FieldWriter, T> use) {
        MessageKind kind = MessageKind.of(message);
        try {
            FieldWriter fields = new FieldWriter(limits);
            fields.texts.put("format", FORMAT);
            fields.texts.put("version", Integer.toString(VERSION));
            fields.texts.put("kind", kind.toString());
            fields.whole("attempt", attempt, 1);
            MessageForms.write(message, fields, openings, updates);
            MessageLimits.check("tensors of a message", fields.tensors.size(), limits.tensors());
            return use.apply(kind, fields);
        } catch (InvalidMessageException e) {
            throw new IllegalArgumentException("this " + kind + " message cannot be written: " + e.getMessage(), e);
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
        try {
            return read(source);
        } catch (InvalidMessageException e) {
            throw e;
        } catch (IllegalArgumentException e) { // a rule of the message itself
            throw new InvalidMessageException(String.valueOf(e.getMessage()), e);
        }
    }

    private ReceivedMessage read(MessageSource source) {
        ByteBuffer head = source.head(limits);
        SafetensorsHeader header = header(head.slice(8, head.limit() - 8), source.remaining());
        long bytes = head.limit() + header.dataBytes();
        MessageLimits.check("bytes of the message", bytes, limits.bytes());
        FieldReader fields = new FieldReader(limits, header.metadata());
        fields.text(MessageSeal.FIELD, MessageSeal.OPEN.length());
        MessageKind kind = kind(fields);
        int attempt = fields.positive("attempt");
        for (Map.Entry<String, SafetensorsHeader.Entry> named : header.inFileOrder()) {
            if (!kind.mayHold(named.getKey())) {
                throw new InvalidMessageException("tensor " + JsonFile.shorten(named.getKey())
                        + " does not belong into a message of kind " + kind);
            }
        }
        for (Map.Entry<String, SafetensorsHeader.Entry> named : header.inFileOrder()) {
            fields.add(named.getKey(), StoredTensor.read(named.getKey(), named.getValue(), source));
        }
        String digest = source.end();
        Message message = MessageForms.read(kind, fields);
        fields.end();
        return new ReceivedMessage(message, attempt, digest, bytes);
    }

    private SafetensorsHeader header(ByteBuffer bytes, long dataBytes) {
        try {
            return SafetensorsHeader.parse("the message", bytes, dataBytes, limits.tensors(), limits.metadata());
        } catch (FedHdsException e) {
            throw new InvalidMessageException(String.valueOf(e.getMessage()), e);
        }
    }

    private static MessageKind kind(FieldReader fields) {
        String format = fields.text("format", MessageLimits.NAME);
        if (!format.equals(FORMAT)) {
            throw new InvalidMessageException("format must be " + FORMAT + ", was \"" + format + "\"");
        }
        int version = fields.positive("version");
        if (version != VERSION) {
            throw new InvalidMessageException("version " + version + " is not known here, which reads " + VERSION
                    + "; was it written by a later FedHDS?");
        }
        String name = fields.text("kind", MessageLimits.NAME);
        return MessageKind.named(name)
                .orElseThrow(() -> new InvalidMessageException(
                        "kind must be opening, centroids, selection, update or" + " receipt, was \"" + name + "\""));
    }

    @Override
    public String toString() {
        return "MessageCodec[version " + VERSION + ", openings " + openings + ", updates " + updates + ", " + limits
                + "]";
    }

    /** Sets the limits, which hold for reading and writing, and how adapters are written. Not safe for many threads. */
    public static final class Builder {
        private long maxBytes = MessageLimits.DEFAULT.bytes();
        private int maxHeaderBytes = MessageLimits.DEFAULT.headerBytes();
        private int maxClients = MessageLimits.DEFAULT.clients();
        private int maxGroups = MessageLimits.DEFAULT.groups();
        private int maxDimensions = MessageLimits.DEFAULT.dimensions();
        private int maxTensors = MessageLimits.DEFAULT.tensors();
        private int maxSettings = MessageLimits.DEFAULT.settings();
        private int maxText = MessageLimits.DEFAULT.text();
        private AdapterPrecision openings = AdapterPrecision.FLOAT32;
        private AdapterPrecision updates = AdapterPrecision.FLOAT32;

        private Builder() {}

        private static int atLeast(String name, int value, int least, int most) {
            if (value < least || value > most) {
                throw new IllegalArgumentException(name + " must be from " + least + " to " + most + ", was " + value);
            }
            return value;
        }

        /** Bytes of a message, 1,024 or more; 1 GiB by default. */
        public Builder maxBytes(long most) {
            if (most < 1024) {
                throw new IllegalArgumentException("maxBytes must be 1024 or more, was " + most);
            }
            maxBytes = most;
            return this;
        }

        /**
         * Bytes of the header, which holds the fields and the tensors' names; 1,024 to 100,000,000,
         * 96 KiB by default. Reading a header may allocate 12 times as much, so
         * that with a higher limit 2 times the input and 1 MiB may not do.
         */
        public Builder maxHeaderBytes(int most) {
            maxHeaderBytes = atLeast("maxHeaderBytes", most, 1024, (int) SafetensorsHeader.MAX_BYTES);
            return this;
        }

        /**
         * Clients that an opening names, 1 or more; 4,000 by default. Their ids may have 64 bytes each on average, and 800
         * besides.
         */
        public Builder maxClients(int most) {
            maxClients = atLeast("maxClients", most, 1, Integer.MAX_VALUE);
            return this;
        }

        /** Centroids of a report and groups of a selection, 1 or more; 8,192 by default. */
        public Builder maxGroups(int most) {
            maxGroups = atLeast("maxGroups", most, 1, Integer.MAX_VALUE);
            return this;
        }

        /** Coordinates of a centroid and axes of a frame, 1 or more; 4,096 by default. */
        public Builder maxDimensions(int most) {
            maxDimensions = atLeast("maxDimensions", most, 1, Integer.MAX_VALUE);
            return this;
        }

        /** Tensors of a message (an adapter's count twice in 8 bits), 2 or more; 560 by default: 14 for each of 40 layers. */
        public Builder maxTensors(int most) {
            maxTensors = atLeast("maxTensors", most, 2, Integer.MAX_VALUE);
            return this;
        }

        /** Settings of an opening, 0 to 1,000,000; 1,024 by default. */
        public Builder maxSettings(int most) {
            maxSettings = atLeast("maxSettings", most, 0, 1_000_000);
            return this;
        }

        /**
         * Characters of a setting's value and of a receipt's reason, {@value Receipt#MOST_REASON} or more; 32,768 by default.
         */
        public Builder maxText(int most) {
            maxText = atLeast("maxText", most, Receipt.MOST_REASON, Integer.MAX_VALUE);
            return this;
        }

        /** How the adapters of openings are written; exactly by default. Each client then starts from what it read. */
        public Builder openings(AdapterPrecision precision) {
            openings = precision;
            return this;
        }

        /** How the adapters of updates are written; exactly by default. */
        public Builder updates(AdapterPrecision precision) {
            updates = precision;
            return this;
        }

        public MessageCodec build() {
            return new MessageCodec(this);
        }
    }
}
