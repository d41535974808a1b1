package io.github.fedhds.internal.safetensors;

import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.internal.file.AtomicFile;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * A tensor whose form is known and whose numbers are pulled when its turn to be written comes, so that a file may be far
 * larger than memory.
 *
 * @param dtype how its numbers are stored
 * @param shape lengths of its axes
 * @param content writes its bytes: little-endian, row-major, just as many as dtype and shape make
 */
public record PendingTensor(Dtype dtype, int[] shape, AtomicFile.Content content) {
    public PendingTensor {
        shape = shape.clone();
        if (Arrays.stream(shape).anyMatch(length -> length < 0)) {
            throw new IllegalArgumentException("shape must hold no negative length, was " + Arrays.toString(shape));
        }
    }

    /**
     * A tensor's numbers, rounded to the type (to nearest, ties to even).
     *
     * @param dtype F32, F16 or BF16
     * @throws IllegalArgumentException if it is another type
     */
    public static PendingTensor of(Tensor tensor, Dtype dtype) {
        if (dtype != Dtype.F32 && dtype != Dtype.F16 && dtype != Dtype.BF16) {
            throw new IllegalArgumentException("tensors can be written as F32, F16 or BF16, was " + dtype);
        }
        return new PendingTensor(
                dtype, tensor.shape(), channel -> SafetensorsWriter.writeNumbers(channel, tensor, dtype));
    }

    /** Bytes as they are, U8, not copied. */
    public static PendingTensor of(byte[] bytes) {
        return new PendingTensor(
                Dtype.U8, new int[] {bytes.length}, channel -> AtomicFile.writeFully(channel, ByteBuffer.wrap(bytes)));
    }

    @Override
    public int[] shape() {
        return shape.clone();
    }

    /** Number of bytes that it has in a file. */
    public long bytes() {
        long bytes = dtype.bytes();
        for (int length : shape) {
            bytes = Math.multiplyExact(bytes, length);
        }
        return bytes;
    }
}
