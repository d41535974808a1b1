package io.github.fedhds.transformer;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.internal.json.JsonFile;
import io.github.fedhds.internal.json.JsonOptions;
import io.github.fedhds.internal.safetensors.Dtype;
import io.github.fedhds.internal.safetensors.PackedMatrix;
import io.github.fedhds.internal.safetensors.TensorSource;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The tensors of a folder that bitsandbytes has quantized to 4-bit NormalFloat, unpacked to float32 when they are read. Each
 * quantized matrix has tensors beside it: the largest magnitude of each block of 64 numbers (itself quantized in blocks of
 * 256, or float32), the values of the codes, and a description in JSON.
 *
 * @see <a href="https://arxiv.org/abs/2305.14314">QLoRA, section 3</a>
 */
final class Nf4Weights implements TensorSource {
    private static final String STATE = ".quant_state.bitsandbytes__nf4";
    private static final List<String> PARTS =
            List.of(".absmax", ".quant_map", ".nested_absmax", ".nested_quant_map", STATE);
    private static final int MAX_STATE_BYTES = 4096;
    private static final int BLOCK = 64;

    private final TensorSource source;
    private final String where;
    private final SortedSet<String> names = new TreeSet<>();
    private final SortedMap<String, Matrix> matrices = new TreeMap<>();

    /**
     * A quantized matrix.
     *
     * @param absmax largest magnitude of each block
     */
    private record Matrix(int[] shape, float[] absmax) {
        int size() {
            return shape[0] * shape[1];
        }
    }

    /**
     * A view of a source with the quantized matrices as matrices; the source itself if it has none.
     *
     * @param where the file, for errors
     * @throws FedHdsException if a quantized matrix is incomplete, or of another form
     */
    static TensorSource of(TensorSource source, String where) {
        return source.names().stream().anyMatch(name -> name.endsWith(STATE)) ? new Nf4Weights(source, where) : source;
    }

    private Nf4Weights(TensorSource source, String where) {
        this.source = source;
        this.where = where;
        names.addAll(source.names());
        for (String name : source.names()) {
            if (name.endsWith(STATE)) {
                String matrix = name.substring(0, name.length() - STATE.length());
                try {
                    matrices.put(matrix, matrix(matrix));
                } catch (IllegalArgumentException e) {
                    throw new FedHdsException(where + ": " + matrix + ": " + e.getMessage(), e);
                }
                PARTS.forEach(part -> names.remove(matrix + part));
            }
        }
    }

    private Matrix matrix(String name) {
        ByteBuffer description = bytes(name + STATE, Dtype.U8);
        if (description.remaining() > MAX_STATE_BYTES) {
            throw new IllegalArgumentException("its description has " + description.remaining() + " bytes, at most "
                    + MAX_STATE_BYTES + " are supported");
        }
        JsonOptions state = new JsonOptions(
                "",
                JsonFile.parseObject(
                        where + ": " + name + STATE,
                        StandardCharsets.UTF_8.decode(description).toString()));
        state.oneOf("quant_type", List.of("nf4"));
        check("blocksize", state.whole("blocksize"), BLOCK);
        List<Integer> lengths = state.wholes("shape");
        if (lengths.size() != 2 || lengths.stream().anyMatch(length -> length < 1)) {
            throw new IllegalArgumentException("shape is " + lengths + ", must be two positive numbers");
        }
        int[] shape = {lengths.get(0), lengths.get(1)};
        long size = (long) shape[0] * shape[1];
        if (size > Integer.MAX_VALUE - BLOCK) {
            throw new IllegalArgumentException("shape is " + lengths + ", more numbers than an array can hold");
        }
        check("the number of bytes of its codes", bytes(name, Dtype.U8).remaining(), (int) ((size + 1) / 2));
        if (!Arrays.equals(floats(name + ".quant_map", 16), PackedForm.NF4_CODE)) {
            throw new IllegalArgumentException("quant_map has other values than those of NF4");
        }
        int blocks = (int) ((size + BLOCK - 1) / BLOCK);
        String absmax = name + ".absmax";
        if (source.names().contains(absmax) && source.dtype(absmax) == Dtype.F32) {
            return new Matrix(shape, floats(absmax, blocks));
        }
        return new Matrix(shape, nested(name, state, blocks));
    }

    /** Largest magnitudes that are themselves quantized, by a table of 256 values and a scale per block. */
    private float[] nested(String name, JsonOptions state, int blocks) {
        int block = state.whole("nested_blocksize");
        if (block < 1) {
            throw new IllegalArgumentException("nested_blocksize is " + block + ", must be 1 or more");
        }
        float offset = (float) state.number("nested_offset");
        float[] table = floats(name + ".nested_quant_map", 256);
        float[] scales = floats(name + ".nested_absmax", (blocks + block - 1) / block);
        ByteBuffer codes = bytes(name + ".absmax", Dtype.U8);
        check("the number of values of absmax", codes.remaining(), blocks);
        float[] absmax = new float[blocks];
        for (int i = 0; i < blocks; i++) {
            absmax[i] = table[codes.get(codes.position() + i) & 255] * scales[i / block] + offset;
        }
        return absmax;
    }

    private ByteBuffer bytes(String name, Dtype dtype) {
        if (!source.names().contains(name)) {
            throw new IllegalArgumentException("the file has no tensor " + name);
        }
        if (source.dtype(name) != dtype) {
            throw new IllegalArgumentException(name + " is " + source.dtype(name) + ", must be " + dtype);
        }
        return source.read(name);
    }

    private float[] floats(String name, int count) {
        check("the number of bytes of " + name, bytes(name, Dtype.F32).remaining(), Math.multiplyExact(4, count));
        return source.readFloats(name);
    }

    private static void check(String what, int value, int expected) {
        if (value != expected) {
            throw new IllegalArgumentException(what + " is " + value + ", must be " + expected);
        }
    }

    @Override
    public SortedSet<String> names() {
        return Collections.unmodifiableSortedSet(names);
    }

    @Override
    public int[] shape(String name) {
        Matrix matrix = matrices.get(name);
        return matrix == null ? source.shape(name) : matrix.shape().clone();
    }

    @Override
    public Dtype dtype(String name) {
        return matrices.containsKey(name) ? Dtype.F32 : source.dtype(name);
    }

    @Override
    public ByteBuffer read(String name) {
        Matrix matrix = matrices.get(name);
        if (matrix == null) {
            return source.read(name);
        }
        long size = (long) Float.BYTES * matrix.size();
        if (size > Integer.MAX_VALUE - 8) {
            throw new FedHdsException(where + ": tensor " + name + " has " + size
                    + " bytes as F32, more than can be read; keep it packed: ModelOptions.withPacked(true)");
        }
        ByteBuffer bytes = ByteBuffer.allocateDirect((int) size).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(readFloats(name));
        return bytes;
    }

    @Override
    public float[] readFloats(String name) {
        Matrix matrix = matrices.get(name);
        if (matrix == null) {
            return source.readFloats(name);
        }
        ByteBuffer codes = source.read(name);
        float[] values = new float[matrix.size()];
        for (int i = 0; i < values.length; i++) {
            int both = codes.get(codes.position() + i / 2);
            values[i] = PackedForm.NF4_CODE[i % 2 == 0 ? both >> 4 & 15 : both & 15] * matrix.absmax()[i / BLOCK];
        }
        return values;
    }

    /** Only if a block never spans two rows. */
    @Override
    public Optional<PackedMatrix> packed(String name) {
        Matrix matrix = matrices.get(name);
        if (matrix == null || matrix.shape()[1] % BLOCK != 0) {
            return Optional.empty();
        }
        int blocks = matrix.shape()[1] / BLOCK;
        long size = (long) matrix.absmax().length * PackedForm.NF4.bytes();
        if (size > Integer.MAX_VALUE - 8) {
            throw new FedHdsException(
                    where + ": tensor " + name + " has " + size + " bytes, more than can stay packed");
        }
        ByteBuffer codes = source.read(name);
        ByteBuffer bytes = ByteBuffer.allocateDirect((int) size).order(ByteOrder.LITTLE_ENDIAN);
        byte[] block = new byte[BLOCK / 2];
        for (float largest : matrix.absmax()) {
            codes.get(block);
            bytes.putFloat(largest).put(block);
        }
        return Optional.of(new PackedMatrix(bytes.flip(), matrix.shape()[0], blocks, PackedForm.NF4.bytes()));
    }

    @Override
    public void close() {
        source.close();
    }
}
