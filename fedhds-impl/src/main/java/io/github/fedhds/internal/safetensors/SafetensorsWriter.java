package io.github.fedhds.internal.safetensors;

import com.google.gson.stream.JsonWriter;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.internal.file.AtomicFile;
import io.github.fedhds.internal.json.Texts;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;

/**
 * A safetensors file that is ready to be written. Equal input gives equal bytes: wider types come first, so that each
 * tensor begins at a multiple of its number size, as readers that map the file need; within a type tensors are sorted
 * by name. Metadata is sorted too. The header is padded with spaces so that the data begins at a multiple of 8. Memory:
 * the header, and the memory that the tensors' content needs.
 *
 * @see <a href="https://huggingface.co/docs/safetensors/index">The format</a>
 */
public final class SafetensorsWriter {
    private final Map<String, PendingTensor> tensors = new LinkedHashMap<>();
    private final byte[] header;

    /**
     * Prepares a file.
     *
     * @param metadata text pairs for {@code __metadata__}, omitted if there are none
     * @throws IllegalArgumentException if a name or text is not allowed in a file
     */
    public SafetensorsWriter(Map<String, PendingTensor> tensors, Map<String, String> metadata) {
        new TreeMap<>(tensors)
                .entrySet().stream()
                        .sorted(Comparator.comparing(
                                named -> -named.getValue().dtype().bytes()))
                        .forEach(named -> this.tensors.put(named.getKey(), named.getValue()));
        header = header(metadata);
    }

    /**
     * Writes a file in F32.
     *
     * @see #write(Path, Map, Map, Dtype)
     */
    public static void write(Path file, Map<String, Tensor> tensors, Map<String, String> metadata) {
        write(file, tensors, metadata, Dtype.F32);
    }

    /**
     * Writes a temporary file, and moves it into place.
     *
     * @param file path of the file; its folder is created if it is missing
     * @param tensors tensors by name; NaN and infinity are written unchanged
     * @param metadata text pairs for {@code __metadata__}; omitted if there are none
     * @param dtype F32, or F16 or BF16, to which values are rounded (to nearest, ties to even)
     * @throws IllegalArgumentException if the dtype is another one, a name is not allowed in a file, or a finite value
     *     is too large for the dtype
     * @throws FedHdsException if the file cannot be written
     */
    public static void write(Path file, Map<String, Tensor> tensors, Map<String, String> metadata, Dtype dtype) {
        Map<String, PendingTensor> pending = new TreeMap<>();
        new TreeMap<>(tensors).forEach((name, tensor) -> pending.put(name, PendingTensor.of(name, tensor, dtype)));
        new SafetensorsWriter(pending, metadata).writeTo(file);
    }

    /** The 8 bytes of the length and the header; not copied. */
    public byte[] header() {
        return header;
    }

    /** Length of the file. */
    public long bytes() {
        return header.length
                + tensors.values().stream().mapToLong(PendingTensor::bytes).sum();
    }

    /**
     * Writes a temporary file and moves it into place; creates the folder if it is missing.
     *
     * @throws IllegalStateException if a tensor writes more or fewer bytes than its shape has
     * @throws FedHdsException if the file cannot be written
     */
    public void writeTo(Path file) {
        AtomicFile.write(file, this::writeTo);
    }

    /**
     * Writes the file's bytes; does not close the channel.
     *
     * @throws IllegalStateException if a tensor writes more or fewer bytes than its shape has
     */
    public void writeTo(WritableByteChannel channel) throws IOException {
        AtomicFile.writeFully(channel, ByteBuffer.wrap(header));
        writeTensors(channel);
    }

    /** Writes the bytes after the header. */
    public void writeTensors(WritableByteChannel channel) throws IOException {
        for (Map.Entry<String, PendingTensor> named : tensors.entrySet()) {
            CountedChannel counted = new CountedChannel(channel);
            named.getValue().content().writeTo(counted);
            if (counted.count != named.getValue().bytes()) {
                throw new IllegalStateException("tensor " + named.getKey() + " wrote " + counted.count
                        + " bytes, its form has " + named.getValue().bytes());
            }
        }
    }

    private byte[] header(Map<String, String> metadata) {
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

    private static byte[] padded(String json) {
        if (Texts.loneSurrogate(json) >= 0) {
            throw new IllegalArgumentException("a name or a metadata text holds half of a surrogate pair");
        }
        byte[] text = json.getBytes(StandardCharsets.UTF_8);
        int length = (text.length + 7) / 8 * 8;
        if (length > SafetensorsHeader.MAX_BYTES) {
            throw new IllegalArgumentException("names and metadata need a header of " + length
                    + " bytes, the format allows " + SafetensorsHeader.MAX_BYTES);
        }
        byte[] header = new byte[8 + length];
        Arrays.fill(header, (byte) ' ');
        ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN).putLong(length).put(text);
        return header;
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

        /** Leaves the channel open, because more tensors follow; its owner closes it. */
        @Override
        public void close() {}
    }
}
