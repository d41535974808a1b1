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
import com.google.gson.JsonObject;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.internal.TorchRuntime;
import io.github.fedhds.internal.safetensors.SafetensorsWriter;
import io.github.fedhds.model.AttentionForm;
import io.github.fedhds.model.DecoderConfig;
import io.github.fedhds.model.Family;
import io.github.fedhds.model.ModelOptions;
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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.mockito.MockedStatic;

/** Model folders that are wrong somewhere: each fails before a model stands, and says where. */
class ModelFolderTest extends OnModelFolder {
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
                            new AttentionForm(false, false, false, 0),
                            false,
                            List.of(2)),
                    model.config());
            assertEquals("cpu()", model.device());
            assertArrayEquals(new int[] {1, 3, 4, 59, 0}, model.tokenizer().encode("ab" + TinyModel.FACE + "~"));
            assertArrayEquals(new int[] {3, 4}, model.tokenizer().encodePlain("ab"));
            assertEquals("ab" + TinyModel.FACE, model.tokenizer().decode(new int[] {1, 3, 4, 59, 2}));
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
    void load_onlyTheHeadOfATiedPair_isReadAsTheEmbedding() {
        JsonObject config = TinyModel.config();
        config.addProperty("tie_word_embeddings", true);
        Map<String, Tensor> weights = TinyModel.weights(config, 1);
        weights.remove("lm_head.weight");
        TinyModel.write(folder, config, weights);
        String expected;
        try (LanguageModel model = TinyModel.load(folder)) {
            expected = model.digest();
        }
        weights.put("lm_head.weight", Objects.requireNonNull(weights.remove("model.embed_tokens.weight")));
        TinyModel.write(folder, config, weights);
        try (LanguageModel model = TinyModel.load(folder)) {
            assertEquals(expected, model.digest());
        }
        config.addProperty("tie_word_embeddings", false);
        TinyModel.write(folder, config, weights);
        assertFails(
                FedHdsException.class,
                () -> TinyModel.load(folder),
                "has no tensor model.embed_tokens.weight, which config.json asks for");
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
            int[] good = model.tokenizer().encode("abc");
            int[] bad = model.tokenizer().encode("a~c");
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
            ModelOptions options = ModelOptions.defaults().onDevice("cpu");
            assertFails(OutOfMemoryError.class, () -> LanguageModel.load(folder, options), "a test's");
        }
        assertFalse(opened.get(0).isOpen());
        assertEquals(0, NativeCount.of(opened.get(0)));
    }

    @Test
    void options_threads_areChecked() {
        assertFails(VALUE, () -> ModelOptions.defaults().withThreads(-1), "threads must be 0 or more, was -1");
        TinyModel.write(folder);
        try (LanguageModel model =
                LanguageModel.load(folder, ModelOptions.defaults().withThreads(1))) {
            assertEquals(1, model.threads());
        }
    }
}
