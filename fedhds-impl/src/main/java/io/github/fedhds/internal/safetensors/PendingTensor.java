package io.github.fedhds.internal.safetensors;

import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.internal.file.AtomicFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * A tensor with known type and shape whose numbers are computed only when it is written, so that a file may be far
 * larger than memory.
 *
 * @param dtype type of the stored numbers
 * @param shape lengths of its axes
 * @param content writes its bytes: little-endian, row-major, exactly as many as dtype and shape require
 */
public record PendingTensor(Dtype dtype, int[] shape, AtomicFile.Content content) {
    private static final int CHUNK = 1 << 18;

    /** Writes the numbers from one index to another (exclusive, in row-major order) to a little-endian buffer. */
    @FunctionalInterface
    public interface Numbers {
        void put(int from, int to, ByteBuffer into);
    }

    public PendingTensor {
        shape = shape.clone();
        if (Arrays.stream(shape).anyMatch(length -> length < 0)) {
            throw new IllegalArgumentException("shape must hold no negative length, was " + Arrays.toString(shape));
        }
    }

    /**
     * A tensor's numbers, rounded to the type (to nearest, ties to even).
     *
     * @param name for messages
     * @param dtype F32, F16 or BF16
     * @throws IllegalArgumentException if it is another type, or a finite value is too large for it
     */
    public static PendingTensor of(String name, Tensor tensor, Dtype dtype) {
        if (dtype != Dtype.F32 && dtype != Dtype.F16 && dtype != Dtype.BF16) {
            throw new IllegalArgumentException("tensors can be written as F32, F16 or BF16, was " + dtype);
        }
        for (int i = 0; dtype != Dtype.F32 && i < tensor.size(); i++) {
            if (!dtype.holds(tensor.get(i))) {
                throw new IllegalArgumentException("tensor " + name + " holds " + tensor.get(i) + " at " + i
                        + ", too large for " + dtype + "; write it as F32");
            }
        }
        return of(dtype, tensor.shape(), tensor.size(), (from, to, into) -> {
            for (int i = from; i < to; i++) {
                switch (dtype) {
                    case F16 -> into.putShort(HalfFloats.toF16(tensor.get(i)));
                    case BF16 -> into.putShort(HalfFloats.toBf16(tensor.get(i)));
                    default -> into.putFloat(tensor.get(i));
                }
            }
        });
    }

    /**
     * Numbers that are written through a buffer of at most 256 KiB, one part after another.
     *
     * @param count number of values in the shape
     */
    public static PendingTensor of(Dtype dtype, int[] shape, int count, Numbers numbers) {
        return new PendingTensor(dtype, shape, channel -> {
            int part = CHUNK / dtype.bytes();
            ByteBuffer chunk =
                    ByteBuffer.allocate(Math.min(part, count) * dtype.bytes()).order(ByteOrder.LITTLE_ENDIAN);
            for (int from = 0; from < count; from += part) {
                numbers.put(from, Math.min(count, from + part), chunk.clear());
                AtomicFile.writeFully(channel, chunk.flip());
            }
        });
    }

    /** Bytes as U8, not copied. */
    public static PendingTensor of(byte[] bytes) {
        return new PendingTensor(
                Dtype.U8, new int[] {bytes.length}, channel -> AtomicFile.writeFully(channel, ByteBuffer.wrap(bytes)));
    }

    @Override
    public int[] shape() {
        return shape.clone();
    }

    /** Number of bytes in a file. */
    public long bytes() {
        long bytes = dtype.bytes();
        for (int length : shape) {
            bytes = Math.multiplyExact(bytes, length);
        }
        return bytes;
    }
}
