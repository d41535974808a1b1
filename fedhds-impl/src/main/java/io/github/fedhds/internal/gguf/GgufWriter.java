package io.github.fedhds.internal.gguf;

import io.github.fedhds.internal.file.AtomicFile;
import io.github.fedhds.internal.safetensors.HalfFloats;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** Collects metadata and tensors, and writes them as a GGUF file. For one thread. */
public final class GgufWriter {
    private static final int ALIGNMENT = 32;

    private static final int LARGEST_CHUNK = 1 << 20; // bytes that are packed before they are written

    private record Pending(int[] shape, GgufType type, Rows rows) {}

    /** The values of a tensor in pieces. */
    @FunctionalInterface
    public interface Rows {
        /** Gives all values in row-major order, in pieces of whole rows; the receiver keeps no piece. */
        void giveTo(Consumer<float[]> receiver);
    }

    /** Type and value of metadata as in a file, see {@link GgufFile#encoded}. */
    record Encoded(byte[] bytes) {}

    private final Map<String, Object> metadata = new LinkedHashMap<>();
    private final Map<String, Pending> tensors = new LinkedHashMap<>();

    /**
     * Adds a value of the metadata: a String, Integer (written as uint32), Float or Boolean, or a list of Strings, Integers
     * (int32) or Floats.
     */
    public GgufWriter put(String key, Object value) {
        metadata.put(key, value);
        return this;
    }

    /** Adds all metadata of a file, with the types that it has there. */
    public GgufWriter putAll(GgufFile file) {
        file.options().json().keySet().forEach(key -> put(key, new Encoded(file.encoded(key))));
        return this;
    }

    /** Removes a value of the metadata. */
    public GgufWriter remove(String key) {
        metadata.remove(key);
        return this;
    }

    /**
     * Adds a tensor.
     *
     * @param shape lengths of the axes, the contiguous one last
     * @param type F32, F16, BF16 or Q8_0; the last axis must be a multiple of its block
     * @param values row-major values; called once, when they are written
     */
    public GgufWriter add(String name, int[] shape, GgufType type, Supplier<float[]> values) {
        return addRows(name, shape, type, receiver -> receiver.accept(values.get()));
    }

    /**
     * Adds a tensor that is written row by row, so that it needs not fit into memory.
     *
     * @param shape lengths of the axes, the contiguous one last
     * @param type F32, F16, BF16 or Q8_0; the last axis must be a multiple of its block
     * @param rows the values; asked for once, when they are written
     */
    public GgufWriter addRows(String name, int[] shape, GgufType type, Rows rows) {
        if (shape[shape.length - 1] % type.elements() != 0) {
            throw new IllegalArgumentException("tensor " + name + " has rows of " + shape[shape.length - 1]
                    + " elements; " + type + " needs a multiple of " + type.elements());
        }
        tensors.put(name, new Pending(shape.clone(), type, rows));
        return this;
    }

    /**
     * Writes the file; it is complete or not there.
     *
     * @throws io.github.fedhds.FedHdsException if it cannot be written
     */
    public void write(Path file) {
        AtomicFile.write(file, this::writeTo);
    }

    private void writeTo(WritableByteChannel channel) throws IOException {
        ByteArrayOutputStream header = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(header);
        out.write("GGUF".getBytes(StandardCharsets.US_ASCII));
        int32(out, 3);
        int64(out, tensors.size());
        int64(out, metadata.size());
        for (Map.Entry<String, Object> entry : metadata.entrySet()) {
            string(out, entry.getKey());
            value(out, entry.getValue());
        }
        long offset = 0;
        for (Map.Entry<String, Pending> entry : tensors.entrySet()) {
            Pending tensor = entry.getValue();
            string(out, entry.getKey());
            int32(out, tensor.shape().length);
            for (int axis = tensor.shape().length - 1; axis >= 0; axis--) {
                int64(out, tensor.shape()[axis]);
            }
            int32(out, tensor.type().id());
            int64(out, offset);
            offset = padded(offset + bytes(tensor));
        }
        out.write(new byte[(int) (padded(out.size()) - out.size())]);
        AtomicFile.writeFully(channel, ByteBuffer.wrap(header.toByteArray()));
        for (Map.Entry<String, Pending> entry : tensors.entrySet()) {
            writeTensor(channel, entry.getKey(), entry.getValue());
        }
    }

    private static void writeTensor(WritableByteChannel channel, String name, Pending tensor) throws IOException {
        long size = bytes(tensor);
        long[] written = {0};
        try {
            tensor.rows().giveTo(values -> {
                int chunk =
                        LARGEST_CHUNK / tensor.type().bytes() * tensor.type().elements();
                for (int from = 0; from < values.length; from += chunk) {
                    int to = Math.min(values.length, from + chunk);
                    written[0] += writePacked(channel, tensor.type(), values, from, to);
                }
            });
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
        if (written[0] != size) {
            throw new IllegalArgumentException("tensor " + name + " must have " + size + " bytes as " + tensor.type()
                    + ", its values give " + written[0]);
        }
        AtomicFile.writeFully(channel, ByteBuffer.allocate((int) (padded(size) - size)));
    }

    private static int writePacked(WritableByteChannel channel, GgufType type, float[] values, int from, int to) {
        int blocks = (to - from) / type.elements();
        ByteBuffer packed = ByteBuffer.allocate(blocks * type.bytes()).order(ByteOrder.LITTLE_ENDIAN);
        pack(type, values, from, from + blocks * type.elements(), packed);
        try {
            AtomicFile.writeFully(channel, packed.flip());
            return packed.limit();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static long bytes(Pending tensor) {
        long elements = 1;
        for (int length : tensor.shape()) {
            elements *= length;
        }
        return elements / tensor.type().elements() * tensor.type().bytes();
    }

    private static long padded(long position) {
        return position + ALIGNMENT - 1 & -ALIGNMENT;
    }

    private static void pack(GgufType type, float[] values, int from, int to, ByteBuffer into) {
        for (int i = from; i < to; i += type.elements()) {
            switch (type) {
                case F32 -> into.putFloat(values[i]);
                case F16 -> into.putShort(HalfFloats.toF16(values[i]));
                case BF16 -> into.putShort(HalfFloats.toBf16(values[i]));
                case Q8_0 -> packQ8(values, i, into);
                default -> throw new IllegalArgumentException(type + " cannot be written; F32, F16, BF16 and Q8_0 can");
            }
        }
    }

    /** As in ggml: a scale of largest magnitude / 127, rounded half away from zero. */
    private static void packQ8(float[] values, int block, ByteBuffer into) {
        float largest = 0;
        for (int i = 0; i < GgufType.Q8_0.elements(); i++) {
            largest = Math.max(largest, Math.abs(values[block + i]));
        }
        float scale = largest / 127;
        float inverse = scale == 0 ? 0 : 1 / scale;
        into.putShort(HalfFloats.toF16(scale));
        for (int i = 0; i < GgufType.Q8_0.elements(); i++) {
            float scaled = values[block + i] * inverse;
            into.put((byte) (scaled < 0 ? -Math.round(-scaled) : Math.round(scaled)));
        }
    }

    private static void value(DataOutputStream out, Object value) throws IOException {
        if (value instanceof Encoded encoded) {
            out.write(encoded.bytes());
            return;
        }
        if (value instanceof List<?> list) {
            int32(out, 9);
            int32(out, list.isEmpty() ? 8 : arrayType(list.get(0)));
            int64(out, list.size());
            for (Object element : list) {
                scalar(out, element);
            }
            return;
        }
        int32(out, value instanceof Integer ? 4 : arrayType(value));
        scalar(out, value);
    }

    private static int arrayType(Object value) {
        if (value instanceof String) {
            return 8;
        }
        if (value instanceof Integer) {
            return 5;
        }
        if (value instanceof Float) {
            return 6;
        }
        if (value instanceof Boolean) {
            return 7;
        }
        throw new IllegalArgumentException("metadata is text, int, float, boolean or a list of these, was " + value);
    }

    private static void scalar(DataOutputStream out, Object value) throws IOException {
        if (value instanceof String text) {
            string(out, text);
        } else if (value instanceof Integer number) {
            int32(out, number);
        } else if (value instanceof Float number) {
            int32(out, Float.floatToIntBits(number));
        } else {
            out.write(Boolean.TRUE.equals(value) ? 1 : 0);
        }
    }

    private static void string(DataOutputStream out, String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        int64(out, bytes.length);
        out.write(bytes);
    }

    private static void int32(DataOutputStream out, int value) throws IOException {
        out.writeInt(Integer.reverseBytes(value));
    }

    private static void int64(DataOutputStream out, long value) throws IOException {
        out.writeLong(Long.reverseBytes(value));
    }
}
