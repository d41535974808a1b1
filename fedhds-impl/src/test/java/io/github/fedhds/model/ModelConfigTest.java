package io.github.fedhds.model;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.gson.Gson;
import com.google.gson.JsonElement;
import com.google.gson.JsonParser;
import io.github.fedhds.transformer.LanguageModel;
import io.github.fedhds.transformer.OnModelFolder;
import io.github.fedhds.transformer.Pooling;
import io.github.fedhds.transformer.TinyModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Configurations: what is read of them, what is not computed, and that a wrong one is named before a model stands. */
class ModelConfigTest extends OnModelFolder {
    /** As in LLaMA: no biases, no norms of heads, no window. */
    private static final AttentionForm PLAIN_ATTENTION = new AttentionForm(false, false, false, 0);

    @ParameterizedTest
    @ValueSource(
            strings = {
                "model_type",
                "hidden_size",
                "intermediate_size",
                "num_hidden_layers",
                "num_attention_heads",
                "vocab_size",
                "max_position_embeddings",
                "eos_token_id"
            })
    void load_missingOrNullKey_isNamed(String key) throws IOException {
        changeConfig(json -> json.remove(key));
        assertFails(FAULT, this::load, folder.resolve("config.json") + ": " + key + " is missing");
        Files.writeString(
                folder.resolve("config.json"),
                new Gson().toJson(TinyModel.config()).replaceFirst("\"" + key + "\":[^,}]*", "\"" + key + "\":null"));
        assertFails(FAULT, this::load, key + " is missing");
    }

    /** Keys that may be left out take the format's default. */
    @Test
    void load_withoutOptionalKeys_takesDefaults() throws IOException {
        changeConfig(json -> {
            for (String key : List.of("hidden_act", "rms_norm_eps", "rope_theta", "tie_word_embeddings")) {
                json.remove(key);
            }
            json.addProperty("hidden_size", 16.0); // a whole number all the same
            json.add("rope_scaling", JsonParser.parseString("null"));
        });
        DecoderConfig config = DecoderConfig.read(folder);
        assertEquals(
                new DecoderConfig(
                        Family.LLAMA,
                        16,
                        24,
                        2,
                        4,
                        2,
                        4,
                        60,
                        64,
                        1e-6,
                        10000,
                        PLAIN,
                        PLAIN_ATTENTION,
                        false,
                        List.of(2)),
                config);
        load();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"\"x\"", "\"16\"", "1.5", "1e99", "1e999999999", "-1", "0", "true", "[16]", "{}", "2147483648"})
    void load_integerThatIsNone_isNamed(String value) throws IOException {
        JsonElement wrong = JsonParser.parseString(value);
        for (String key : List.of(
                "hidden_size",
                "intermediate_size",
                "num_hidden_layers",
                "num_attention_heads",
                "num_key_value_heads",
                "head_dim",
                "vocab_size",
                "max_position_embeddings")) {
            changeConfig(json -> json.add(key, wrong));
            assertFails(FAULT, this::load, folder.resolve("config.json").toString(), key, " must be ", ", was ");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "rms_norm_eps, \"x\"",
        "rms_norm_eps, -1e-5",
        "rms_norm_eps, 1e999",
        "rope_theta, 0",
        "rope_theta, [1]",
        "rope_theta, -1e999",
        "rope_scaling, 2.0",
        "rope_scaling, \"linear\"",
        "tie_word_embeddings, \"true\"",
        "tie_word_embeddings, 1",
        "attention_bias, \"false\"",
        "mlp_bias, []",
        "eos_token_id, \"2\"",
        "eos_token_id, -1",
        "eos_token_id, 60",
        "eos_token_id, 1.5",
        "partial_rotary_factor, true"
    })
    void load_optionOfAWrongValue_isNamed(String key, String value) throws IOException {
        changeConfig(json -> json.add(key, JsonParser.parseString(value)));
        assertFails(FAULT, this::load, folder.resolve("config.json") + ": " + key, " must be ", ", was ");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "{\"quant_method\":\"gptq\"}; quant_method is \"gptq\"",
                "{\"bits\":4}; quant_method is missing",
                "{\"quant_method\":\"bitsandbytes\",\"load_in_8bit\":true}; load_in_4bit is false",
                "{\"quant_method\":\"bitsandbytes\",\"load_in_4bit\":true,\"bnb_4bit_quant_type\":\"fp4\"};"
                        + "bnb_4bit_quant_type is \"fp4\""
            })
    void load_quantizationThatIsNotRead_isNamed(String value, String fault) throws IOException {
        changeConfig(json -> json.add("quantization_config", JsonParser.parseString(value)));
        assertFails(FAULT, this::load, folder.resolve("config.json") + ": quantization_config." + fault, "support");
    }

    @ParameterizedTest
    @CsvSource({
        "model_type, \"gptj\"",
        "model_type, 3",
        "hidden_act, \"gelu\"",
        "hidden_act, [\"silu\"]",
        "mlp_bias, true",
        "partial_rotary_factor, 0.5",
        "use_sliding_window, true"
    })
    void load_optionThatIsNotComputed_isNamed(String key, String value) throws IOException {
        changeConfig(json -> json.add(key, JsonParser.parseString(value)));
        assertFails(FAULT, this::load, folder.resolve("config.json") + ": " + key + " is ", "support");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "mistral; attention_bias; true",
                "qwen2; attention_bias; true",
                "qwen2; use_sliding_window; true",
                "qwen3; use_sliding_window; true",
                "mistral; use_sliding_window; false", // beside a window
                "llama; layer_types; [\"full_attention\", \"chunked_attention\"]",
                "qwen3; layer_types; [\"full_attention\", \"sliding_attention\"]",
                "mistral; mlp_bias; true",
                "qwen3; hidden_act; \"gelu\""
            })
    void load_optionThatAFamilyLacks_isNamed(String family, String key, String value) throws IOException {
        changeConfig(
                json -> json.addProperty("model_type", family),
                json -> json.addProperty("sliding_window", 8),
                json -> json.add(key, JsonParser.parseString(value)));
        assertFails(FAULT, this::load, folder.resolve("config.json") + ": " + key + " ", "support");
    }

    @ParameterizedTest
    @CsvSource({
        "sliding_window, 0",
        "sliding_window, -4",
        "sliding_window, 1.5",
        "sliding_window, \"16\"",
        "sliding_window, 1e99",
        "use_sliding_window, 0",
        "layer_types, 3"
    })
    void load_windowOfAWrongValue_isNamed(String key, String value) throws IOException {
        changeConfig(
                json -> json.addProperty("model_type", "mistral"),
                json -> json.add(key, JsonParser.parseString(value)));
        assertFails(FAULT, this::load, folder.resolve("config.json") + ": " + key + " must be ", ", was ");
    }

    private AttentionForm attention(String family, String more) throws IOException {
        changeConfig(
                json -> json.addProperty("model_type", family),
                json -> JsonParser.parseString(more).getAsJsonObject().asMap().forEach(json::add));
        return DecoderConfig.read(folder).attention();
    }

    /** What an option means where it is absent or null, as transformers has it. */
    @Test
    void read_families_takeTheirOwnDefaults() throws IOException {
        assertEquals(PLAIN_ATTENTION, attention("llama", "{'sliding_window': 8, 'use_sliding_window': false}"));
        assertEquals(new AttentionForm(true, true, false, 0), attention("llama", "{'attention_bias': true}"));
        assertEquals(new AttentionForm(false, false, false, 4096), attention("mistral", "{}"));
        assertEquals(new AttentionForm(false, false, false, 1), attention("mistral", "{'sliding_window': 1}"));
        assertEquals(PLAIN_ATTENTION, attention("mistral", "{'sliding_window': null}"));
        String off = "{'sliding_window': null, 'use_sliding_window': false}";
        assertEquals(PLAIN_ATTENTION, attention("mistral", off));
        assertEquals(new AttentionForm(true, false, false, 0), attention("qwen2", off));
        String unused = "{'sliding_window': 8, 'use_sliding_window': false, 'layer_types': ['full_attention']}";
        assertEquals(new AttentionForm(true, false, false, 0), attention("qwen2", unused));
        assertEquals(new AttentionForm(false, false, true, 0), attention("qwen3", unused));
        assertEquals(128, DecoderConfig.read(folder).headSize());
        assertEquals(
                new AttentionForm(true, true, true, 0), attention("qwen3", "{'attention_bias': true, 'head_dim': 6}"));
        assertEquals(6, DecoderConfig.read(folder).headSize());
        for (String family : List.of("mistral", "qwen2", "qwen3")) {
            changeConfig(
                    json -> json.addProperty("model_type", family),
                    json -> json.add("num_key_value_heads", JsonParser.parseString("null")));
            assertEquals(4, DecoderConfig.read(folder).keyValueHeads());
            changeConfig(json -> json.addProperty("model_type", family), json -> json.remove("num_key_value_heads"));
            assertFails(FAULT, this::load, "config.json: num_key_value_heads is missing");
        }
        assertFails(VALUE, () -> new AttentionForm(false, false, false, -1), "sliding_window", "was -1");
    }

    private static final String LLAMA3 =
            "{'rope_type': 'llama3', 'factor': 8, 'low_freq_factor': 1, 'high_freq_factor': 4,"
                    + " 'original_max_position_embeddings': 16}";

    /** The key of transformers 4, or that of 5. */
    private String scalingKey = "rope_scaling";

    private void changeScaling(String text) throws IOException {
        changeConfig(json -> json.add(scalingKey, JsonParser.parseString(text)));
    }

    /** transformers 5 writes one object where 4 wrote two options. */
    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "{'rope_theta': 500000.0}; {'rope_parameters': {'rope_type': 'default', 'rope_theta': 500000.0}}",
                "{'rope_theta': 500000.0}; {'rope_parameters': {'rope_theta': 500000.0}}",
                "{'rope_theta': 500000.0}; {'rope_theta': 500000.0, 'rope_parameters': {'rope_type': 'default'}}",
                "{'rope_theta': 9.0, 'rope_scaling': {'rope_type': 'linear', 'factor': 2}};"
                        + " {'rope_parameters': {'rope_type': 'linear', 'factor': 2, 'rope_theta': 9.0}}",
                "{'rope_theta': 9.0, 'rope_scaling': @}; {'rope_parameters': @+{'rope_theta': 9.0}}",
                "{'rope_theta': 9.0, 'rope_scaling': @}; {'rope_scaling': @, 'rope_parameters': @+{'rope_theta': 9.0}}",
                "{}; {'rope_parameters': {}}",
                "{}; {'rope_parameters': null}",
                "{'torch_dtype': 'float32'}; {'dtype': 'float32'}",
            })
    void read_keysOfTransformers5_meanWhatTheOldOnesDid(String older, String newer) throws IOException {
        for (String family : List.of("llama", "mistral", "qwen2", "qwen3")) {
            List<DecoderConfig> configs = new ArrayList<>();
            for (String keys : List.of(older, newer)) {
                String written = keys.replace("@+{", LLAMA3.replace("}", ", ")).replace("@", LLAMA3);
                changeConfig(json -> {
                    json.addProperty("model_type", family);
                    json.remove("rope_theta");
                    JsonParser.parseString(written).getAsJsonObject().asMap().forEach(json::add);
                });
                configs.add(DecoderConfig.read(folder));
            }
            assertEquals(configs.get(0), configs.get(1), family);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "{'rope_theta': 9.0}; rope_theta is 10000.0, but rope_parameters.rope_theta is 9.0; remove one",
                "{'rope_type': 'default', 'partial_rotary_factor': 0.5}; rope_parameters.partial_rotary_factor is 0.5",
                "{'rope_type': 'yarn'}; rope_parameters.rope_type is \"yarn\"",
                "{'full_attention': {'rope_type': 'default'}}; rope_parameters.full_attention is",
                "{'rope_theta': -1}; rope_theta must be finite and above 0",
                "{'rope_type': 'default', 'mrope_section': [1, 2]}; rope_parameters.mrope_section is [1,2], which is not",
                "{'rope_type': 'linear', 'factor': 2, 'attention_factor': 1.5}; rope_parameters.attention_factor is 1.5",
                "'default'; rope_parameters must be a JSON object",
            })
    void read_rotaryParametersThatAreNotComputed_areNamed(String parameters, String expected) throws IOException {
        changeConfig(json -> {
            json.add("rope_parameters", JsonParser.parseString(parameters));
            if (parameters.contains("-1")) {
                json.remove("rope_theta");
            }
        });
        assertFails(FAULT, this::load, "config.json: " + expected);
    }

    @Test
    void read_rotaryScalingInBothForms_mustAgree() throws IOException {
        changeConfig(json -> {
            json.add("rope_scaling", JsonParser.parseString(LLAMA3));
            json.add("rope_parameters", JsonParser.parseString("{'rope_type': 'linear', 'factor': 2}"));
        });
        assertFails(FAULT, this::load, "rope_scaling is Llama3", "but rope_parameters is Linear", "remove one");
    }

    @Test
    void load_rotaryScaling_isReadUnderBothKeys() throws IOException {
        changeScaling("{'rope_type': 'linear', 'factor': 2.5}");
        assertEquals(new RotaryScaling.Linear(2.5), DecoderConfig.read(folder).rotaryScaling());
        changeScaling("{'type': 'linear', 'factor': 4}");
        assertEquals(new RotaryScaling.Linear(4), DecoderConfig.read(folder).rotaryScaling());
        changeScaling("{'type': 'linear', 'rope_type': 'default'}"); // transformers looks at rope_type first
        assertEquals(PLAIN, DecoderConfig.read(folder).rotaryScaling());
        changeScaling(LLAMA3);
        assertEquals(
                new RotaryScaling.Llama3(8, 1, 4, 16),
                DecoderConfig.read(folder).rotaryScaling());
        load();
    }

    @ParameterizedTest
    @ValueSource(strings = {"yarn", "dynamic", "longrope", "su", "Linear", ""})
    void load_rotaryScalingOfAnUnknownType_isNamed(String type) throws IOException {
        for (String key : List.of("type", "rope_type")) {
            changeScaling("{'" + key + "': '" + type + "', 'factor': 2}");
            String expected = "config.json: rope_scaling." + key + " is \"" + type + "\"; supported: ";
            assertFails(FAULT, this::load, expected, "linear, llama3");
        }
    }

    @Test
    void load_rotaryScalingWithoutType_isNamed() throws IOException {
        changeScaling("{}");
        assertFails(FAULT, this::load, "config.json: rope_scaling.rope_type is missing");
        changeScaling("{'factor': 2}");
        assertFails(FAULT, this::load, "config.json: rope_scaling.rope_type is missing");
    }

    @ParameterizedTest
    @ValueSource(strings = {"rope_scaling", "rope_parameters"})
    void load_rotaryScalingOfWrongValues_namesTheKey(String option) throws IOException {
        scalingKey = option;
        changeScaling("{'rope_type': 3, 'factor': 2}");
        assertFails(FAULT, this::load, "config.json: " + option + ".rope_type is 3");
        for (String factor : List.of("0", "-2", "1e999", "'NaN'", "true", "[2]")) {
            changeScaling("{'type': 'linear', 'factor': " + factor + "}");
            assertFails(FAULT, this::load, "config.json: " + option + ".factor must be ", ", was ");
        }
        for (String key :
                List.of("factor", "low_freq_factor", "high_freq_factor", "original_max_position_embeddings")) {
            for (String value : List.of("0", "-1", "1e999", "'NaN'")) {
                changeScaling(LLAMA3.replaceFirst("'" + key + "': \\d+", "'" + key + "': " + value));
                assertFails(FAULT, this::load, "config.json: " + option + "." + key + " must be ", ", was ");
            }
            changeScaling(LLAMA3.replaceFirst("'" + key + "': \\d+", "'" + key + "': null"));
            assertFails(FAULT, this::load, "config.json: " + option + "." + key + " is missing");
        }
        changeScaling(LLAMA3.replace("'low_freq_factor': 1", "'low_freq_factor': 4"));
        assertFails(FAULT, this::load, option + ".high_freq_factor must be above low_freq_factor = 4.0, was 4.0");
        assertFails(VALUE, () -> new RotaryScaling.Linear(Double.NaN), "factor must be finite and above 0, was NaN");
    }

    /** Worked by hand from the formula, with factor 8 and wavelengths of 4 and 16 as the bounds. */
    @Test
    void scale_llama3_stretchesLongWavelengthsOnly() {
        RotaryScaling scaling = new RotaryScaling.Llama3(8, 1, 4, 16);
        float turn = (float) (2 * Math.PI);
        assertEquals(turn / 3, scaling.scale(0, turn / 3), 1e-6);
        assertEquals(turn / 17 / 8, scaling.scale(0, turn / 17), 1e-7);
        assertEquals(turn / 8 * (1 / 3.0 + 2 / 3.0 / 8), scaling.scale(0, turn / 8), 1e-6); // 16 / 8 lies a third up
        assertEquals(turn / 10, new RotaryScaling.Linear(2).scale(0, turn / 5), 1e-6);
    }

    @Test
    void load_headsThatDoNotFit_areNamed() throws IOException {
        changeConfig(json -> json.addProperty("num_key_value_heads", 3));
        assertFails(FAULT, this::load, "num_key_value_heads must divide num_attention_heads, was 3 of 4");
        changeConfig(json -> json.addProperty("num_attention_heads", 3));
        assertFails(FAULT, this::load, "num_attention_heads must divide hidden_size", "was 3 of 16");
        changeConfig(json -> json.addProperty("head_dim", 5));
        assertFails(FAULT, this::load, "even head size, was 5");
    }

    @Test
    void load_endOfTextInAList_takesAll() throws IOException {
        changeConfig(json -> json.add("eos_token_id", JsonParser.parseString("[7, 2]")));
        assertEquals(List.of(7, 2), DecoderConfig.read(folder).eosIds());
        for (String list : List.of("[]", "[[2]]", "[2, 60]", "[null]")) {
            changeConfig(json -> json.add("eos_token_id", JsonParser.parseString(list)));
            assertFails(FAULT, this::load, "eos_token_id");
        }
    }

    private List<Integer> ends(String own, String generation) throws IOException {
        changeConfig(json -> json.add("eos_token_id", JsonParser.parseString(own)));
        Files.writeString(folder.resolve("generation_config.json"), generation);
        return DecoderConfig.read(folder).eosIds();
    }

    /** The first is config.json's, for training; the others are those that the folder's author generates with. */
    @Test
    void load_endOfTextInTheGenerationConfig_endsTextsToo() throws IOException {
        assertEquals(List.of(2), ends("2", "{}"));
        assertEquals(List.of(2), ends("2", "{\"eos_token_id\": null}"));
        assertEquals(List.of(2), ends("2", "{\"eos_token_id\": 2}"));
        assertEquals(List.of(2, 9, 7), ends("2", "{\"eos_token_id\": [9, 7, 2]}"));
        assertFails(
                FAULT,
                () -> ends("2", "{\"eos_token_id\": [9, 7]}"),
                "config.json: eos_token_id is [2], but generation_config.json has [9, 7]");
        assertEquals(List.of(7, 9), ends("[7, 2]", "{\"eos_token_id\": [9, 7]}"));
        assertEquals(List.of(9, 7), ends("null", "{\"eos_token_id\": [9, 7]}"));
        assertEquals(List.of(7, 2), ends("[7, 2]", "{}"));
        assertFails(FAULT, () -> ends("null", "{}"), "config.json: eos_token_id is missing");
        Path file = folder.resolve("generation_config.json");
        for (String text : List.of("", "[]", "{", "{\"eos_token_id\": \"2\"}", "{\"eos_token_id\": [1.5]}")) {
            assertFails(FAULT, () -> ends("2", text), file.toString());
        }
        assertFails(
                FAULT,
                () -> ends("2", "{\"eos_token_id\": [2, 60]}"),
                "eos_token_id",
                "generation_config.json, must be 0 to ",
                "was 60");
    }

    @Test
    void load_sizesThatNoArrayHolds_areRefused() throws IOException {
        changeConfig(json -> json.addProperty("vocab_size", 1 << 28));
        assertFails(FAULT, this::load, "vocab_size * hidden_size is 4294967296");
        changeConfig(json -> json.addProperty("max_position_embeddings", Integer.MAX_VALUE));
        assertFails(FAULT, this::load, "max_position_embeddings * head_dim");
        changeConfig(json -> json.addProperty("num_hidden_layers", Integer.MAX_VALUE));
        assertFails(FAULT, this::load, "model.safetensors has 21 tensors, too few for the 2147483647 layers");
    }

    @Test
    void load_manyPositions_costsNothingUntilUsed() throws IOException {
        changeConfig(
                json -> json.addProperty("max_position_embeddings", 400_000_000)); // tables of 12 GiB, were they made
        try (LanguageModel model = TinyModel.load(folder)) {
            assertEquals(1, model.base().features(List.of(new int[] {1, 5}), Pooling.MEAN, 8).length);
        }
    }
}
