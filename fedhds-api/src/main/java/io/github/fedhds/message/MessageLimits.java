package io.github.fedhds.message;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import java.util.Map;

/**
 * Upper limits of a message. Server and codec must use the same limits, so that every message that the server creates or
 * accepts can be encoded and decoded. {@link #forAdapter} derives limits from a run's adapter. Immutable, safe for many
 * threads.
 *
 * @param bytes bytes of a message, 1,024 or more; 1 GiB by default, plus the bytes of the adapter
 * @param headerBytes bytes of the header, which holds the fields and the tensors' names, 1,024 to 100,000,000; 96 KiB by
 *     default, plus the adapter's names. Reading a header may allocate up to 12 times as much
 * @param clients clients that an opening names, 1 or more; 4,000 by default. The limit of their ids together is 64 bytes per
 *     client plus 800
 * @param centroids centroids of a report and groups of a selection, 1 or more; 8,192 by default
 * @param dimensions coordinates of a centroid and axes of a frame, 1 or more; 4,096 by default
 * @param tensors tensors of a message, 2 or more (an adapter's count twice in 8 bits); 560 by default, or more if the
 *     adapter needs it
 * @param settings settings of an opening, 0 to 1,000,000; 1,024 by default
 * @param text characters of a setting's value and of a reason, {@value Receipt#MAX_REASON} or more; 32,768 by default
 */
public record MessageLimits(
        long bytes, int headerBytes, int clients, int centroids, int dimensions, int tensors, int settings, int text) {
    /** Characters of the name of a run, a client or a setting. */
    public static final int NAME = 200;

    /** Largest header: that of the safetensors format. */
    public static final int MAX_HEADER_BYTES = 100_000_000;

    private static final MessageLimits DEFAULTS =
            new MessageLimits(1L << 30, 96 << 10, 4000, 8192, 4096, 560, 1024, 1 << 15);

    private static final MessageLimits UNBOUNDED = new MessageLimits(
            Long.MAX_VALUE,
            MAX_HEADER_BYTES,
            Integer.MAX_VALUE,
            Integer.MAX_VALUE,
            Integer.MAX_VALUE,
            Integer.MAX_VALUE,
            1_000_000,
            Integer.MAX_VALUE);

    /** Tensors of a message that are not the adapter's: clients, mean and axes of a frame. */
    private static final int OTHER_TENSORS = 4;

    /** Bytes of a tensor's entry in a header without its name: type, shape, offsets, quotes. */
    private static final int ENTRY_BYTES = 128;

    public MessageLimits {
        require("bytes", bytes, 1024, Long.MAX_VALUE);
        require("headerBytes", headerBytes, 1024, MAX_HEADER_BYTES);
        require("clients", clients, 1, Integer.MAX_VALUE);
        require("centroids", centroids, 1, Integer.MAX_VALUE);
        require("dimensions", dimensions, 1, Integer.MAX_VALUE);
        require("tensors", tensors, 2, Integer.MAX_VALUE);
        require("settings", settings, 0, 1_000_000);
        require("text", text, Receipt.MAX_REASON, Integer.MAX_VALUE);
    }

    private static void require(String name, long value, long least, long most) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(name + " must be from " + least + " to " + most + ", was " + value);
        }
    }

    /** The default limits, for adapters of at most 278 tensors. */
    public static MessageLimits defaults() {
        return DEFAULTS;
    }

    /** No limits but those of the format: for measuring the sizes of a process's own messages, not for reading those of others. */
    public static MessageLimits unbounded() {
        return UNBOUNDED;
    }

    /** The default limits, raised as needed for adapters with these names and shapes in every precision. */
    public static MessageLimits forAdapter(Adapter form) {
        long header = DEFAULTS.headerBytes;
        long bytes = DEFAULTS.bytes;
        for (Map.Entry<String, Tensor> named : form.tensors().entrySet()) {
            header += 2L * (ENTRY_BYTES + 6L * named.getKey().length()); // a character has at most 6 bytes in JSON
            bytes += 8L * named.getValue().size();
        }
        return new MessageLimits(
                bytes,
                (int) Math.min(MAX_HEADER_BYTES, header),
                DEFAULTS.clients,
                DEFAULTS.centroids,
                DEFAULTS.dimensions,
                Math.max(DEFAULTS.tensors, 2 * form.tensors().size() + OTHER_TENSORS),
                DEFAULTS.settings,
                DEFAULTS.text);
    }

    /** These limits with another number of bytes. */
    public MessageLimits withBytes(long most) {
        return new MessageLimits(most, headerBytes, clients, centroids, dimensions, tensors, settings, text);
    }

    /** These limits with another header size. */
    public MessageLimits withHeaderBytes(int most) {
        return new MessageLimits(bytes, most, clients, centroids, dimensions, tensors, settings, text);
    }

    /** These limits with another number of clients in an opening. */
    public MessageLimits withClients(int most) {
        return new MessageLimits(bytes, headerBytes, most, centroids, dimensions, tensors, settings, text);
    }

    /** These limits with another number of centroids in a report. */
    public MessageLimits withCentroids(int most) {
        return new MessageLimits(bytes, headerBytes, clients, most, dimensions, tensors, settings, text);
    }

    /** These limits with another number of coordinates. */
    public MessageLimits withDimensions(int most) {
        return new MessageLimits(bytes, headerBytes, clients, centroids, most, tensors, settings, text);
    }

    /** These limits with another number of tensors. */
    public MessageLimits withTensors(int most) {
        return new MessageLimits(bytes, headerBytes, clients, centroids, dimensions, most, settings, text);
    }

    /** These limits with another number of settings. */
    public MessageLimits withSettings(int most) {
        return new MessageLimits(bytes, headerBytes, clients, centroids, dimensions, tensors, most, text);
    }

    /** These limits with another text length. */
    public MessageLimits withText(int most) {
        return new MessageLimits(bytes, headerBytes, clients, centroids, dimensions, tensors, settings, most);
    }
}
