package io.github.fedhds.internal.safetensors;

import com.google.gson.stream.JsonWriter;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.internal.file.AtomicFile;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.CharBuffer;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;

/**
 * Writes safetensors. Equal input gives equal bytes: tensors (by bytes of a number, then by name) and metadata are sorted, the header is padded with spaces so
 * that the data begins at a multiple of 8. Memory beside the tensors: the header and 256 KiB.
 *
 * @see <a href="https://huggingface.co/docs/safetensors/index">The format</a>
 */
public final class SafetensorsWriter {
    private static final int CHUNK = 1 << 18;

    private SafetensorsWriter() {}

    /**
     * Writes F32.
     *
     * @see #write(Path, Map, Map, Dtype)
     */
    public static void write(Path file, Map<String, Tensor> tensors, Map<String, String> metadata) {
        write(file, tensors, metadata, Dtype.F32);
    }

    /**
     * Writes a file, by way of a temporary one that is moved into place.
     *
     * @param file where to; its folder is made if it is missing
     * @param tensors what; NaN and infinity are written as they are
     * @param metadata text pairs for {@code __metadata__}; left out if there are none
     * @param dtype F32, or F16 or BF16, to which values are rounded (to nearest, ties to even)
     * @throws IllegalArgumentException if the dtype is another one, a name cannot stand in a file, or a finite value is
     *     too large for the dtype
     * @throws FedHdsException if the file cannot be written
     */
    public static void write(Path file, Map<String, Tensor> tensors, Map<String, String> metadata, Dtype dtype) {
        stream(file, pending(tensors, dtype), metadata);
    }

    /**
     * Writes a file whose tensors are pulled one after another, by way of a temporary one that is moved into place. Memory:
     * the header, and what the tensors' own content takes.
     *
     * @param file where to; its folder is made if it is missing
     * @param tensors what, by name; of any types. Wider types come first in the file, so that each tensor begins at a
     *     multiple of its type's bytes, as readers that map the file need it
     * @param metadata text pairs for {@code __metadata__}; left out if there are none
     * @throws IllegalArgumentException if a name cannot stand in a file
     * @throws IllegalStateException if a tensor writes more or fewer bytes than its form has
     * @throws FedHdsException if the file cannot be written
     */
    public static void stream(Path file, Map<String, PendingTensor> tensors, Map<String, String> metadata) {
        Map<String, PendingTensor> ordered = ordered(tensors);
        byte[] header = header(ordered, metadata);
        AtomicFile.write(file, channel -> writeAll(channel, header, ordered));
    }

    /**
     * Writes a file's bytes to where the caller wants them; does not close the channel.
     *
     * @throws IllegalArgumentException if a name cannot stand in a file
     * @throws IllegalStateException if a tensor writes more or fewer bytes than its form has
     */
    public static void stream(
            WritableByteChannel channel, Map<String, PendingTensor> tensors, Map<String, String> metadata)
            throws IOException {
        Map<String, PendingTensor> ordered = ordered(tensors);
        writeAll(channel, header(ordered, metadata), ordered);
    }

    /**
     * The bytes of a file in F32.
     *
     * @throws IllegalArgumentException if a name cannot stand in a file
     */
    public static byte[] toBytes(Map<String, Tensor> tensors, Map<String, String> metadata) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            stream(Channels.newChannel(bytes), pending(tensors, Dtype.F32), metadata);
        } catch (IOException e) {
            throw new FedHdsException("cannot write to memory", e);
        }
        return bytes.toByteArray();
    }

    private static Map<String, PendingTensor> pending(Map<String, Tensor> tensors, Dtype dtype) {
        Map<String, PendingTensor> pending = new TreeMap<>();
        new TreeMap<>(tensors).forEach((name, tensor) -> {
            pending.put(name, PendingTensor.of(tensor, dtype));
            checkRange(name, tensor, dtype);
        });
        return pending;
    }

    /** Wider types first, then by name. */
    public static Map<String, PendingTensor> ordered(Map<String, PendingTensor> tensors) {
        Map<String, PendingTensor> ordered = new LinkedHashMap<>();
        new TreeMap<>(tensors)
                .entrySet().stream()
                        .sorted(Comparator.comparing(
                                named -> -named.getValue().dtype().bytes()))
                        .forEach(named -> ordered.put(named.getKey(), named.getValue()));
        return ordered;
    }

    /** The 8 bytes of the length and the header, for tensors that follow in this order. */
    public static byte[] header(Map<String, PendingTensor> tensors, Map<String, String> metadata) {
        StringWriter text = new StringWriter();
        try (JsonWriter json = new JsonWriter(text)) {
            json.beginObject();
            if (!metadata.isEmpty()) {
                json.name("__metadata__").beginObject();
                for (Map.Entry<String, String> pair : new TreeMap<>(metadata).entrySet()) {
                    json.name(pair.getKey()).value(pair.getValue());
                }
                json.endObject();
            }
            long at = 0;
            for (Map.Entry<String, PendingTensor> named : tensors.entrySet()) {
                if (named.getKey().equals("__metadata__")) {
                    throw new IllegalArgumentException("a tensor cannot be named __metadata__, the format keeps that");
                }
                PendingTensor tensor = named.getValue();
                long end = at + tensor.bytes();
                json.name(named.getKey()).beginObject();
                json.name("dtype").value(tensor.dtype().name());
                json.name("shape").beginArray();
                for (int length : tensor.shape()) {
                    json.value(length);
                }
                json.endArray();
                json.name("data_offsets").beginArray().value(at).value(end).endArray();
                json.endObject();
                at = end;
            }
            json.endObject();
        } catch (IOException e) {
            throw new FedHdsException("cannot write to memory", e);
        }
        return padded(text.toString());
    }

    /** Refuses finite values that are too large for the type. */
    public static void checkRange(String name, Tensor tensor, Dtype dtype) {
        for (int i = 0; dtype != Dtype.F32 && i < tensor.size(); i++) {
            float value = tensor.get(i);
            float stored = dtype == Dtype.F16
                    ? HalfFloats.fromF16(HalfFloats.toF16(value))
                    : HalfFloats.fromBf16(HalfFloats.toBf16(value));
            if (Float.isFinite(value) && !Float.isFinite(stored)) {
                throw new IllegalArgumentException("tensor " + name + " holds " + value + " at " + i
                        + ", too large for " + dtype + "; write it as F32");
            }
        }
    }

    private static byte[] padded(String json) {
        ByteBuffer text;
        try {
            text = StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(json));
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException("a name or a metadata text holds half of a surrogate pair", e);
        }
        int length = (text.remaining() + 7) / 8 * 8;
        if (length > SafetensorsHeader.MAX_BYTES) {
            throw new IllegalArgumentException("names and metadata need a header of " + length
                    + " bytes, the format allows " + SafetensorsHeader.MAX_BYTES);
        }
        ByteBuffer header = ByteBuffer.allocate(8 + length).order(ByteOrder.LITTLE_ENDIAN);
        header.putLong(length).put(text);
        while (header.hasRemaining()) {
            header.put((byte) ' ');
        }
        return header.array();
    }

    public static void writeAll(WritableByteChannel channel, byte[] header, Map<String, PendingTensor> tensors)
            throws IOException {
        AtomicFile.writeFully(channel, ByteBuffer.wrap(header));
        for (Map.Entry<String, PendingTensor> named : tensors.entrySet()) {
            CountedChannel counted = new CountedChannel(channel);
            named.getValue().content().writeTo(counted);
            if (counted.count != named.getValue().bytes()) {
                throw new IllegalStateException("tensor " + named.getKey() + " wrote " + counted.count
                        + " bytes, its form has " + named.getValue().bytes());
            }
        }
    }

    private static final class CountedChannel implements WritableByteChannel {
        private final WritableByteChannel channel;
        private long count;

        CountedChannel(WritableByteChannel channel) {
            this.channel = channel;
        }

        @Override
        public int write(ByteBuffer from) throws IOException {
            int written = channel.write(from);
            count += written;
            return written;
        }

        @Override
        public boolean isOpen() {
            return channel.isOpen();
        }

        /** The file goes on after a tensor: who opened the channel closes it. */
        @Override
        public void close() {}
    }

    static void writeNumbers(WritableByteChannel channel, Tensor tensor, Dtype dtype) throws IOException {
        ByteBuffer chunk = ByteBuffer.allocate((int) Math.min(CHUNK, (long) tensor.size() * dtype.bytes()))
                .order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < tensor.size(); i++) {
            if (chunk.remaining() < dtype.bytes()) {
                AtomicFile.writeFully(channel, chunk.flip());
                chunk.clear();
            }
            switch (dtype) {
                case F16 -> chunk.putShort(HalfFloats.toF16(tensor.get(i)));
                case BF16 -> chunk.putShort(HalfFloats.toBf16(tensor.get(i)));
                default -> chunk.putFloat(tensor.get(i));
            }
        }
        AtomicFile.writeFully(channel, chunk.flip());
    }
}
