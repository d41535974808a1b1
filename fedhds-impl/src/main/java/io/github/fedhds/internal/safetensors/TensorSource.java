package io.github.fedhds.internal.safetensors;

import io.github.fedhds.adapter.Tensor;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.SortedSet;

/** Named tensors that are read one at a time: a file, or several files with an index. Safe for many threads. */
public interface TensorSource extends AutoCloseable {
    /** Names of all tensors, sorted; unmodifiable. */
    SortedSet<String> names();

    /**
     * Lengths of a tensor's axes; none for a single number.
     *
     * @throws io.github.fedhds.FedHdsException if there is no such tensor
     */
    int[] shape(String name);

    /**
     * Type of a tensor's stored numbers.
     *
     * @throws io.github.fedhds.FedHdsException if there is no such tensor
     */
    Dtype dtype(String name);

    /**
     * A tensor's stored bytes: read-only, little-endian, row-major. Bytes of a file are mapped, so they stay valid
     * after {@link #close} and use no heap.
     *
     * @throws io.github.fedhds.FedHdsException if there is no such tensor, if it has 2 GiB or more, or cannot be read
     */
    ByteBuffer read(String name);

    /**
     * A tensor's numbers in row-major order, as float; F64 is rounded to the nearest float.
     *
     * @throws io.github.fedhds.FedHdsException if there is no such tensor, if its type is not a supported
     *     floating-point type, has more numbers than an array can hold, or cannot be read
     */
    float[] readFloats(String name);

    /**
     * A tensor with its shape.
     *
     * @throws io.github.fedhds.FedHdsException as in {@link #readFloats}
     */
    default Tensor readTensor(String name) {
        return new Tensor(shape(name), readFloats(name));
    }

    /**
     * A quantized matrix as it is stored, for sources with matrices that can stay packed in memory; else empty. The other
     * methods unpack such a matrix.
     *
     * @throws io.github.fedhds.FedHdsException if there is no such tensor, or it cannot be read
     */
    default Optional<PackedMatrix> packed(String name) {
        return Optional.empty();
    }

    /** Closes the files; reading afterwards is an error. */
    @Override
    void close();
}
