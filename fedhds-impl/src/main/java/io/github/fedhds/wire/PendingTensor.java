package io.github.fedhds.wire;

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
