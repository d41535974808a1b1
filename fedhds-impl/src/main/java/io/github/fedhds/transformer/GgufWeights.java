package io.github.fedhds.transformer;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.internal.gguf.GgufFile;
import io.github.fedhds.internal.safetensors.Dtype;
import io.github.fedhds.internal.safetensors.HalfFloats;
import io.github.fedhds.internal.safetensors.PackedMatrix;
import io.github.fedhds.internal.safetensors.TensorSource;
import io.github.fedhds.model.DecoderConfig;
import io.github.fedhds.model.Family;
import io.github.fedhds.model.GgufNames;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.function.IntUnaryOperator;

/**
 * The tensors of a GGUF file under the names, shapes and row orders of Hugging Face, unpacked when they are read. So an
 * adapter for this base is also one for the model's own folder. Memory of a read: the tensor in the target type.
 */
final class GgufWeights implements TensorSource {
    private final GgufFile file;
    private final DecoderConfig config;
    private final Dtype target;
    private final GgufNames modules;
    private final SortedMap<String, String> names = new TreeMap<>(); // Hugging Face's to the file's

    /**
     * Opens a file.
     *
     * @param target type that tensors are unpacked to, F32 or BF16
     * @throws FedHdsException if the file is damaged, or has a tensor that this architecture does not have
     */
    static GgufWeights open(Path path, DecoderConfig config, Dtype target) {
        GgufFile file = GgufFile.open(path);
        try {
            return new GgufWeights(file, config, target);
        } catch (RuntimeException | Error e) {
            file.close();
            throw e;
        }
    }

    private GgufWeights(GgufFile file, DecoderConfig config, Dtype target) {
        this.file = file;
        this.config = config;
        this.target = target;
        this.modules = new GgufNames(config);
        for (String name : file.names()) {
            if (!name.equals("rope_freqs.weight")) { // part of the configuration
                names.put(renamed(name), name);
            }
        }
    }

    private String renamed(String name) {
        String module = module(name);
        return modules.huggingFace(module)
                .map(renamed -> renamed + name.substring(module.length()))
                .orElseThrow(() -> new FedHdsException(file.file() + " has the tensor " + name
                        + ", which is not supported for " + modules.architecture()));
    }

    private static String module(String name) {
        int dot = name.lastIndexOf('.');
        return dot < 0 ? name : name.substring(0, dot);
    }

    @Override
    public SortedSet<String> names() {
        return Collections.unmodifiableSortedSet((SortedSet<String>) names.keySet());
    }

    private String stored(String name) {
        String stored = names.get(name);
        if (stored == null) {
            throw new FedHdsException(file.file() + " has no tensor for " + name);
        }
        return stored;
    }

    /** GPT-2's products are {@code [in, out]} at Hugging Face, {@code [out, in]} in GGUF. */
    private boolean isTransposed(String name, int[] shape) {
        return config.family() == Family.GPT2 && shape.length == 2 && name.startsWith("transformer.h.");
    }

    @Override
    public int[] shape(String name) {
        int[] shape = file.shape(stored(name));
        return isTransposed(name, shape) ? new int[] {shape[1], shape[0]} : shape;
    }

    @Override
    public Dtype dtype(String name) {
        return shape(name).length == 1 ? Dtype.F32 : target; // norms and biases are small, and stay exact
    }

    @Override
    public ByteBuffer read(String name) {
        int[] shape = shape(name);
        Dtype dtype = dtype(name);
        long size = dtype.bytes();
        for (int length : shape) {
            size *= length;
        }
        if (size > Integer.MAX_VALUE - 8) {
            throw new FedHdsException(file.file() + ": tensor " + name + " has " + size + " bytes as " + dtype
                    + ", more than can be read; load it with Precision.BFLOAT16");
        }
        ByteBuffer bytes = ByteBuffer.allocate((int) size).order(ByteOrder.LITTLE_ENDIAN);
        write(name, (index, value) -> {
            if (dtype == Dtype.F32) {
                bytes.putFloat(index * Float.BYTES, value);
            } else {
                bytes.putShort(index * Short.BYTES, HalfFloats.toBf16(value));
            }
        });
        return bytes;
    }

    @Override
    public float[] readFloats(String name) {
        long size = 1;
        for (int length : shape(name)) {
            size *= length;
        }
        if (size > Integer.MAX_VALUE - 8) {
            throw new FedHdsException(
                    file.file() + ": tensor " + name + " has " + size + " numbers, more than an array can hold");
        }
        float[] values = new float[(int) size];
        write(name, (index, value) -> values[index] = value);
        return values;
    }

    @Override
    public Optional<PackedMatrix> packed(String name) {
        String stored = stored(name);
        int[] shape = file.shape(stored);
        if (shape.length != 2) {
            return Optional.empty();
        }
        IntUnaryOperator order = modules.isPaired(module(name)) ? modules::unpaired : row -> row;
        return PackedForm.of(file.type(stored))
                .map(form -> new PackedMatrix(
                        file.readBlocks(stored, order), shape[0], shape[1] / form.elements(), form.bytes()));
    }

    /** Receives a value at its index in the tensor of Hugging Face. */
    @FunctionalInterface
    private interface Values {
        void put(int index, float value);
    }

    private void write(String name, Values into) {
        String stored = stored(name);
        int[] shape = file.shape(stored);
        int rows = shape.length == 1 ? 1 : shape[0];
        boolean transposed = isTransposed(name, shape);
        boolean paired = modules.isPaired(module(name));
        file.readRows(stored, (row, values) -> {
            for (int column = 0; column < values.length; column++) {
                int index;
                if (shape.length == 1) {
                    index = paired ? modules.unpaired(column) : column;
                } else if (transposed) {
                    index = column * rows + row;
                } else {
                    index = (paired ? modules.unpaired(row) : row) * values.length + column;
                }
                into.put(index, values[column]);
            }
        });
    }

    @Override
    public void close() {
        file.close();
    }
}
