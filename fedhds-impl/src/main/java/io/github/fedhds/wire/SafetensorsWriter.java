package io.github.fedhds.wire;

import com.google.gson.stream.JsonWriter;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.training.Tensor;
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
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Writes safetensors. Equal input gives equal bytes: names and metadata are sorted, the header is padded with spaces so
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
        SortedMap<String, Tensor> sorted = new TreeMap<>(tensors);
        byte[] header = header(sorted, metadata, dtype);
        AtomicFile.write(file, channel -> writeAll(channel, header, sorted, dtype));
    }

    /**
     * The bytes of a file in F32, for messages.
     *
     * @throws IllegalArgumentException if a name cannot stand in a file
     */
    public static byte[] toBytes(Map<String, Tensor> tensors, Map<String, String> metadata) {
        SortedMap<String, Tensor> sorted = new TreeMap<>(tensors);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            writeAll(Channels.newChannel(bytes), header(sorted, metadata, Dtype.F32), sorted, Dtype.F32);
        } catch (IOException e) {
            throw new FedHdsException("cannot write to memory", e);
        }
        return bytes.toByteArray();
    }

    private static byte[] header(SortedMap<String, Tensor> tensors, Map<String, String> metadata, Dtype dtype) {
        if (dtype != Dtype.F32 && dtype != Dtype.F16 && dtype != Dtype.BF16) {
            throw new IllegalArgumentException("tensors can be written as F32, F16 or BF16, was " + dtype);
        }
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
            for (Map.Entry<String, Tensor> named : tensors.entrySet()) {
                if (named.getKey().equals("__metadata__")) {
                    throw new IllegalArgumentException("a tensor cannot be named __metadata__, the format keeps that");
                }
                checkRange(named.getKey(), named.getValue(), dtype);
                long end = at + (long) named.getValue().size() * dtype.bytes();
                json.name(named.getKey()).beginObject();
                json.name("dtype").value(dtype.name());
                json.name("shape").beginArray();
                for (int length : named.getValue().shape()) {
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

    private static void checkRange(String name, Tensor tensor, Dtype dtype) {
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

    private static void writeAll(
            WritableByteChannel channel, byte[] header, SortedMap<String, Tensor> tensors, Dtype dtype)
            throws IOException {
        AtomicFile.writeFully(channel, ByteBuffer.wrap(header));
        ByteBuffer chunk = ByteBuffer.allocate(CHUNK).order(ByteOrder.LITTLE_ENDIAN);
        for (Tensor tensor : tensors.values()) {
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
        }
        AtomicFile.writeFully(channel, chunk.flip());
    }
}
