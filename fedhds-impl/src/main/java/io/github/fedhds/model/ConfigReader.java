package io.github.fedhds.model;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.internal.json.JsonFile;
import io.github.fedhds.internal.json.JsonOptions;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Reads a {@link DecoderConfig} from a model folder. Unsupported options that would change the numbers are refused by
 * name; missing options have the defaults of transformers.
 */
final class ConfigReader {
    private static final long MAX_BYTES = 1 << 20;
    private static final String LLAMA = "llama";
    private static final String MISTRAL = "mistral";
    private static final String QWEN2 = "qwen2";
    private static final String QWEN3 = "qwen3";
    private static final String GPT2 = "gpt2";
    private static final List<String> FAMILIES = List.of(LLAMA, MISTRAL, QWEN2, QWEN3, GPT2);

    /** The default of transformers. */
    private static final double DEFAULT_ROTARY_BASE = 10000;

    /** All options of a rotary embedding that are read here; another one might change the numbers. */
    private static final Set<String> ROTARY = Set.of(
            "rope_type",
            "type",
            "rope_theta",
            "partial_rotary_factor",
            "factor",
            "low_freq_factor",
            "high_freq_factor",
            "original_max_position_embeddings");

    private ConfigReader() {}

    static DecoderConfig read(Path folder) {
        Path file = folder.resolve("config.json");
        if (!Files.isRegularFile(file)) {
            throw new FedHdsException(
                    file + " is missing; a model folder holds config.json, model.safetensors and tokenizer.json");
        }
        JsonOptions json = new JsonOptions("", JsonFile.readObject(file, MAX_BYTES));
        try {
            return of(json, generationEos(folder));
        } catch (IllegalArgumentException e) {
            throw new FedHdsException(file + ": " + e.getMessage(), e);
        }
    }

    private static DecoderConfig of(JsonOptions json, List<Integer> generationEos) {
        String family = json.oneOf("model_type", FAMILIES);
        json.inner("quantization_config").ifPresent(ConfigReader::checkQuantization);
        return family.equals(GPT2) ? gpt2(json, generationEos) : llama(json, family, generationEos);
    }

    /** The matrices of the file tell the rest. */
    private static void checkQuantization(JsonOptions json) {
        json.oneOf("quant_method", List.of("bitsandbytes"));
        if (!json.flag("load_in_4bit")) {
            throw new IllegalArgumentException(json.prefix() + "load_in_4bit is false; of bitsandbytes only 4 bits with"
                    + " bnb_4bit_quant_type \"nf4\" are supported");
        }
        json.oneOf("bnb_4bit_quant_type", List.of("nf4"));
        if (json.given("bnb_4bit_quant_storage").isPresent()) {
            json.oneOf("bnb_4bit_quant_storage", List.of("uint8"));
        }
    }

    /** GPT-2 has different names for its options. */
    private static DecoderConfig gpt2(JsonOptions json, List<Integer> generationEos) {
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
        List<Integer> eos = json.has("eos_token_id") ? json.wholes("eos_token_id") : List.of(50256);
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
                eosIds(eos, generationEos));
    }

    private static DecoderConfig llama(JsonOptions json, String family, List<Integer> generationEos) {
        if (json.given("hidden_act").isPresent()) {
            json.oneOf("hidden_act", List.of("silu"));
        }
        if (json.flag("mlp_bias")) {
            throw new IllegalArgumentException("mlp_bias is true; supported: false");
        }
        JsonOptions rotary =
                json.inner("rope_parameters").orElse(new JsonOptions("rope_parameters.", new JsonObject()));
        for (JsonOptions options : List.of(json, rotary)) {
            double factor = options.number("partial_rotary_factor", 1);
            if (factor != 1) {
                throw new IllegalArgumentException(
                        options.prefix() + "partial_rotary_factor is " + factor + "; only 1 is supported");
            }
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
                headSize(json, family, width, heads),
                json.whole("vocab_size"),
                json.whole("max_position_embeddings"),
                json.number("rms_norm_eps", 1e-6),
                rotaryBase(json, rotary),
                scaling(json, rotary),
                attention(json, family),
                json.flag("tie_word_embeddings"),
                eosIds(json.wholes("eos_token_id"), generationEos));
    }

    /** EOS ids of {@code generation_config.json}; none if the file or the option is absent. */
    private static List<Integer> generationEos(Path folder) {
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
     * A text ends at the ids of generation_config.json, if there are any, and always at the id that training appends:
     * the first of config.json's. Files that have none in common would train one end and generate to another.
     */
    private static List<Integer> eosIds(List<Integer> own, List<Integer> generation) {
        if (generation.isEmpty()) {
            return own;
        }
        if (!own.isEmpty() && own.stream().noneMatch(generation::contains)) {
            throw new IllegalArgumentException("eos_token_id is " + own + ", but generation_config.json has "
                    + generation + "; give both files an id in common");
        }
        Set<Integer> all = new LinkedHashSet<>(own.subList(0, Math.min(1, own.size())));
        all.addAll(generation);
        return List.copyOf(all);
    }

    /** The number of query heads if the value is null; a missing option means the same only for LLaMA. */
    private static int keyValueHeads(JsonOptions json, String family, int heads) {
        boolean everyHead = json.has("num_key_value_heads") || family.equals(LLAMA);
        return json.given("num_key_value_heads").isEmpty() && everyHead ? heads : json.whole("num_key_value_heads");
    }

    private static int headSize(JsonOptions json, String family, int width, int heads) {
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

    /** Mistral's window, 0 for none. The window that Qwen can have in its upper layers is not supported. */
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

    /**
     * The base of the rotary wavelengths. transformers 4 writes {@code rope_theta} and {@code rope_scaling},
     * transformers 5 writes both as {@code rope_parameters}. A file with both forms must have equal values in both,
     * because which form counts depends on the version of the reader.
     */
    private static double rotaryBase(JsonOptions json, JsonOptions rotary) {
        double older = json.number("rope_theta", DEFAULT_ROTARY_BASE);
        double newer = rotary.number("rope_theta", older);
        if (json.given("rope_theta").isPresent() && newer != older) {
            throw new IllegalArgumentException(
                    "rope_theta is " + older + ", but rope_parameters.rope_theta is " + newer + "; remove one of them");
        }
        return newer;
    }

    private static RotaryScaling scaling(JsonOptions json, JsonOptions rotary) {
        Optional<RotaryScaling> older = json.inner("rope_scaling").map(ConfigReader::ofType);
        rotary.json().asMap().forEach((key, value) -> {
            if (value.isJsonObject()) { // a separate rotary embedding per kind of layer
                throw new IllegalArgumentException(
                        rotary.prefix() + key + " is " + JsonFile.shorten(value) + "; supported: one for all layers");
            }
        });
        checkKeys(rotary);
        json.inner("rope_scaling").ifPresent(ConfigReader::checkKeys);
        boolean typed = rotary.has("rope_type") || rotary.has("type");
        Optional<RotaryScaling> newer = typed ? Optional.of(ofType(rotary)) : Optional.empty();
        if (older.isPresent() && newer.isPresent() && !older.equals(newer)) {
            throw new IllegalArgumentException("rope_scaling is " + older.get() + ", but rope_parameters is "
                    + newer.get() + "; remove one of them");
        }
        return newer.or(() -> older).orElse(new RotaryScaling.None());
    }

    private static void checkKeys(JsonOptions rotary) {
        rotary.json().keySet().stream()
                .filter(key -> !ROTARY.contains(key) && rotary.given(key).isPresent())
                .findFirst()
                .ifPresent(key -> {
                    throw new IllegalArgumentException(rotary.prefix() + key + " is "
                            + JsonFile.shorten(rotary.json().get(key)) + ", which is not supported");
                });
    }

    /** Older files have {@code type}, newer ones {@code rope_type}, some have both. */
    private static RotaryScaling ofType(JsonOptions scaling) {
        boolean older = scaling.given("rope_type").isEmpty() && scaling.has("type");
        return switch (scaling.oneOf(older ? "type" : "rope_type", List.of("default", "linear", "llama3"))) {
            case "linear" -> {
                double factor = scaling.number("factor");
                yield scaling.checked(() -> new RotaryScaling.Linear(factor));
            }
            case "llama3" -> {
                double factor = scaling.number("factor");
                double low = scaling.number("low_freq_factor");
                double high = scaling.number("high_freq_factor");
                int original = scaling.whole("original_max_position_embeddings");
                yield scaling.checked(() -> new RotaryScaling.Llama3(factor, low, high, original));
            }
            default -> new RotaryScaling.None();
        };
    }
}
