package io.github.fedhds.transformer;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.wire.JsonFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Reads a {@link DecoderConfig} from a model folder. Whatever would change the numbers and is not computed here is
 * refused by its name; what an option means where it is absent is what transformers takes it for.
 */
final class ConfigReader {
    private static final long MAX_BYTES = 1 << 20;

    private ConfigReader() {}

    static DecoderConfig read(Path folder) {
        Path file = folder.resolve("config.json");
        if (!Files.isRegularFile(file)) {
            throw new FedHdsException(
                    file + " is missing; a model folder holds config.json, model.safetensors and tokenizer.json");
        }
        JsonOptions json = new JsonOptions("", JsonFile.readObject(file, MAX_BYTES));
        try {
            return of(json);
        } catch (IllegalArgumentException e) {
            throw new FedHdsException(file + ": " + e.getMessage(), e);
        }
    }

    private static DecoderConfig of(JsonOptions json) {
        json.oneOf("model_type", List.of("llama"));
        if (json.given("hidden_act").isPresent()) {
            json.oneOf("hidden_act", List.of("silu"));
        }
        for (String option : List.of("attention_bias", "mlp_bias")) {
            if (json.flag(option)) {
                throw new IllegalArgumentException(option + " is true; supported: false");
            }
        }
        for (String option : List.of("rope_parameters", "quantization_config")) {
            json.given(option).ifPresent(value -> {
                throw new IllegalArgumentException(option + " is " + value + "; not supported");
            });
        }
        double factor = json.number("partial_rotary_factor", 1);
        if (factor != 1) {
            throw new IllegalArgumentException("partial_rotary_factor is " + factor + "; only 1 is supported");
        }
        int width = json.whole("hidden_size");
        int heads = json.whole("num_attention_heads");
        return new DecoderConfig(
                width,
                json.whole("intermediate_size"),
                json.whole("num_hidden_layers"),
                heads,
                json.given("num_key_value_heads").isPresent() ? json.whole("num_key_value_heads") : heads,
                headWidth(json, width, heads),
                json.whole("vocab_size"),
                json.whole("max_position_embeddings"),
                json.number("rms_norm_eps", 1e-6),
                json.number("rope_theta", 10000),
                scaling(json),
                json.flag("tie_word_embeddings"),
                json.wholes("eos_token_id"));
    }

    private static int headWidth(JsonOptions json, int width, int heads) {
        if (json.given("head_dim").isPresent()) {
            return json.whole("head_dim");
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
