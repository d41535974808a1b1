package io.github.fedhds.transformer;

import com.google.gson.JsonElement;
import com.google.gson.JsonPrimitive;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.wire.JsonFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Reads a {@link DecoderConfig} from a model folder. Whatever would change the numbers and is not computed here is
 * refused by its name; what an option means where it is absent is what transformers takes it for.
 */
final class ConfigReader {
    private static final long MAX_BYTES = 1 << 20;
    private static final String LLAMA = "llama";
    private static final String MISTRAL = "mistral";
    private static final String QWEN2 = "qwen2";
    private static final String QWEN3 = "qwen3";
    private static final String GPT2 = "gpt2";
    private static final List<String> FAMILIES = List.of(LLAMA, MISTRAL, QWEN2, QWEN3, GPT2);

    private ConfigReader() {}

    static DecoderConfig read(Path folder) {
        Path file = folder.resolve("config.json");
        if (!Files.isRegularFile(file)) {
            throw new FedHdsException(
                    file + " is missing; a model folder holds config.json, model.safetensors and tokenizer.json");
        }
        JsonOptions json = new JsonOptions("", JsonFile.readObject(file, MAX_BYTES));
        try {
            return of(json, generationEnds(folder));
        } catch (IllegalArgumentException e) {
            throw new FedHdsException(file + ": " + e.getMessage(), e);
        }
    }

    private static DecoderConfig of(JsonOptions json, List<Integer> generationEnds) {
        String family = json.oneOf("model_type", FAMILIES);
        json.given("quantization_config").ifPresent(value -> {
            throw new IllegalArgumentException("quantization_config is " + JsonFile.shorten(value) + "; not supported");
        });
        return family.equals(GPT2) ? gpt2(json, generationEnds) : llama(json, family, generationEnds);
    }

    /** GPT-2's options go by names of their own. */
    private static DecoderConfig gpt2(JsonOptions json, List<Integer> generationEnds) {
        if (json.given("activation_function").isPresent()) {
            json.oneOf("activation_function", List.of("gelu_new", "gelu_pytorch_tanh"));
        }
        if (!json.flag("scale_attn_weights", true)) {
            throw new IllegalArgumentException("scale_attn_weights is false; supported: true");
        }
        for (String option : List.of("scale_attn_by_inverse_layer_idx", "add_cross_attention")) {
            if (json.flag(option)) {
                throw new IllegalArgumentException(option + " is true; supported: false");
            }
        }
        int width = json.whole("n_embd", 768);
        int heads = json.whole("n_head", 12);
        DecoderConfig.checkPositive("n_embd", width);
        DecoderConfig.checkPositive("n_head", heads);
        if (width % heads != 0) {
            throw new IllegalArgumentException("n_head must divide n_embd, was " + heads + " of " + width);
        }
        List<Integer> ends = json.has("eos_token_id") ? json.wholes("eos_token_id") : List.of(50256);
        return new DecoderConfig(
                Family.GPT2,
                width,
                json.whole("n_inner", Math.multiplyExact(4, width)),
                json.whole("n_layer", 12),
                heads,
                heads,
                width / heads,
                json.whole("vocab_size", 50257),
                json.whole("n_positions", 1024),
                json.number("layer_norm_epsilon", 1e-5),
                10000,
                new RotaryScaling.None(),
                new AttentionForm(true, true, false, 0),
                json.flag("tie_word_embeddings", true),
                ends(ends, generationEnds));
    }

    private static DecoderConfig llama(JsonOptions json, String family, List<Integer> generationEnds) {
        if (json.given("hidden_act").isPresent()) {
            json.oneOf("hidden_act", List.of("silu"));
        }
        if (json.flag("mlp_bias")) {
            throw new IllegalArgumentException("mlp_bias is true; supported: false");
        }
        json.given("rope_parameters").ifPresent(value -> {
            throw new IllegalArgumentException("rope_parameters is " + JsonFile.shorten(value) + "; not supported");
        });
        double factor = json.number("partial_rotary_factor", 1);
        if (factor != 1) {
            throw new IllegalArgumentException("partial_rotary_factor is " + factor + "; only 1 is supported");
        }
        int width = json.whole("hidden_size");
        int heads = json.whole("num_attention_heads");
        return new DecoderConfig(
                Family.LLAMA,
                width,
                json.whole("intermediate_size"),
                json.whole("num_hidden_layers"),
                heads,
                keyValueHeads(json, family, heads),
                headWidth(json, family, width, heads),
                json.whole("vocab_size"),
                json.whole("max_position_embeddings"),
                json.number("rms_norm_eps", 1e-6),
                json.number("rope_theta", 10000),
                scaling(json),
                attention(json, family),
                json.flag("tie_word_embeddings"),
                ends(json.wholes("eos_token_id"), generationEnds));
    }

    /** Ids that {@code generation_config.json} ends a text at; none if it is absent or says nothing. */
    private static List<Integer> generationEnds(Path folder) {
        Path file = folder.resolve("generation_config.json");
        if (!Files.isRegularFile(file)) {
            return List.of();
        }
        try {
            return new JsonOptions("", JsonFile.readObject(file, MAX_BYTES)).wholes("eos_token_id");
        } catch (IllegalArgumentException e) {
            throw new FedHdsException(file + ": " + e.getMessage(), e);
        }
    }

    /**
     * A text ends at generation_config.json's ids, where it has any, and always at the id that training appends: the
     * first of config.json's.
     */
    private static List<Integer> ends(List<Integer> own, List<Integer> generation) {
        if (generation.isEmpty()) {
            return own;
        }
        Set<Integer> ends = new LinkedHashSet<>(own.subList(0, Math.min(1, own.size())));
        ends.addAll(generation);
        return List.copyOf(ends);
    }

    /** As many as query heads where the file says null; where it says nothing, only LLaMA means that. */
    private static int keyValueHeads(JsonOptions json, String family, int heads) {
        boolean everyHead = json.has("num_key_value_heads") || family.equals(LLAMA);
        return json.given("num_key_value_heads").isEmpty() && everyHead ? heads : json.whole("num_key_value_heads");
    }

    private static int headWidth(JsonOptions json, String family, int width, int heads) {
        if (json.given("head_dim").isPresent()) {
            return json.whole("head_dim");
        }
        if (family.equals(QWEN3)) {
            return 128;
        }
        DecoderConfig.checkPositive("hidden_size", width);
        DecoderConfig.checkPositive("num_attention_heads", heads);
        if (width % heads != 0) {
            throw new IllegalArgumentException(
                    "num_attention_heads must divide hidden_size where head_dim is not given," + " was " + heads
                            + " of " + width);
        }
        return width / heads;
    }

    private static AttentionForm attention(JsonOptions json, String family) {
        boolean bias = json.flag("attention_bias");
        if (bias && !family.equals(LLAMA) && !family.equals(QWEN3)) {
            throw new IllegalArgumentException("attention_bias is true; supported for " + family + ": false");
        }
        return new AttentionForm(bias || family.equals(QWEN2), bias, family.equals(QWEN3), window(json, family));
    }

    /** Mistral's window, 0 for none. The one that Qwen can put on its upper layers is not computed here. */
    private static int window(JsonOptions json, String family) {
        json.given("layer_types").ifPresent(types -> {
            if (!types.isJsonArray()) {
                throw new IllegalArgumentException("layer_types must be a list, was " + JsonFile.shorten(types));
            }
            for (JsonElement type : types.getAsJsonArray()) {
                if (!type.equals(new JsonPrimitive("full_attention"))) {
                    throw new IllegalArgumentException(
                            "layer_types has " + JsonFile.shorten(type) + "; supported: full_attention");
                }
            }
        });
        boolean asked = json.flag("use_sliding_window");
        if (!family.equals(MISTRAL)) {
            if (asked) {
                throw new IllegalArgumentException("use_sliding_window is true; supported for " + family + ": false");
            }
            return 0;
        }
        if (!json.has("sliding_window")) {
            return 4096;
        }
        if (json.given("sliding_window").isEmpty()) {
            return 0;
        }
        int window = json.whole("sliding_window");
        DecoderConfig.checkPositive("sliding_window", window);
        if (!asked && json.given("use_sliding_window").isPresent()) { // transformers would use the window all the same
            throw new IllegalArgumentException("use_sliding_window is false, yet sliding_window is " + window
                    + "; supported: a sliding_window of null");
        }
        return window;
    }

    private static RotaryScaling scaling(JsonOptions json) {
        return json.inner("rope_scaling").map(ConfigReader::ofType).orElse(new RotaryScaling.None());
    }

    /** Older files say {@code type}, newer ones {@code rope_type}, some say both. */
    private static RotaryScaling ofType(JsonOptions scaling) {
        boolean older = scaling.given("rope_type").isEmpty() && scaling.has("type");
        return switch (scaling.oneOf(older ? "type" : "rope_type", List.of("default", "linear", "llama3"))) {
            case "linear" -> new RotaryScaling.Linear(scaling.number("factor"));
            case "llama3" ->
                new RotaryScaling.Llama3(
                        scaling.number("factor"),
                        scaling.number("low_freq_factor"),
                        scaling.number("high_freq_factor"),
                        scaling.whole("original_max_position_embeddings"));
            default -> new RotaryScaling.None();
        };
    }
}
