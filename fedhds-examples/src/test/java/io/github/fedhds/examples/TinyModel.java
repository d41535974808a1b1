package io.github.fedhds.examples;

import com.google.gson.Gson;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.internal.safetensors.SafetensorsWriter;
import io.github.fedhds.lora.LoraConfig;
import io.github.fedhds.peft.MergedGguf;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/** A LLaMA folder of random weights: one layer, two heads, a token a printable ASCII character. */
public final class TinyModel {
    private static final int WIDTH = 16;

    private TinyModel() {}

    public static void write(Path folder) throws IOException {
        write(folder, weights());
    }

    private static Map<String, Integer> vocabulary() {
        Map<String, Integer> vocabulary = new LinkedHashMap<>(Map.of("</s>", 0));
        for (char c = '!'; c <= '~'; c++) {
            vocabulary.put(String.valueOf(c), vocabulary.size());
        }
        for (String special : List.of("\u0120", "\u010a")) { // space and newline, as the byte-level form writes them
            vocabulary.put(special, vocabulary.size());
        }
        return vocabulary;
    }

    /** Writes the folder with these weights in place of the random ones. */
    public static void write(Path folder, Map<String, Tensor> weights) throws IOException {
        Map<String, Integer> vocabulary = vocabulary();
        Gson gson = new Gson();
        Files.writeString(folder.resolve("config.json"), """
                {"model_type": "llama", "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1,
                 "num_attention_heads": 2, "vocab_size": %d, "max_position_embeddings": 512,
                 "tie_word_embeddings": true, "eos_token_id": 0}
                """.formatted(vocabulary.size()));
        Files.writeString(folder.resolve("tokenizer.json"), """
                {"version": "1.0", "truncation": null, "padding": null, "normalizer": null, "post_processor": null,
                 "added_tokens": [{"id": 0, "content": "</s>", "single_word": false, "lstrip": false, "rstrip": false,
                  "normalized": false, "special": true}],
                 "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true},
                 "decoder": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true},
                 "model": {"type": "BPE", "vocab": %s, "merges": []}}
                """.formatted(gson.toJson(vocabulary)));
        SafetensorsWriter.write(folder.resolve("model.safetensors"), weights, Map.of("format", "pt"));
    }

    /** Writes a folder's model as a GGUF file: a merge with an adapter that changes nothing. */
    public static Path writeGguf(Path folder, Path file) {
        String module = "model.layers.0.self_attn.q_proj";
        Adapter nothing = new Adapter(Map.of(
                module + ".lora_A", new Tensor(new int[] {1, WIDTH}, new float[WIDTH]),
                module + ".lora_B", new Tensor(new int[] {WIDTH, 1}, new float[WIDTH])));
        LoraConfig config = new LoraConfig(1, 1, 0, List.of("q_proj"), false);
        MergedGguf.write(folder, config, nothing, file, MergedGguf.Type.F32);
        return file;
    }

    /** The random weights by name. */
    public static Map<String, Tensor> weights() {
        SplittableRandom random = new SplittableRandom(1);
        Map<String, Tensor> weights = new LinkedHashMap<>();
        add(weights, random, "model.embed_tokens.weight", vocabulary().size(), WIDTH);
        add(weights, random, "model.norm.weight", WIDTH);
        String layer = "model.layers.0.";
        for (String norm : List.of("input_layernorm", "post_attention_layernorm")) {
            add(weights, random, layer + norm + ".weight", WIDTH);
        }
        for (String product : List.of("q", "k", "v", "o")) {
            add(weights, random, layer + "self_attn." + product + "_proj.weight", WIDTH, WIDTH);
        }
        add(weights, random, layer + "mlp.gate_proj.weight", 2 * WIDTH, WIDTH);
        add(weights, random, layer + "mlp.up_proj.weight", 2 * WIDTH, WIDTH);
        add(weights, random, layer + "mlp.down_proj.weight", WIDTH, 2 * WIDTH);
        return weights;
    }

    private static void add(Map<String, Tensor> weights, SplittableRandom random, String name, int... shape) {
        float[] values = new float[shape.length == 1 ? shape[0] : shape[0] * shape[1]];
        for (int i = 0; i < values.length; i++) {
            values[i] = shape.length == 1 ? 1 : (float) (0.3 * random.nextGaussian());
        }
        weights.put(name, new Tensor(shape, values));
    }
}
