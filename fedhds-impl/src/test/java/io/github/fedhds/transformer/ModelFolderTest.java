package io.github.fedhds.transformer;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.mockito.Mockito.CALLS_REAL_METHODS;
import static org.mockito.Mockito.mockStatic;

import ai.djl.ndarray.NDManager;
import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.training.Tensor;
import io.github.fedhds.wire.SafetensorsWriter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.mockito.MockedStatic;

/** Model folders that are wrong somewhere: each fails before a model stands, and says where. */
class ModelFolderTest {
    private static final Class<FedHdsException> FAULT = FedHdsException.class;
    private static final Class<IllegalArgumentException> VALUE = IllegalArgumentException.class;
    private static final RotaryScaling PLAIN = new RotaryScaling.None();

    @TempDir
    Path folder;

    /** A load that failed holds no file open; seen where the system tells, as Linux does. */
    @AfterEach
    void noFileIsLeftOpen() throws IOException {
        Path open = Path.of("/proc/self/fd");
        if (Files.isDirectory(open)) {
            Path real = folder.toRealPath();
            try (Stream<Path> links = Files.list(open)) {
                assertEquals(
                        List.of(),
                        links.map(ModelFolderTest::target)
                                .filter(f -> f.startsWith(real))
                                .toList());
            }
        }
    }

    private static Path target(Path link) {
        try {
            return Files.readSymbolicLink(link);
        } catch (IOException e) {
            return link; // closed since it was listed
        }
    }

    private void load() {
        TinyModel.load(folder).close();
    }

    @SafeVarargs
    private void changeConfig(Consumer<JsonObject>... changes) throws IOException {
        TinyModel.write(folder);
        JsonObject config = TinyModel.config();
        Arrays.stream(changes).forEach(change -> change.accept(config));
        Gson withNulls = new GsonBuilder().serializeNulls().create();
        Files.writeString(folder.resolve("config.json"), withNulls.toJson(config));
    }

    private void changeWeights(Consumer<Map<String, Tensor>> change) {
        Map<String, Tensor> weights = TinyModel.weights(TinyModel.config(), 1);
        change.accept(weights);
        TinyModel.write(folder, TinyModel.config(), weights);
    }

    @Test
    void load_wholeFolder_readsTheConfiguration() {
        TinyModel.write(folder);
        try (LanguageModel model = TinyModel.load(folder)) {
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
                            1e-5,
                            10000,
                            PLAIN,
                            AttentionForm.plain(),
                            false,
                            List.of(2)),
                    model.config());
            assertEquals("cpu()", model.device());
            assertArrayEquals(new int[] {1, 3, 4, 59, 0}, model.tokens().encode("ab" + TinyModel.FACE + "~"));
            assertArrayEquals(new int[] {3, 4}, model.tokens().encodePlain("ab"));
            assertEquals("ab" + TinyModel.FACE, model.tokens().decode(List.of(1, 3, 4, 59, 2)));
        }
    }

    @Test
    void load_tiedHead_ignoresASecondCopyAndOldTables() {
        JsonObject config = TinyModel.config();
        config.addProperty("tie_word_embeddings", true);
        Map<String, Tensor> weights = TinyModel.weights(config, 1);
        weights.put("model.layers.0.self_attn.rotary_emb.inv_freq", new Tensor(new int[] {2}, new float[2]));
        TinyModel.write(folder, config, weights);
        load();
        weights.remove("lm_head.weight");
        TinyModel.write(folder, config, weights);
        load();
    }

    @Test
    void load_shards_areTheSameModel() throws IOException {
        TinyModel.write(folder);
        int[] ids = {1, 5, 9};
        float[] whole;
        try (LanguageModel model = TinyModel.load(folder)) {
            whole = model.base().features(List.of(ids), Pooling.MEAN, 9)[0];
        }
        Files.delete(folder.resolve("model.safetensors"));
        JsonObject map = new JsonObject();
        Map<String, Tensor> first = new TreeMap<>(TinyModel.weights(TinyModel.config(), 1));
        Map<String, Tensor> second = new TreeMap<>();
        for (String name : List.copyOf(first.keySet())) {
            boolean moved = name.contains(".1.");
            map.addProperty(name, moved ? "second.safetensors" : "first.safetensors");
            if (moved) {
                second.put(name, Objects.requireNonNull(first.remove(name)));
            }
        }
        SafetensorsWriter.write(folder.resolve("first.safetensors"), first, Map.of());
        SafetensorsWriter.write(folder.resolve("second.safetensors"), second, Map.of());
        JsonObject index = new JsonObject();
        index.add("weight_map", map);
        Path file = folder.resolve("model.safetensors.index.json");
        Files.writeString(file, new Gson().toJson(index));
        try (LanguageModel model = TinyModel.load(folder)) {
            assertArrayEquals(whole, model.base().features(List.of(ids), Pooling.MEAN, 9)[0]);
        }
        second.remove("model.layers.1.mlp.up_proj.weight");
        map.remove("model.layers.1.mlp.up_proj.weight");
        SafetensorsWriter.write(folder.resolve("second.safetensors"), second, Map.of());
        Files.writeString(file, new Gson().toJson(index));
        assertFails(FAULT, this::load, file + " has no tensor model.layers.1.mlp.up_proj.weight");
        Files.delete(folder.resolve("second.safetensors"));
        assertFails(FAULT, this::load, file.toString(), "second.safetensors, which is missing");
    }

    @Test
    void load_missingFolder_isNamed() {
        Path missing = folder.resolve("nowhere");
        assertFails(FAULT, () -> LanguageModel.load(missing), missing.toString(), "is missing", "config.json");
    }

    @ParameterizedTest
    @ValueSource(strings = {"config.json", "model.safetensors", "tokenizer.json"})
    void load_missingFile_isNamed(String name) throws IOException {
        TinyModel.write(folder);
        Files.delete(folder.resolve(name));
        assertFails(FAULT, this::load, folder.resolve(name) + " is missing", "a model folder holds");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "[]", "{", "1", "null", "{\"model_type\": \"llama\"} x", "{\"a\": 1,}", "{'a': 1}", "\u0000"
            })
    void load_configThatIsNoJsonObject_isNamed(String text) throws IOException {
        TinyModel.write(folder);
        Files.writeString(folder.resolve("config.json"), text);
        assertFails(FAULT, this::load, folder.resolve("config.json").toString(), "JSON");
    }

    @Test
    void load_configThatIsNotUtf8_isNamed() throws IOException {
        TinyModel.write(folder);
        Files.write(folder.resolve("config.json"), new byte[] {'{', (byte) 0xFF, '}'});
        assertFails(FAULT, this::load, folder.resolve("config.json").toString(), "UTF-8");
    }

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
                        AttentionForm.plain(),
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
    @CsvSource({
        "model_type, \"gptj\"",
        "model_type, 3",
        "hidden_act, \"gelu\"",
        "hidden_act, [\"silu\"]",
        "mlp_bias, true",
        "rope_parameters, {\"rope_theta\":500000.0}",
        "quantization_config, {\"bits\":4}",
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
        assertEquals(AttentionForm.plain(), attention("llama", "{'sliding_window': 8, 'use_sliding_window': false}"));
        assertEquals(new AttentionForm(true, true, false, 0), attention("llama", "{'attention_bias': true}"));
        assertEquals(new AttentionForm(false, false, false, 4096), attention("mistral", "{}"));
        assertEquals(new AttentionForm(false, false, false, 1), attention("mistral", "{'sliding_window': 1}"));
        assertEquals(AttentionForm.plain(), attention("mistral", "{'sliding_window': null}"));
        String off = "{'sliding_window': null, 'use_sliding_window': false}";
        assertEquals(AttentionForm.plain(), attention("mistral", off));
        assertEquals(new AttentionForm(true, false, false, 0), attention("qwen2", off));
        String unused = "{'sliding_window': 8, 'use_sliding_window': false, 'layer_types': ['full_attention']}";
        assertEquals(new AttentionForm(true, false, false, 0), attention("qwen2", unused));
        assertEquals(new AttentionForm(false, false, true, 0), attention("qwen3", unused));
        assertEquals(128, DecoderConfig.read(folder).headWidth());
        assertEquals(
                new AttentionForm(true, true, true, 0), attention("qwen3", "{'attention_bias': true, 'head_dim': 6}"));
        assertEquals(6, DecoderConfig.read(folder).headWidth());
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

    private void changeScaling(String text) throws IOException {
        changeConfig(json -> json.add("rope_scaling", JsonParser.parseString(text)));
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
    void load_rotaryScalingOfWrongValues_namesTheKey() throws IOException {
        changeScaling("{}");
        assertFails(FAULT, this::load, "config.json: rope_scaling.rope_type is missing");
        changeScaling("{'factor': 2}");
        assertFails(FAULT, this::load, "config.json: rope_scaling.rope_type is missing");
        changeScaling("{'rope_type': 3, 'factor': 2}");
        assertFails(FAULT, this::load, "config.json: rope_scaling.rope_type is 3");
        for (String factor : List.of("0", "-2", "1e999", "'NaN'", "true", "[2]")) {
            changeScaling("{'type': 'linear', 'factor': " + factor + "}");
            assertFails(FAULT, this::load, "config.json: rope_scaling.factor must be ", ", was ");
        }
        for (String key :
                List.of("factor", "low_freq_factor", "high_freq_factor", "original_max_position_embeddings")) {
            for (String value : List.of("0", "-1", "1e999", "'NaN'")) {
                changeScaling(LLAMA3.replaceFirst("'" + key + "': \\d+", "'" + key + "': " + value));
                assertFails(FAULT, this::load, "config.json: rope_scaling." + key + " must be ", ", was ");
            }
            changeScaling(LLAMA3.replaceFirst("'" + key + "': \\d+", "'" + key + "': null"));
            assertFails(FAULT, this::load, "config.json: rope_scaling." + key + " is missing");
        }
        changeScaling(LLAMA3.replace("'low_freq_factor': 1", "'low_freq_factor': 4"));
        assertFails(FAULT, this::load, "rope_scaling.high_freq_factor must be above low_freq_factor = 4.0, was 4.0");
        assertFails(VALUE, () -> new RotaryScaling.Linear(Double.NaN), "factor must be finite and above 0, was NaN");
    }

    /** Worked by hand from the formula, with factor 8 and wavelengths of 4 and 16 as the bounds. */
    @Test
    void scale_llama3_stretchesLongWavelengthsOnly() {
        RotaryScaling scaling = new RotaryScaling.Llama3(8, 1, 4, 16);
        float turn = (float) (2 * Math.PI);
        assertEquals(turn / 3, scaling.scale(turn / 3), 1e-6);
        assertEquals(turn / 17 / 8, scaling.scale(turn / 17), 1e-7);
        assertEquals(turn / 8 * (1 / 3.0 + 2 / 3.0 / 8), scaling.scale(turn / 8), 1e-6); // 16 / 8 lies a third up
        assertEquals(turn / 10, new RotaryScaling.Linear(2).scale(turn / 5), 1e-6);
    }

    @Test
    void load_headsThatDoNotFit_areNamed() throws IOException {
        changeConfig(json -> json.addProperty("num_key_value_heads", 3));
        assertFails(FAULT, this::load, "num_key_value_heads must divide num_attention_heads, was 3 of 4");
        changeConfig(json -> json.addProperty("num_attention_heads", 3));
        assertFails(FAULT, this::load, "num_attention_heads must divide hidden_size", "was 3 of 16");
        changeConfig(json -> json.addProperty("head_dim", 5));
        assertFails(FAULT, this::load, "even head width, was 5");
    }

    @Test
    void load_endOfTextInAList_takesAll() throws IOException {
        changeConfig(json -> json.add("eos_token_id", JsonParser.parseString("[7, 2]")));
        assertEquals(List.of(7, 2), DecoderConfig.read(folder).endIds());
        for (String list : List.of("[]", "[[2]]", "[2, 60]", "[null]")) {
            changeConfig(json -> json.add("eos_token_id", JsonParser.parseString(list)));
            assertFails(FAULT, this::load, "eos_token_id");
        }
    }

    private List<Integer> ends(String own, String generation) throws IOException {
        changeConfig(json -> json.add("eos_token_id", JsonParser.parseString(own)));
        Files.writeString(folder.resolve("generation_config.json"), generation);
        return DecoderConfig.read(folder).endIds();
    }

    /** The first is config.json's, for training; the others are those that the folder's author generates with. */
    @Test
    void load_endOfTextInTheGenerationConfig_endsTextsToo() throws IOException {
        assertEquals(List.of(2), ends("2", "{}"));
        assertEquals(List.of(2), ends("2", "{\"eos_token_id\": null}"));
        assertEquals(List.of(2), ends("2", "{\"eos_token_id\": 2}"));
        assertEquals(List.of(2, 9, 7), ends("2", "{\"eos_token_id\": [9, 7]}"));
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
                () -> ends("2", "{\"eos_token_id\": 60}"),
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

    @Test
    void load_missingTensor_isNamed() {
        for (String name : List.of(
                "model.embed_tokens.weight",
                "model.layers.1.mlp.up_proj.weight",
                "model.norm.weight",
                "lm_head.weight")) {
            changeWeights(weights -> weights.remove(name));
            assertFails(FAULT, this::load, "model.safetensors has no tensor " + name);
        }
    }

    @Test
    void load_tensorLeftOver_isNamed() {
        changeWeights(weights -> weights.put("model.layers.2.mlp.bias", new Tensor(new int[] {1}, new float[1])));
        assertFails(FAULT, this::load, "tensors that this model does not use: [model.layers.2.mlp.bias]");
    }

    @Test
    void load_tensorOfAnotherShape_isNamed() {
        String name = "model.layers.0.self_attn.k_proj.weight";
        changeWeights(weights -> weights.put(name, new Tensor(new int[] {16, 8}, new float[128])));
        assertFails(FAULT, this::load, name + " has shape [16, 8], config.json asks for [8, 16]");
        changeWeights(weights -> weights.put(name, new Tensor(new int[] {128}, new float[128])));
        assertFails(FAULT, this::load, name + " has shape [128]");
    }

    @Test
    void load_integerTensor_isNamed() throws IOException {
        TinyModel.write(folder);
        Path file = folder.resolve("model.safetensors");
        byte[] bytes = Files.readAllBytes(file);
        int length = (int) ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong();
        String header = new String(bytes, 8, length, StandardCharsets.UTF_8);
        String changed = header.replaceFirst(
                "\"model.norm.weight\":\\{\"dtype\":\"F32\"", "\"model.norm.weight\":{\"dtype\":\"I32\"");
        System.arraycopy(changed.getBytes(StandardCharsets.UTF_8), 0, bytes, 8, length);
        Files.write(file, bytes);
        assertFails(FAULT, this::load, file.toString(), "model.norm.weight is of type I32");
    }

    @Test
    void load_truncatedWeights_nameTheFile() throws IOException {
        TinyModel.write(folder);
        Path file = folder.resolve("model.safetensors");
        byte[] whole = Files.readAllBytes(file);
        for (int length : new int[] {0, 7, 8, 100, whole.length / 2, whole.length - 1}) {
            Files.write(file, Arrays.copyOf(whole, length));
            assertFails(FAULT, this::load, file.toString());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "garbage", "{}", "[]", "{\"model\": {\"type\": \"BPE\"}}"})
    void load_tokenizerThatIsNone_isNamed(String text) throws IOException {
        TinyModel.write(folder);
        Files.writeString(folder.resolve("tokenizer.json"), text);
        assertFails(FAULT, this::load, folder.resolve("tokenizer.json") + ": ");
    }

    /** Vocabularies are often padded or extended: such a model is good until a text needs a token that it lacks. */
    @Test
    void tokenizer_withIdsBeyondTheVocabulary_failsWhereATextHasOne() throws IOException {
        TinyModel.write(folder);
        JsonObject tokenizer = TinyModel.tokenizer();
        tokenizer.getAsJsonObject("model").getAsJsonObject("vocab").addProperty("~", 60);
        Files.writeString(folder.resolve("tokenizer.json"), new Gson().toJson(tokenizer));
        try (LanguageModel model = TinyModel.load(folder)) {
            int[] good = model.tokens().encode("abc");
            int[] bad = model.tokens().encode("a~c");
            assertEquals(1, model.base().features(List.of(good), Pooling.MEAN, 9).length);
            assertFails(
                    VALUE,
                    () -> model.base().features(List.of(good, bad), Pooling.MEAN, 99),
                    "token id 60",
                    "vocabulary of 60",
                    "tokenizer.json");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "gpu", "CPU", "cuda:", "cuda:-1", "cuda:1x", "cuda:9999", "cpu:0", " cuda"})
    void load_unknownDevice_isNamed(String device) {
        TinyModel.write(folder);
        ModelOptions options = ModelOptions.defaults().onDevice(device);
        assertFails(VALUE, () -> LanguageModel.load(folder, options), "device is auto, cpu, cuda or cuda:N", device);
    }

    @Test
    void resolve_devices_neverFallBackInSilence() {
        assertTrue(TorchRuntime.resolve("auto", 0).getDeviceType().equals("cpu"));
        assertEquals("gpu(0)", TorchRuntime.resolve("auto", 2).toString());
        assertEquals("gpu(0)", TorchRuntime.resolve("cuda", 1).toString());
        assertEquals("gpu(1)", TorchRuntime.resolve("cuda:1", 2).toString());
        assertEquals("cpu()", TorchRuntime.resolve("cpu", 2).toString());
        assertFails(VALUE, () -> TorchRuntime.resolve("cuda", 0), "device cuda ", "0 CUDA devices");
        assertFails(VALUE, () -> TorchRuntime.resolve("cuda:2", 2), "device cuda:2 ", "2 CUDA devices");
    }

    @Test
    void load_gpuThatIsNotThere_isNamed() {
        TinyModel.write(folder);
        ModelOptions options = ModelOptions.defaults().onDevice("cuda:7");
        assertFails(VALUE, () -> LanguageModel.load(folder, options), "device cuda:7 was asked for");
    }

    @Test
    void load_thatFailsWithNativeMemoryOpen_givesItBack() {
        TinyModel.write(folder);
        List<NDManager> opened = new ArrayList<>();
        try (MockedStatic<TorchRuntime> runtime = mockStatic(TorchRuntime.class, CALLS_REAL_METHODS)) {
            runtime.when(() -> TorchRuntime.open("cpu")).thenAnswer(call -> {
                opened.add((NDManager) call.callRealMethod());
                return opened.get(0);
            });
            runtime.when(TorchRuntime::threads).thenThrow(new OutOfMemoryError("a test's"));
            ModelOptions options = new ModelOptions("cpu", 0, Precision.FLOAT32);
            assertFails(OutOfMemoryError.class, () -> LanguageModel.load(folder, options), "a test's");
        }
        assertFalse(opened.get(0).isOpen());
        assertEquals(0, NativeCount.of(opened.get(0)));
    }

    @Test
    void options_threads_areChecked() {
        assertFails(VALUE, () -> ModelOptions.defaults().withThreads(-1), "threads must be 0 or more, was -1");
        TinyModel.write(folder);
        int before = TorchRuntime.threads();
        try (LanguageModel model =
                LanguageModel.load(folder, new ModelOptions("auto", 0, Precision.FLOAT32).withThreads(1))) {
            assertEquals(1, model.threads());
        } finally {
            TorchRuntime.threads(before);
        }
    }
}
