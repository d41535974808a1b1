package io.github.fedhds.transformer;

import com.google.gson.Gson;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.instruction.PromptTemplate;
import io.github.fedhds.internal.safetensors.SafetensorsWriter;
import io.github.fedhds.model.DecoderConfig;
import io.github.fedhds.model.ModelOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * The folder of a random LLaMA: width 16, 2 layers, 4 heads, 2 key-value heads, 60 tokens, context length 64. A token is one
 * character, after the BOS token; characters that it does not know are token 0, the EOS token is 2.
 */
public final class TinyModel {
    public static final int VOCABULARY = 60;
    public static final int POSITIONS = 64;
    public static final int END = 2;

    /** A face, written as two chars: one token. */
    public static final String FACE = "\uD83D\uDE00";

    /** A template short enough for 64 tokens; its marker is {@code  A:}. */
    public static final PromptTemplate TEMPLATE = sample -> sample.input().isEmpty()
            ? "Q:" + sample.instruction() + " A:"
            : "Q:" + sample.instruction() + " I:" + sample.input() + " A:";

    private static final String CHARACTERS = "abcdefghijklmnopqrstuvwxyz .,:?!#\n'-ABEIQRS0123456789\u00E9\u00FC\u00DF";

    private TinyModel() {}

    /** Writes a folder. */
    public static Path write(Path folder) {
        return write(folder, config(), weights(config(), 1));
    }

    /** Writes a folder with another configuration or other weights. */
    public static Path write(Path folder, JsonObject config, Map<String, Tensor> weights) {
        SafetensorsWriter.write(folder.resolve("model.safetensors"), weights, Map.of("format", "pt"));
        try {
            Files.writeString(folder.resolve("config.json"), new Gson().toJson(config));
            Files.writeString(folder.resolve("tokenizer.json"), new Gson().toJson(tokenizer()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return folder;
    }

    /** Loads a folder on the CPU. */
    public static LanguageModel load(Path folder) {
        return LanguageModel.load(folder, ModelOptions.defaults().onDevice("cpu"));
    }

    /** A configuration of one's own to change. */
    public static JsonObject config() {
        JsonObject json = new JsonObject();
        json.addProperty("model_type", "llama");
        json.addProperty("hidden_act", "silu");
        json.addProperty("hidden_size", 16);
        json.addProperty("intermediate_size", 24);
        json.addProperty("num_hidden_layers", 2);
        json.addProperty("num_attention_heads", 4);
        json.addProperty("num_key_value_heads", 2);
        json.addProperty("vocab_size", VOCABULARY);
        json.addProperty("max_position_embeddings", POSITIONS);
        json.addProperty("rms_norm_eps", 1e-5);
        json.addProperty("rope_theta", 10000.0);
        json.addProperty("tie_word_embeddings", false);
        json.addProperty("bos_token_id", 1);
        json.addProperty("eos_token_id", END);
        return json;
    }

    /** Normal weights, of a size at which every layer has its say; norms are near one. */
    public static Map<String, Tensor> weights(JsonObject config, long seed) {
        int width = config.get("hidden_size").getAsInt();
        int heads = config.get("num_attention_heads").getAsInt();
        int keyValue = width / heads * config.get("num_key_value_heads").getAsInt();
        int intermediateSize = config.get("intermediate_size").getAsInt();
        int vocabulary = config.get("vocab_size").getAsInt();
        SplittableRandom random = new SplittableRandom(seed);
        Map<String, Tensor> weights = new LinkedHashMap<>();
        weights.put("model.embed_tokens.weight", normal(random, 0, 1, vocabulary, width));
        for (int i = 0; i < config.get("num_hidden_layers").getAsInt(); i++) {
            String layer = "model.layers." + i + ".";
            weights.put(layer + "input_layernorm.weight", normal(random, 1, 0.1, width));
            weights.put(layer + "self_attn.q_proj.weight", normal(random, 0, 0.3, width, width));
            weights.put(layer + "self_attn.k_proj.weight", normal(random, 0, 0.3, keyValue, width));
            weights.put(layer + "self_attn.v_proj.weight", normal(random, 0, 0.3, keyValue, width));
            weights.put(layer + "self_attn.o_proj.weight", normal(random, 0, 0.3, width, width));
            weights.put(layer + "post_attention_layernorm.weight", normal(random, 1, 0.1, width));
            weights.put(layer + "mlp.gate_proj.weight", normal(random, 0, 0.3, intermediateSize, width));
            weights.put(layer + "mlp.up_proj.weight", normal(random, 0, 0.3, intermediateSize, width));
            weights.put(layer + "mlp.down_proj.weight", normal(random, 0, 0.3, width, intermediateSize));
        }
        weights.put("model.norm.weight", normal(random, 1, 0.1, width));
        weights.put("lm_head.weight", normal(random, 0, 0.3, vocabulary, width));
        return weights;
    }

    /** An adapter whose A and B are both random: it changes what the model says. */
    public static Adapter adapter(DecoderConfig config, AdapterForm form, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        form.shapes(config).forEach((name, shape) -> tensors.put(name, normal(random, 0, 0.2, shape)));
        return new Adapter(tensors);
    }

    /** Random ids, none of them a special one. */
    public static int[] ids(SplittableRandom random, int length) {
        return random.ints(length, 3, VOCABULARY).toArray();
    }

    private static Tensor normal(SplittableRandom random, double mean, double deviation, int... shape) {
        int size = 1;
        for (int length : shape) {
            size *= length;
        }
        float[] values = new float[size];
        for (int i = 0; i < size; i++) {
            values[i] = (float) (mean + deviation * random.nextGaussian());
        }
        return new Tensor(shape, values);
    }

    /** A tokenizer of one's own to change: byte-pair encoding without a merge. */
    public static JsonObject tokenizer() {
        JsonObject vocabulary = new JsonObject();
        JsonArray added = new JsonArray();
        for (String special : List.of("<unk>", "<s>", "</s>")) {
            JsonObject token = new JsonObject();
            token.addProperty("id", vocabulary.size());
            token.addProperty("content", special);
            token.addProperty("special", true);
            for (String flag : List.of("single_word", "lstrip", "rstrip", "normalized")) {
                token.addProperty(flag, false);
            }
            added.add(token);
            vocabulary.addProperty(special, vocabulary.size());
        }
        CHARACTERS.chars().forEach(c -> vocabulary.addProperty(String.valueOf((char) c), vocabulary.size()));
        vocabulary.addProperty(FACE, vocabulary.size());
        if (vocabulary.size() > VOCABULARY) {
            throw new AssertionError("the vocabulary has " + vocabulary.size() + " tokens");
        }
        JsonObject model = new JsonObject();
        model.addProperty("type", "BPE");
        model.addProperty("unk_token", "<unk>");
        model.add("vocab", vocabulary);
        model.add("merges", new JsonArray());
        Gson gson = new Gson();
        JsonObject tokenizer = new JsonObject();
        tokenizer.addProperty("version", "1.0");
        tokenizer.add("added_tokens", added);
        tokenizer.add("post_processor", gson.fromJson("""
                        {"type": "TemplateProcessing",
                         "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
                         "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
                         "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}}}
                        """, JsonObject.class));
        tokenizer.add("decoder", gson.fromJson("{\"type\": \"Fuse\"}", JsonObject.class));
        tokenizer.add("model", model);
        return tokenizer;
    }
}
