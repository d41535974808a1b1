package io.github.fedhds.internal.safetensors;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.internal.file.FileFault;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Collections;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Tensors of one safetensors file, or of bytes in this format. Opening checks all rules of the format before it
 * allocates anything by the header; a file may be larger than 2 GiB, a single tensor may not. Immutable, safe for many
 * threads; an interrupt of a reading thread closes the file, as with all Java channels.
 *
 * @see <a href="https://huggingface.co/docs/safetensors/index">The format</a>
 */
public final class SafetensorsFile implements TensorSource {
    private static final int CHUNK = 1 << 18;

    /** Source of the bytes: an open file or an array. */
    private interface Bytes {
        long size() throws IOException;

        /** Fills the buffer from a position on; an error if there are too few bytes. */
        void read(long position, ByteBuffer into) throws IOException;

        ByteBuffer view(long position, int length) throws IOException;

        void close() throws IOException;
    }

    private final String label;
    private final Bytes bytes;
    private final long dataStart;
    private final SortedMap<String, SafetensorsHeader.Entry> entries;
    private final Map<String, String> metadata;

    private SafetensorsFile(String label, Bytes bytes) throws IOException {
        this.label = label;
        this.bytes = bytes;
        long size = bytes.size();
        if (size < 8) {
            throw SafetensorsHeader.fault(label, "a safetensors file has 8 bytes or more, was " + size);
        }
        ByteBuffer prefix = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
        bytes.read(0, prefix);
        int length = SafetensorsHeader.checkLength(label, prefix.getLong(0), size);
        ByteBuffer text = ByteBuffer.allocate(length);
        bytes.read(8, text);
        dataStart = 8L + length;
        SafetensorsHeader header = SafetensorsHeader.parse(label, text.flip(), size - dataStart);
        entries = header.entries();
        metadata = header.metadata();
    }

    /**
     * Opens a file and checks it.
     *
     * @throws FedHdsException if it cannot be read or breaks a rule of the format; the message names file, tensor and
     *     rule
     */
    public static SafetensorsFile open(Path file) {
        FileBytes bytes = null;
        try {
            bytes = new FileBytes(FileChannel.open(file, StandardOpenOption.READ));
            return new SafetensorsFile(file.toString(), bytes);
        } catch (IOException e) {
            closeQuietly(bytes, e);
            throw FileFault.of(file, "cannot be read", e);
        } catch (RuntimeException | Error e) {
            closeQuietly(bytes, e);
            throw e;
        }
    }

    /**
     * Reads bytes of a complete safetensors file, such as a message.
     *
     * @param label name of the bytes, for messages
     * @param content the bytes; not copied, so they must not change while this is in use
     * @throws FedHdsException if they break a rule of the format
     */
    public static SafetensorsFile of(String label, byte[] content) {
        try {
            return new SafetensorsFile(label, new ArrayBytes(content));
        } catch (IOException e) {
            throw FileFault.of(label, "cannot be read", e);
        }
    }

    private static void closeQuietly(@Nullable Bytes bytes, Throwable cause) {
        if (bytes != null) {
            try {
                bytes.close();
            } catch (IOException e) {
                cause.addSuppressed(e);
            }
        }
    }

    @Override
    public SortedSet<String> names() {
        return Collections.unmodifiableSortedSet(new TreeSet<>(entries.keySet()));
    }

    @Override
    public int[] shape(String name) {
        return entry(name).shape().clone();
    }

    @Override
    public Dtype dtype(String name) {
        return entry(name).dtype();
    }

    /** The text pairs under {@code __metadata__}; empty if the file has none. */
    public Map<String, String> metadata() {
        return metadata;
    }

    @Override
    public ByteBuffer read(String name) {
        SafetensorsHeader.Entry entry = entry(name);
        try {
            return bytes.view(dataStart + entry.begin(), length(name, entry, 1))
                    .asReadOnlyBuffer()
                    .order(ByteOrder.LITTLE_ENDIAN);
        } catch (IOException e) {
            throw FileFault.of(label, "tensor " + name + " cannot be read", e);
        }
    }

    /**
     * Fills a buffer with a tensor's stored bytes, for tensors of any length; safe for many threads.
     *
     * @param offset first byte to read, counted from the start of the tensor
     * @throws FedHdsException if there is no such tensor, or it cannot be read
     * @throws IndexOutOfBoundsException if the tensor has too few bytes
     */
    public void read(String name, long offset, ByteBuffer into) {
        SafetensorsHeader.Entry entry = entry(name);
        Objects.checkFromIndexSize(offset, (long) into.remaining(), entry.end() - entry.begin());
        try {
            bytes.read(dataStart + entry.begin() + offset, into);
        } catch (IOException e) {
            throw FileFault.of(label, "tensor " + name + " cannot be read", e);
        }
    }

    /** Passes all bytes in order, including the header, in pieces of 256 KiB; the next piece overwrites the last. */
    public void forEachPiece(Consumer<ByteBuffer> use) {
        try {
            long size = bytes.size();
            ByteBuffer piece = ByteBuffer.allocate((int) Math.min(CHUNK, size));
            for (long at = 0; at < size; at += piece.limit()) {
                piece.clear().limit((int) Math.min(piece.capacity(), size - at));
                bytes.read(at, piece);
                use.accept(piece.flip());
            }
        } catch (IOException e) {
            throw FileFault.of(label, "cannot be read", e);
        }
    }

    @Override
    public float[] readFloats(String name) {
        SafetensorsHeader.Entry entry = entry(name);
        Dtype dtype = entry.dtype();
        if (!dtype.readsAsFloat()) {
            throw new FedHdsException(
                    label + ": tensor " + name + " is " + dtype + "; F32, F16, BF16 and F64 can be read as float");
        }
        float[] values = new float[length(name, entry, dtype.bytes())];
        ByteBuffer chunk = ByteBuffer.allocate((int) Math.min(CHUNK, entry.end() - entry.begin()))
                .order(ByteOrder.LITTLE_ENDIAN);
        try {
            for (int at = 0; at < values.length; ) {
                int count = Math.min(values.length - at, CHUNK / dtype.bytes());
                chunk.clear().limit(count * dtype.bytes());
                bytes.read(dataStart + entry.begin() + (long) at * dtype.bytes(), chunk);
                convert(chunk.flip(), dtype, values, at, count);
                at += count;
            }
        } catch (IOException e) {
            throw FileFault.of(label, "tensor " + name + " cannot be read", e);
        }
        return values;
    }

    private static void convert(ByteBuffer chunk, Dtype dtype, float[] values, int at, int count) {
        switch (dtype) {
            case F32 -> chunk.asFloatBuffer().get(values, at, count);
            case F64 -> {
                for (int i = 0; i < count; i++) {
                    values[at + i] = (float) chunk.getDouble(8 * i);
                }
            }
            case F16 -> {
                for (int i = 0; i < count; i++) {
                    values[at + i] = HalfFloats.fromF16(chunk.getShort(2 * i));
                }
            }
            case BF16 -> {
                for (int i = 0; i < count; i++) {
                    values[at + i] = HalfFloats.fromBf16(chunk.getShort(2 * i));
                }
            }
            default -> throw new AssertionError(dtype);
        }
    }

    private int length(String name, SafetensorsHeader.Entry entry, int unit) {
        long length = (entry.end() - entry.begin()) / unit;
        if (length > Integer.MAX_VALUE - 8) {
            throw new FedHdsException(label + ": tensor " + name + " has " + length
                    + (unit == 1 ? " bytes" : " numbers") + ", more than an array can hold");
        }
        return (int) length;
    }

    private SafetensorsHeader.Entry entry(String name) {
        SafetensorsHeader.Entry entry = entries.get(name);
        if (entry == null) {
            throw new FedHdsException(label + ": there is no tensor " + name + " among the " + entries.size());
        }
        return entry;
    }

    /** Closes the file; closing again does nothing. */
    @Override
    public void close() {
        try {
            bytes.close();
        } catch (IOException e) {
            throw FileFault.of(label, "cannot be closed", e);
        }
    }

    @Override
    public String toString() {
        return "SafetensorsFile[" + label + ", " + entries.size() + " tensors]";
    }

    private record FileBytes(FileChannel channel) implements Bytes {
        @Override
        public long size() throws IOException {
            return channel.size();
        }

        @Override
        public void read(long position, ByteBuffer into) throws IOException {
            long at = position;
            while (into.hasRemaining()) {
                int count = channel.read(into, at);
                if (count < 0) {
                    throw new IOException("the file ended at " + at + "; was it cut off while open?");
                }
                at += count;
            }
        }

        @Override
        public ByteBuffer view(long position, int length) throws IOException {
            if (position + length > channel.size()) { // access to a mapping beyond the end would crash
                throw new IOException("the file ends at " + channel.size() + "; was it cut off while open?");
            }
            return channel.map(MapMode.READ_ONLY, position, length);
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }

    private record ArrayBytes(byte[] content) implements Bytes {
        @Override
        public long size() {
            return content.length;
        }

        @Override
        public void read(long position, ByteBuffer into) {
            into.put(content, (int) position, into.remaining());
        }

        @Override
        public ByteBuffer view(long position, int length) {
            return ByteBuffer.wrap(content, (int) position, length).slice();
        }

        @Override
        public void close() {}
    }
}
