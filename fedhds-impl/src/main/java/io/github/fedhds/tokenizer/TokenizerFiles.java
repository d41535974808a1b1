package io.github.fedhds.tokenizer;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.internal.file.FileFault;
import io.github.fedhds.internal.gguf.GgufFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The files of a model's tokenizer, as they are in a Hugging Face folder. */
public final class TokenizerFiles {
    private static final String TOKENIZER = "tokenizer.json";
    private static final String CONFIG = "tokenizer_config.json";
    private static final String TEMPLATE = "chat_template.jinja";
    private static final Gson JSON =
            new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().create();

    private TokenizerFiles() {}

    /** Names of all files that {@link #of} may give. */
    public static List<String> names() {
        return List.of(TOKENIZER, CONFIG, "special_tokens_map.json", TEMPLATE);
    }

    /**
     * Content by name: copies of a folder's files, as far as they exist; for a GGUF file the tokenizer that this library
     * makes from its vocabulary, with a small {@code tokenizer_config.json}, and its chat template. Memory: the files.
     *
     * @param model folder or GGUF file
     * @param own {@code tokenizer.json} in place of a GGUF file's vocabulary; copied with the files beside it, as in {@link
     *     Tokenizer#load(Path, Optional)}
     * @throws FedHdsException if a file is damaged or cannot be read
     */
    public static Map<String, byte[]> of(Path model, Optional<Path> own) {
        if (!GgufFile.isGguf(model)) {
            return copies(model);
        }
        Map<String, byte[]> files = new LinkedHashMap<>();
        Path beside = own.map(file -> file.resolveSibling("")).orElse(model);
        own.ifPresent(file -> {
            files.putAll(copies(beside));
            files.put(TOKENIZER, bytes(file));
        });
        try (GgufFile gguf = GgufFile.open(model)) {
            if (own.isEmpty()) {
                files.put(
                        TOKENIZER,
                        TokenizerFile.of(model, GgufTokenizer.read(gguf)).bytes());
            }
            files.computeIfAbsent(CONFIG, name -> (JSON.toJson(config(gguf)) + "\n").getBytes(StandardCharsets.UTF_8));
            String template = ModelTemplate.of(gguf).source();
            boolean given =
                    own.isPresent() && !ModelTemplate.read(beside).source().isBlank();
            if (!given && !template.isBlank()) {
                files.put(TEMPLATE, template.getBytes(StandardCharsets.UTF_8));
            }
            return files;
        }
    }

    private static Map<String, byte[]> copies(Path folder) {
        Map<String, byte[]> files = new LinkedHashMap<>();
        for (String name : names()) {
            Path file = folder.resolve(name);
            if (Files.isRegularFile(file)) {
                files.put(name, bytes(file));
            }
        }
        return files;
    }

    /** What transformers needs to load the tokenizer: its class, and the names of special tokens. */
    private static JsonObject config(GgufFile gguf) {
        JsonObject config = new JsonObject();
        put(config, "bos_token", gguf, "bos");
        config.addProperty("clean_up_tokenization_spaces", false);
        put(config, "eos_token", gguf, "eos");
        put(config, "pad_token", gguf, "padding");
        config.addProperty("tokenizer_class", "PreTrainedTokenizerFast");
        put(config, "unk_token", gguf, "unknown");
        return config;
    }

    private static void put(JsonObject config, String name, GgufFile gguf, String kind) {
        String key = "tokenizer.ggml." + kind + "_token_id";
        JsonObject metadata = gguf.options().json();
        if (metadata.get("tokenizer.ggml.tokens") instanceof JsonArray tokens
                && metadata.get(key) instanceof JsonPrimitive id
                && id.isNumber()
                && id.getAsInt() >= 0
                && id.getAsInt() < tokens.size()) {
            config.add(name, tokens.get(id.getAsInt()));
        }
    }

    private static byte[] bytes(Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw FileFault.of(file, "cannot be read", e);
        }
    }
}
