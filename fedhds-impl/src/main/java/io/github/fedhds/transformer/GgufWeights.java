package io.github.fedhds.transformer;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.internal.gguf.GgufFile;
import io.github.fedhds.internal.safetensors.Dtype;
import io.github.fedhds.internal.safetensors.HalfFloats;
import io.github.fedhds.internal.safetensors.TensorSource;
import io.github.fedhds.model.DecoderConfig;
import io.github.fedhds.model.Family;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;

/**
 * The tensors of a GGUF file under the names, shapes and row orders of Hugging Face, unpacked when they are read. So an
 * adapter for this base is also one for the model's own folder. Memory of a read: the tensor in the target type.
 */
final class GgufWeights implements TensorSource {
    private static final String LLAMA = "llama";

    /** Names of modules inside a layer. */
    private static final Map<String, String> LLAMA_MODULES = Map.ofEntries(
            Map.entry("attn_norm", "input_layernorm"),
            Map.entry("ffn_norm", "post_attention_layernorm"),
            Map.entry("attn_q", "self_attn.q_proj"),
            Map.entry("attn_k", "self_attn.k_proj"),
            Map.entry("attn_v", "self_attn.v_proj"),
            Map.entry("attn_output", "self_attn.o_proj"),
            Map.entry("attn_q_norm", "self_attn.q_norm"),
            Map.entry("attn_k_norm", "self_attn.k_norm"),
            Map.entry("ffn_gate", "mlp.gate_proj"),
            Map.entry("ffn_up", "mlp.up_proj"),
            Map.entry("ffn_down", "mlp.down_proj"));

    private static final Map<String, String> GPT2_MODULES = Map.of(
            "attn_norm", "ln_1",
            "ffn_norm", "ln_2",
            "attn_qkv", "attn.c_attn",
            "attn_output", "attn.c_proj",
            "ffn_up", "mlp.c_fc",
            "ffn_down", "mlp.c_proj");

    private static final Map<String, String> LLAMA_OUTSIDE = Map.of(
            "token_embd", "model.embed_tokens",
            "output_norm", "model.norm",
            "output", "lm_head");

    private static final Map<String, String> GPT2_OUTSIDE = Map.of(
            "token_embd", "transformer.wte",
            "position_embd", "transformer.wpe",
            "output_norm", "transformer.ln_f",
            "output", "lm_head");

    private final GgufFile file;
    private final DecoderConfig config;
    private final Dtype target;
    private final boolean pairsRotate;
    private final SortedMap<String, String> names = new TreeMap<>(); // Hugging Face's to the file's

    /**
     * @param target type that tensors are unpacked to, F32 or BF16
     * @throws FedHdsException if the file has a tensor that this architecture does not have
     */
    GgufWeights(GgufFile file, DecoderConfig config, Dtype target) {
        this.file = file;
        this.config = config;
        this.target = target;
        this.pairsRotate = file.options()
                .oneOf("general.architecture", List.of(LLAMA, "qwen2", "qwen3", "gpt2"))
                .equals(LLAMA);
        for (String name : file.names()) {
            if (!name.equals("rope_freqs.weight")) { // part of the configuration
                names.put(renamed(name), name);
            }
        }
    }

    private boolean isGpt2() {
        return config.family() == Family.GPT2;
    }

    private String renamed(String name) {
        int dot = name.lastIndexOf('.');
        String suffix = dot < 0 ? "" : name.substring(dot);
        String module = dot < 0 ? name : name.substring(0, dot);
        String result = null;
        if (module.startsWith("blk.")) {
            String[] parts = module.split("\\.", 3);
            String inLayer = parts.length < 3 ? null : (isGpt2() ? GPT2_MODULES : LLAMA_MODULES).get(parts[2]);
            if (inLayer != null) {
                result = (isGpt2() ? "transformer.h." : "model.layers.") + parts[1] + "." + inLayer;
            }
        } else {
            result = (isGpt2() ? GPT2_OUTSIDE : LLAMA_OUTSIDE).get(module);
        }
        if (result == null) {
            throw new FedHdsException(file.file() + " has the tensor " + name + ", which is not supported for "
                    + (isGpt2() ? "gpt2" : "llama, qwen2 and qwen3"));
        }
        return result + suffix;
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
        return isGpt2() && shape.length == 2 && name.startsWith("transformer.h.");
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
        int heads = headsOf(name);
        file.readRows(stored, (row, values) -> {
            for (int column = 0; column < values.length; column++) {
                int index;
                if (shape.length == 1) {
                    index = heads == 0 ? column : unpaired(column);
                } else if (transposed) {
                    index = column * rows + row;
                } else {
                    index = (heads == 0 ? row : unpaired(row)) * values.length + column;
                }
                into.put(index, values[column]);
            }
        });
    }

    /** Heads whose rows are in pairs in the file, 0 for tensors whose rows have the same order. */
    private int headsOf(String name) {
        if (!pairsRotate) {
            return 0;
        }
        if (name.contains(".self_attn.q_proj.")) {
            return config.heads();
        }
        return name.contains(".self_attn.k_proj.") ? config.keyValueHeads() : 0;
    }

    /**
     * Row at Hugging Face of a query's or key's row in the file. llama.cpp rotates neighbouring rows of a head, Hugging Face
     * rows that are half a head apart.
     */
    private int unpaired(int row) {
        int size = config.headSize();
        int inHead = row % size;
        return row - inHead + inHead % 2 * (size / 2) + inHead / 2;
    }

    @Override
    public void close() {
        file.close();
    }
}
