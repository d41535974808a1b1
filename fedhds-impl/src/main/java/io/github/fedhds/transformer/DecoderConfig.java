package io.github.fedhds.transformer;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.wire.JsonFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What a model folder's {@code config.json} says of a LLaMA-like decoder.
 *
 * @param width length of a hidden state
 * @param feedForward width of the feed-forward network
 * @param layers number of layers
 * @param heads number of query heads
 * @param keyValueHeads number of key and value heads; divides {@code heads}
 * @param headWidth length of a head's vectors
 * @param vocabulary number of token ids
 * @param positions longest sequence
 * @param normEpsilon term under the root of the norms
 * @param rotaryBase base of the rotary embedding's wavelengths
 * @param tiedHead true if the output head is the embedding
 * @param endIds token ids that end a text; the first is the one that training appends
 */
public record DecoderConfig(
        int width,
        int feedForward,
        int layers,
        int heads,
        int keyValueHeads,
        int headWidth,
        int vocabulary,
        int positions,
        double normEpsilon,
        double rotaryBase,
        boolean tiedHead,
        List<Integer> endIds) {
    private static final long MAX_BYTES = 1 << 20;

    public DecoderConfig {
        endIds = List.copyOf(endIds);
        positive("hidden_size", width);
        positive("intermediate_size", feedForward);
        positive("num_hidden_layers", layers);
        positive("num_attention_heads", heads);
        positive("num_key_value_heads", keyValueHeads);
        positive("head_dim", headWidth);
        positive("vocab_size", vocabulary);
        positive("max_position_embeddings", positions);
        if (heads % keyValueHeads != 0) {
            throw new IllegalArgumentException(
                    "num_key_value_heads must divide num_attention_heads, was " + keyValueHeads + " of " + heads);
        }
        if (headWidth % 2 != 0) {
            throw new IllegalArgumentException("the rotary embedding needs an even head width, was " + headWidth);
        }
        if (!(normEpsilon >= 0) || Double.isInfinite(normEpsilon)) {
            throw new IllegalArgumentException("rms_norm_eps must be finite and 0 or more, was " + normEpsilon);
        }
        if (!(rotaryBase > 0) || Double.isInfinite(rotaryBase)) {
            throw new IllegalArgumentException("rope_theta must be finite and above 0, was " + rotaryBase);
        }
        fits("vocab_size * hidden_size", vocabulary, width);
        fits("intermediate_size * hidden_size", feedForward, width);
        fits("num_attention_heads * head_dim", heads, headWidth);
        fits("num_attention_heads * head_dim * hidden_size", heads * headWidth, width);
        fits("max_position_embeddings * head_dim", positions, headWidth);
        if (endIds.isEmpty()) {
            throw new IllegalArgumentException("eos_token_id is missing; training and generation need it");
        }
        for (int id : endIds) {
            if (id < 0 || id >= vocabulary) {
                throw new IllegalArgumentException(
                        "eos_token_id must be 0 to vocab_size - 1 = " + (vocabulary - 1) + ", was " + id);
            }
        }
    }

    private static void fits(String name, int first, int second) {
        if ((long) first * second > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException(name + " is " + (long) first * second + ", more than an array holds");
        }
    }

    private static void positive(String name, int value) {
        if (value < 1) {
            throw new IllegalArgumentException(name + " must be 1 or more, was " + value);
        }
    }

    /**
     * Reads {@code config.json} of a model folder.
     *
     * @throws FedHdsException if the file is missing or damaged, or asks for what this decoder does not compute
     */
    public static DecoderConfig read(Path folder) {
        Path file = folder.resolve("config.json");
        if (!Files.isRegularFile(file)) {
            throw new FedHdsException(
                    file + " is missing; a model folder holds config.json, model.safetensors and tokenizer.json");
        }
        JsonObject json = JsonFile.readObject(file, MAX_BYTES);
        try {
            return of(json);
        } catch (IllegalArgumentException e) {
            throw new FedHdsException(file + ": " + e.getMessage(), e);
        }
    }

    private static DecoderConfig of(JsonObject json) {
        only(json, "model_type", "llama");
        if (given(json, "hidden_act").isPresent()) {
            only(json, "hidden_act", "silu");
        }
        for (String option : List.of("attention_bias", "mlp_bias")) {
            if (flag(json, option)) {
                throw new IllegalArgumentException(option + " is true; supported: false");
            }
        }
        for (String option : List.of("rope_scaling", "rope_parameters", "quantization_config")) {
            given(json, option).ifPresent(value -> {
                throw new IllegalArgumentException(option + " is " + value + "; not supported");
            });
        }
        double factor = number(json, "partial_rotary_factor", 1);
        if (factor != 1) {
            throw new IllegalArgumentException("partial_rotary_factor is " + factor + "; only 1 is supported");
        }
        int width = whole(json, "hidden_size");
        int heads = whole(json, "num_attention_heads");
        positive("hidden_size", width);
        positive("num_attention_heads", heads);
        boolean ownHeadWidth = given(json, "head_dim").isPresent();
        if (!ownHeadWidth && width % heads != 0) {
            throw new IllegalArgumentException(
                    "num_attention_heads must divide hidden_size where head_dim is not given," + " was " + heads
                            + " of " + width);
        }
        return new DecoderConfig(
                width,
                whole(json, "intermediate_size"),
                whole(json, "num_hidden_layers"),
                heads,
                given(json, "num_key_value_heads").isPresent() ? whole(json, "num_key_value_heads") : heads,
                ownHeadWidth ? whole(json, "head_dim") : width / heads,
                whole(json, "vocab_size"),
                whole(json, "max_position_embeddings"),
                number(json, "rms_norm_eps", 1e-6),
                number(json, "rope_theta", 10000),
                flag(json, "tie_word_embeddings"),
                endIds(json));
    }

    /** The value of an option; empty if it is absent or null, as both stand for the default. */
    private static Optional<JsonElement> given(JsonObject json, String key) {
        return Optional.ofNullable(json.get(key)).filter(value -> !value.isJsonNull());
    }

    private static void only(JsonObject json, String option, String supported) {
        JsonElement value = given(json, option)
                .orElseThrow(() -> new IllegalArgumentException(option + " is missing; supported: " + supported));
        if (!value.equals(new JsonPrimitive(supported))) {
            throw new IllegalArgumentException(option + " is " + value + "; supported: " + supported);
        }
    }

    private static boolean flag(JsonObject json, String key) {
        JsonElement value = given(json, key).orElse(new JsonPrimitive(false));
        if (!value.isJsonPrimitive() || !value.getAsJsonPrimitive().isBoolean()) {
            throw new IllegalArgumentException(key + " must be true or false, was " + value);
        }
        return value.getAsBoolean();
    }

    private static double number(JsonObject json, String key, double fallback) {
        JsonElement value = given(json, key).orElse(new JsonPrimitive(fallback));
        if (!isNumber(value) || !Double.isFinite(value.getAsDouble())) {
            throw new IllegalArgumentException(key + " must be a finite number, was " + value);
        }
        return value.getAsDouble();
    }

    private static int whole(JsonObject json, String key) {
        return whole(key, given(json, key).orElseThrow(() -> new IllegalArgumentException(key + " is missing")));
    }

    private static int whole(String key, JsonElement value) {
        try {
            if (isNumber(value)) {
                return value.getAsBigDecimal().intValueExact();
            }
        } catch (NumberFormatException | ArithmeticException e) {
            // said below
        }
        throw new IllegalArgumentException(key + " must be a whole number below 2^31, was " + value);
    }

    private static boolean isNumber(JsonElement value) {
        return value.isJsonPrimitive() && value.getAsJsonPrimitive().isNumber();
    }

    private static List<Integer> endIds(JsonObject json) {
        List<Integer> ids = new ArrayList<>();
        given(json, "eos_token_id").ifPresent(value -> {
            if (value instanceof JsonArray array) {
                array.forEach(id -> ids.add(whole("eos_token_id", id)));
            } else {
                ids.add(whole("eos_token_id", value));
            }
        });
        return ids;
    }
}
