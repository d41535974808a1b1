package io.github.fedhds.transformer;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.github.fedhds.internal.gguf.GgufType;
import io.github.fedhds.internal.gguf.GgufWriter;
import io.github.fedhds.internal.safetensors.ModelWeights;
import io.github.fedhds.internal.safetensors.TensorSource;
import io.github.fedhds.model.DecoderConfig;
import io.github.fedhds.model.Family;
import io.github.fedhds.model.RotaryScaling;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Converts a model folder to GGUF as llama.cpp's converter does: names, row order of q and k, vocabulary. So a test can load
 * the same model both ways.
 */
public final class GgufExport {
    private static final List<String> MODULES = List.of(
            ".input_layernorm.", ".attn_norm.",
            ".post_attention_layernorm.", ".ffn_norm.",
            ".self_attn.q_proj.", ".attn_q.",
            ".self_attn.k_proj.", ".attn_k.",
            ".self_attn.v_proj.", ".attn_v.",
            ".self_attn.o_proj.", ".attn_output.",
            ".self_attn.q_norm.", ".attn_q_norm.",
            ".self_attn.k_norm.", ".attn_k_norm.",
            ".mlp.gate_proj.", ".ffn_gate.",
            ".mlp.up_proj.", ".ffn_up.",
            ".mlp.down_proj.", ".ffn_down.",
            ".ln_1.", ".attn_norm.",
            ".ln_2.", ".ffn_norm.",
            ".attn.c_attn.", ".attn_qkv.",
            ".attn.c_proj.", ".attn_output.",
            ".mlp.c_fc.", ".ffn_up.",
            ".mlp.c_proj.", ".ffn_down.");

    private static final Map<String, String> OUTSIDE = Map.of(
            "model.embed_tokens", "token_embd",
            "model.norm", "output_norm",
            "lm_head", "output",
            "transformer.wte", "token_embd",
            "transformer.wpe", "position_embd",
            "transformer.ln_f", "output_norm");

    private final Path folder;
    private final DecoderConfig config;
    private final String architecture;
    private final GgufType matrices;
    private final GgufWriter writer = new GgufWriter();

    private GgufExport(Path folder, GgufType matrices) {
        this.folder = folder;
        this.matrices = matrices;
        this.config = DecoderConfig.read(folder);
        String type = json("config.json").get("model_type").getAsString();
        this.architecture = type.equals("mistral") ? "llama" : type;
    }

    /** All that a file needs, to be changed or written. */
    public static GgufWriter of(Path folder) {
        return of(folder, GgufType.F32);
    }

    /** The same with another type of the matrices whose rows are whole blocks of it. */
    public static GgufWriter of(Path folder, GgufType matrices) {
        GgufExport export = new GgufExport(folder, matrices);
        export.configuration();
        export.vocabulary();
        export.weights();
        return export.writer;
    }

    private JsonObject json(String name) {
        try {
            return JsonParser.parseString(Files.readString(folder.resolve(name)))
                    .getAsJsonObject();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private boolean isGpt2() {
        return config.family() == Family.GPT2;
    }

    private void configuration() {
        writer.put("general.architecture", architecture);
        put("embedding_length", config.hiddenSize());
        put("feed_forward_length", config.intermediateSize());
        put("block_count", config.layers());
        put("context_length", config.contextLength());
        put("attention.head_count", config.heads());
        put("attention.head_count_kv", config.keyValueHeads());
        put("vocab_size", config.vocabulary());
        float epsilon = (float) config.normEpsilon();
        writer.put(architecture + ".attention.layer_norm_" + (isGpt2() ? "" : "rms_") + "epsilon", epsilon);
        if (!isGpt2()) {
            put("attention.key_length", config.headSize());
            put("attention.value_length", config.headSize());
            put("rope.dimension_count", config.headSize());
            writer.put(architecture + ".rope.freq_base", (float) config.rotaryBase());
        }
        if (config.attention().window() > 0) {
            put("attention.sliding_window", config.attention().window());
        }
        if (config.rotaryScaling() instanceof RotaryScaling.Linear linear) {
            writer.put(architecture + ".rope.scaling.type", "linear");
            writer.put(architecture + ".rope.scaling.factor", (float) linear.factor());
        }
        if (config.rotaryScaling() instanceof RotaryScaling.Llama3 llama3) {
            int size = config.headSize();
            float[] divisors = new float[size / 2];
            for (int i = 0; i < divisors.length; i++) {
                float frequency = 1f / (float) Math.pow(config.rotaryBase(), 2.0 * i / size);
                divisors[i] = frequency / llama3.scale(i, frequency);
            }
            writer.add("rope_freqs.weight", new int[] {divisors.length}, GgufType.F32, () -> divisors);
        }
        writer.put("tokenizer.ggml.eos_token_id", config.eosIds().get(0));
    }

    private void put(String key, int value) {
        writer.put(architecture + "." + key, value);
    }

    private void vocabulary() {
        JsonObject tokenizer = json("tokenizer.json");
        JsonObject model = tokenizer.getAsJsonObject("model");
        Map<Integer, String> tokens = new TreeMap<>();
        model.getAsJsonObject("vocab").asMap().forEach((token, id) -> tokens.put(id.getAsInt(), token));
        boolean bytes = model.has("byte_fallback") && model.get("byte_fallback").getAsBoolean();
        List<Integer> kinds = new ArrayList<>(Collections.nCopies(tokens.size(), 1));
        tokens.forEach((id, token) -> {
            if (bytes && token.matches("<0x[0-9A-F]{2}>")) {
                kinds.set(id, 6);
            }
        });
        for (JsonElement added : tokenizer.getAsJsonArray("added_tokens")) {
            kinds.set(added.getAsJsonObject().get("id").getAsInt(), 3);
        }
        writer.put("tokenizer.ggml.tokens", List.copyOf(tokens.values()));
        writer.put("tokenizer.ggml.token_type", kinds);
        List<String> merges = new ArrayList<>();
        for (JsonElement merge : model.getAsJsonArray("merges")) {
            merges.add(
                    merge instanceof JsonArray pair
                            ? pair.get(0).getAsString() + " " + pair.get(1).getAsString()
                            : merge.getAsString());
        }
        if (bytes) {
            kinds.set(0, 2);
            writer.put("tokenizer.ggml.model", "llama").put("tokenizer.ggml.scores", scores(tokens, merges));
        } else {
            writer.put("tokenizer.ggml.model", "gpt2").put("tokenizer.ggml.merges", merges);
            writer.put("tokenizer.ggml.pre", tokenizer.toString().contains("\\\\p{N}{1,3}") ? "dbrx" : "gpt-2");
        }
    }

    /** A score that falls with the place of a piece's first merge. */
    private static List<Float> scores(Map<Integer, String> tokens, List<String> merges) {
        Map<String, Float> scores = new HashMap<>();
        for (int i = 0; i < merges.size(); i++) {
            scores.putIfAbsent(merges.get(i).replace(" ", ""), -1f - i);
        }
        return tokens.values().stream()
                .map(token -> scores.getOrDefault(token, -1e6f))
                .toList();
    }

    private void weights() {
        try (TensorSource source = ModelWeights.open(ModelWeights.file(folder, ""))) {
            for (String name : source.names()) {
                int[] shape = source.shape(name);
                float[] values = source.readFloats(name);
                boolean conv = isGpt2() && shape.length == 2 && name.startsWith("transformer.h.");
                int[] stored = conv ? new int[] {shape[1], shape[0]} : shape;
                float[] ordered = conv ? transposed(values, shape) : ordered(name, values, shape);
                if (!name.endsWith(".attn.bias") || !isGpt2()) {
                    boolean packs = stored.length == 2 && stored[1] % matrices.elements() == 0;
                    writer.add(renamed(name), stored, packs ? matrices : GgufType.F32, () -> ordered);
                }
            }
        }
    }

    private static String renamed(String name) {
        String result = name.replace("model.layers.", "blk.").replace("transformer.h.", "blk.");
        for (int i = 0; i < MODULES.size(); i += 2) {
            result = result.replace(MODULES.get(i), MODULES.get(i + 1));
        }
        int dot = result.lastIndexOf('.');
        String module = result.substring(0, dot);
        return OUTSIDE.getOrDefault(module, module) + result.substring(dot);
    }

    private static float[] transposed(float[] values, int[] shape) {
        float[] result = new float[values.length];
        for (int i = 0; i < shape[0]; i++) {
            for (int j = 0; j < shape[1]; j++) {
                result[j * shape[0] + i] = values[i * shape[1] + j];
            }
        }
        return result;
    }

    /** Rows of a head of q and k, [2, D/2], become [D/2, 2] for the architecture llama. */
    private float[] ordered(String name, float[] values, int[] shape) {
        if (!architecture.equals("llama") || !(name.contains("q_proj") || name.contains("k_proj"))) {
            return values;
        }
        int half = config.headSize() / 2;
        int columns = values.length / shape[0];
        float[] result = new float[values.length];
        for (int row = 0; row < shape[0]; row++) {
            int inHead = row % (2 * half);
            int to = row - inHead + inHead % half * 2 + inHead / half;
            System.arraycopy(values, row * columns, result, to * columns, columns);
        }
        return result;
    }
}
