package io.github.fedhds.transformer;

import com.google.gson.Gson;
import com.google.gson.JsonObject;
import io.github.fedhds.Fuzz;
import io.github.fedhds.SharedFolders;
import io.github.fedhds.internal.safetensors.SafetensorsWriter;
import io.github.fedhds.model.DecoderConfig;
import io.github.fedhds.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Damaged files of a model folder give a model or a typed error that names the file. */
class ModelFolderFuzzTest {
    private static final long MOST_ALLOCATED = 16 << 20;

    @TempDir
    Path folder;

    private void load() {
        try (LanguageModel model = TinyModel.load(folder)) {
            int[] ids = Arrays.copyOf(
                    new int[] {1, 5, 9}, Math.min(3, model.config().contextLength()));
            model.base().features(List.of(ids), Pooling.MEAN, 9);
        }
    }

    private void useTokens() {
        try (Tokenizer tokenizer = Tokenizer.load(folder)) {
            for (String text : List.of("", "ab cd" + TinyModel.FACE, "~ \n</s> x<s>\u0000")) {
                tokenizer.decode(tokenizer.encode(text));
                tokenizer.decode(tokenizer.encodePlain(text));
            }
            tokenizer.decode(new int[] {1, 5, 59, 60, 99_999_999, 0});
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama", "mistral", "qwen2", "qwen3"})
    void config_damaged_isReadOrRefused(String family) throws IOException {
        JsonObject config = TinyModel.config();
        config.addProperty("model_type", family);
        config.addProperty("head_dim", 4);
        config.add("rope_scaling", new Gson().fromJson("""
                {"rope_type": "llama3", "factor": 8, "low_freq_factor": 1, "high_freq_factor": 4,
                 "original_max_position_embeddings": 16}
                """, JsonObject.class));
        TinyModel.write(folder, config, TinyModel.weights(config, 1));
        Fuzz.damage(folder.resolve("config.json"), true, MOST_ALLOCATED, () -> DecoderConfig.read(folder));
    }

    @Test
    void config_damaged_loadsOrIsRefused() throws IOException {
        TinyModel.write(folder);
        Fuzz.damage(folder.resolve("config.json"), true, MOST_ALLOCATED, this::load);
    }

    @Test
    void generationConfig_damaged_isReadOrRefused() throws IOException {
        TinyModel.write(folder);
        Path file = folder.resolve("generation_config.json");
        Files.writeString(file, "{\"eos_token_id\": [2, 7], \"bos_token_id\": 1, \"temperature\": 0.6}");
        Fuzz.damage(file, true, MOST_ALLOCATED, () -> DecoderConfig.read(folder));
    }

    @Test
    void weights_damaged_loadOrAreRefused() throws IOException {
        TinyModel.write(folder);
        Fuzz.damage(folder.resolve("model.safetensors"), false, MOST_ALLOCATED, this::load);
    }

    @Test
    void index_damaged_loadsOrIsRefused() throws IOException {
        TinyModel.write(folder);
        Files.delete(folder.resolve("model.safetensors"));
        JsonObject map = new JsonObject();
        TinyModel.weights(TinyModel.config(), 1).forEach((name, tensor) -> {
            String file = name.contains(".1.") ? "second.safetensors" : "first.safetensors";
            map.addProperty(name, file);
        });
        for (String file : List.of("first.safetensors", "second.safetensors")) {
            var tensors = new TreeMap<>(TinyModel.weights(TinyModel.config(), 1));
            tensors.keySet().removeIf(name -> !map.get(name).getAsString().equals(file));
            SafetensorsWriter.write(folder.resolve(file), tensors, Map.of());
        }
        JsonObject index = new JsonObject();
        index.add("metadata", new Gson().fromJson("{\"total_size\": 1}", JsonObject.class));
        index.add("weight_map", map);
        Path file = folder.resolve("model.safetensors.index.json");
        Files.writeString(file, new Gson().toJson(index));
        Fuzz.damage(file, true, MOST_ALLOCATED, this::load);
    }

    @Test
    void tokenizer_damaged_loadsOrIsRefused() throws IOException {
        TinyModel.write(folder);
        Fuzz.damage(folder.resolve("tokenizer.json"), true, MOST_ALLOCATED, this::useTokens);
    }

    @ParameterizedTest
    @Tag("golden")
    @ValueSource(strings = {"tiny-llama3", "stories260K", "tiny-gpt2"})
    void realTokenizer_damaged_loadsOrIsRefused(String name) throws IOException {
        Path file = folder.resolve("tokenizer.json");
        Files.copy(SharedFolders.models().resolve(name).resolve("tokenizer.json"), file);
        Fuzz.damage(file, true, MOST_ALLOCATED, this::useTokens);
    }
}
