package io.github.fedhds.transformer;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import io.github.fedhds.FedHdsException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;

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
        try {
            return of(JsonParser.parseString(Files.readString(file)).getAsJsonObject());
        } catch (IOException e) {
            throw new FedHdsException("cannot read " + file + "; is " + folder + " a Hugging Face model folder?", e);
        } catch (JsonParseException | IllegalStateException | IllegalArgumentException e) {
            throw new FedHdsException(file + ": " + e.getMessage(), e);
        }
    }

    private static DecoderConfig of(JsonObject json) {
        String type = text(json, "model_type", "");
        if (!type.equals("llama")) {
            throw new IllegalArgumentException("model_type is \"" + type + "\"; supported: llama");
        }
        rejectUnless(json, "hidden_act", Set.of("silu"));
        rejectUnless(json, "attention_bias", Set.of("false"));
        rejectUnless(json, "mlp_bias", Set.of("false"));
        for (String option : List.of("rope_scaling", "quantization_config")) {
            if (json.has(option) && !json.get(option).isJsonNull()) {
                throw new IllegalArgumentException(option + " is " + json.get(option) + "; not supported");
            }
        }
        double factor = number(json, "partial_rotary_factor", 1);
        if (factor != 1) {
            throw new IllegalArgumentException("partial_rotary_factor is " + factor + "; only 1 is supported");
        }
        int width = whole(json, "hidden_size");
        int heads = whole(json, "num_attention_heads");
        return new DecoderConfig(
                width,
                whole(json, "intermediate_size"),
                whole(json, "num_hidden_layers"),
                heads,
                (int) number(json, "num_key_value_heads", heads),
                (int) number(json, "head_dim", heads > 0 ? Math.floor((double) width / heads) : 0),
                whole(json, "vocab_size"),
                whole(json, "max_position_embeddings"),
                number(json, "rms_norm_eps", 1e-6),
                number(json, "rope_theta", 10000),
                text(json, "tie_word_embeddings", "false").equals("true"),
                ids(json));
    }

    private static void rejectUnless(JsonObject json, String option, Set<String> allowed) {
        if (json.has(option) && !json.get(option).isJsonNull()) {
            String value = json.get(option).getAsString();
            if (!allowed.contains(value.toLowerCase(Locale.ROOT))) {
                throw new IllegalArgumentException(
                        option + " is " + value + "; supported: " + String.join(", ", allowed));
            }
        }
    }

    private static String text(JsonObject json, String key, String fallback) {
        return json.has(key) && !json.get(key).isJsonNull() ? json.get(key).getAsString() : fallback;
    }

    private static double number(JsonObject json, String key, double fallback) {
        return json.has(key) && !json.get(key).isJsonNull() ? json.get(key).getAsDouble() : fallback;
    }

    private static int whole(JsonObject json, String key) {
        if (!json.has(key)) {
            throw new IllegalArgumentException(key + " is missing");
        }
        return json.get(key).getAsInt();
    }

    private static List<Integer> ids(JsonObject json) {
        List<Integer> ids = new ArrayList<>();
        JsonElement value = json.get("eos_token_id");
        if (value instanceof JsonArray array) {
            array.forEach(id -> ids.add(id.getAsInt()));
        } else if (value != null && !value.isJsonNull()) {
            ids.add(value.getAsInt());
        }
        return ids;
    }
}
