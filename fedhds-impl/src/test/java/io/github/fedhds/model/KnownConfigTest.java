package io.github.fedhds.model;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Configurations with the published values of known models, in the forms of transformers 4 and 5. */
class KnownConfigTest {
    private static final AttentionForm PLAIN = new AttentionForm(false, false, false, 0);

    private static final Map<String, String> FILES = Map.of(
            "SmolLM2-135M-Instruct", """
            {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 576, "intermediate_size": 1536,
             "num_hidden_layers": 30, "num_attention_heads": 9, "num_key_value_heads": 3, "vocab_size": 49152,
             "max_position_embeddings": 8192, "rms_norm_eps": 1e-05, "hidden_act": "silu", "attention_bias": false,
             "mlp_bias": false, "rope_interleaved": false, "rope_scaling": null, "rope_theta": 100000,
             "tie_word_embeddings": true, "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 2, "pretraining_tp": 1,
             "torch_dtype": "bfloat16", "is_llama_config": true}
            """, "Qwen3-0.6B", """
            {"architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3", "hidden_size": 1024, "intermediate_size": 3072,
             "num_hidden_layers": 28, "num_attention_heads": 16, "num_key_value_heads": 8, "head_dim": 128,
             "vocab_size": 151936, "max_position_embeddings": 40960, "rms_norm_eps": 1e-06, "hidden_act": "silu",
             "attention_bias": false, "rope_scaling": null, "rope_theta": 1000000, "max_window_layers": 28,
             "sliding_window": null, "use_sliding_window": false, "tie_word_embeddings": true, "bos_token_id": 151643,
             "eos_token_id": 151645, "torch_dtype": "bfloat16"}
            """, "Llama-3.2-1B-Instruct", """
            {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 2048, "intermediate_size": 8192,
             "num_hidden_layers": 16, "num_attention_heads": 32, "num_key_value_heads": 8, "head_dim": 64,
             "vocab_size": 128256, "max_position_embeddings": 131072, "rms_norm_eps": 1e-05, "hidden_act": "silu",
             "attention_bias": false, "mlp_bias": false, "rope_scaling": {"factor": 32.0, "high_freq_factor": 4.0,
             "low_freq_factor": 1.0, "original_max_position_embeddings": 8192, "rope_type": "llama3"},
             "rope_theta": 500000.0, "tie_word_embeddings": true, "bos_token_id": 128000,
             "eos_token_id": [128001, 128008, 128009], "torch_dtype": "bfloat16"}
            """, "Mistral-7B-v0.3", """
            {"architectures": ["MistralForCausalLM"], "model_type": "mistral", "hidden_size": 4096,
             "intermediate_size": 14336, "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8,
             "vocab_size": 32768, "max_position_embeddings": 32768, "rms_norm_eps": 1e-05, "hidden_act": "silu",
             "rope_theta": 1000000.0, "sliding_window": null, "tie_word_embeddings": false, "bos_token_id": 1,
             "eos_token_id": 2, "torch_dtype": "bfloat16"}
            """);

    private static final Map<String, String> GENERATION = Map.of(
            "SmolLM2-135M-Instruct", "{'eos_token_id': 2}",
            "Qwen3-0.6B", "{'eos_token_id': [151645, 151643]}",
            "Llama-3.2-1B-Instruct", "{'eos_token_id': [128001, 128008, 128009]}",
            "Mistral-7B-v0.3", "{'eos_token_id': 2}");

    @TempDir
    private Path folder = Path.of("");

    private static DecoderConfig expected(String model) {
        return switch (model) {
            case "SmolLM2-135M-Instruct" ->
                config(List.of(576, 1536, 30, 9, 3, 64, 49152, 8192), 1e-5, 1e5, new RotaryScaling.None(), true, 2);
            case "Qwen3-0.6B" ->
                new DecoderConfig(
                        Family.LLAMA,
                        1024,
                        3072,
                        28,
                        16,
                        8,
                        128,
                        151936,
                        40960,
                        1e-6,
                        1e6,
                        new RotaryScaling.None(),
                        new AttentionForm(false, false, true, 0),
                        true,
                        List.of(151645, 151643));
            case "Llama-3.2-1B-Instruct" ->
                config(
                        List.of(2048, 8192, 16, 32, 8, 64, 128256, 131072),
                        1e-5,
                        5e5,
                        new RotaryScaling.Llama3(32, 1, 4, 8192),
                        true,
                        128001,
                        128008,
                        128009);
            default ->
                config(
                        List.of(4096, 14336, 32, 32, 8, 128, 32768, 32768),
                        1e-5,
                        1e6,
                        new RotaryScaling.None(),
                        false,
                        2);
        };
    }

    private static DecoderConfig config(
            List<Integer> sizes, double epsilon, double base, RotaryScaling scaling, boolean tied, Integer... eos) {
        return new DecoderConfig(
                Family.LLAMA,
                sizes.get(0),
                sizes.get(1),
                sizes.get(2),
                sizes.get(3),
                sizes.get(4),
                sizes.get(5),
                sizes.get(6),
                sizes.get(7),
                epsilon,
                base,
                scaling,
                PLAIN,
                tied,
                List.of(eos));
    }

    /** What transformers 5 writes for the same model. */
    private static JsonObject newer(JsonObject older) {
        JsonObject json = older.deepCopy();
        JsonObject rotary = json.get("rope_scaling") instanceof JsonObject scaling ? scaling : new JsonObject();
        if (!rotary.has("rope_type")) {
            rotary.addProperty("rope_type", "default");
        }
        rotary.add("rope_theta", json.remove("rope_theta"));
        json.remove("rope_scaling");
        json.add("rope_parameters", rotary);
        json.add("dtype", json.remove("torch_dtype"));
        json.addProperty("transformers_version", "5.8.1");
        if (json.get("model_type").getAsString().equals("qwen3")) {
            JsonArray types = new JsonArray();
            for (int i = 0; i < json.get("num_hidden_layers").getAsInt(); i++) {
                types.add("full_attention");
            }
            json.add("layer_types", types);
        }
        return json;
    }

    @ParameterizedTest
    @ValueSource(strings = {"SmolLM2-135M-Instruct", "Qwen3-0.6B", "Llama-3.2-1B-Instruct", "Mistral-7B-v0.3"})
    void read_knownModel_inBothForms(String model) throws IOException {
        JsonObject older = JsonParser.parseString(FILES.get(model)).getAsJsonObject();
        for (JsonObject json : List.of(older, newer(older))) {
            Files.writeString(folder.resolve("config.json"), json.toString());
            Files.writeString(
                    folder.resolve("generation_config.json"),
                    Objects.requireNonNull(GENERATION.get(model)).replace('\'', '"'));
            assertEquals(expected(model), DecoderConfig.read(folder));
        }
    }
}
