package io.github.fedhds.tokenizer;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.internal.json.JsonFile;
import io.github.fedhds.internal.json.JsonOptions;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The BOS token (beginning of sequence), where {@code tokenizer_config.json} decides on it: transformers' LLaMA
 * tokenizer classes replace the template of {@code tokenizer.json} by {@code add_bos_token}, true by default. Other
 * classes use the template, and {@code add_bos_token} only if there is no template.
 *
 * @see <a
 *     href="https://github.com/huggingface/transformers/blob/v4.53.3/src/transformers/models/llama/tokenization_llama_fast.py">LlamaTokenizerFast.update_post_processor</a>
 */
final class BosToken {
    private static final Set<String> LLAMA =
            Set.of("LlamaTokenizer", "LlamaTokenizerFast", "CodeLlamaTokenizer", "CodeLlamaTokenizerFast");
    private static final long MAX_BYTES = 64 << 20; // Llama 3 lists its special tokens here

    private final Path folder;
    private final JsonOptions options;

    private BosToken(Path folder, JsonOptions options) {
        this.folder = folder;
        this.options = options;
    }

    /**
     * The ids before every text: one or none; empty if the template of {@code tokenizer.json} decides.
     *
     * @throws FedHdsException if a file is damaged, or the token is required but unknown
     */
    static Optional<int[]> read(Path folder, TokenizerFile tokenizer) {
        Path file = folder.resolve("tokenizer_config.json");
        if (!Files.isRegularFile(file)) {
            return Optional.empty();
        }
        try {
            return new BosToken(folder, new JsonOptions("", JsonFile.readObject(file, MAX_BYTES))).ids(tokenizer);
        } catch (IllegalArgumentException e) {
            throw new FedHdsException(file + ": " + e.getMessage(), e);
        }
    }

    /** The EOS token of {@code tokenizer_config.json}; empty if it names none. */
    static Optional<String> eosToken(Path folder) {
        Path file = folder.resolve("tokenizer_config.json");
        return Files.isRegularFile(file)
                ? Optional.of(content(JsonFile.readObject(file, MAX_BYTES), "eos_token"))
                        .filter(token -> !token.isEmpty())
                : Optional.empty();
    }

    private Optional<int[]> ids(TokenizerFile tokenizer) {
        boolean llama = LLAMA.contains(text(options.json().get("tokenizer_class")));
        boolean wanted = options.flag("add_bos_token", llama);
        if (!llama && (tokenizer.hasPostProcessor() || !wanted)) {
            return Optional.empty();
        }
        if (!wanted) {
            return Optional.of(new int[0]);
        }
        String token = token(llama);
        int id = tokenizer
                .id(token)
                .orElseThrow(
                        () -> new IllegalArgumentException(
                                "bos_token is " + JsonFile.shorten(token)
                                        + ", which tokenizer.json has no id for; set add_bos_token to false if texts begin without it"));
        return Optional.of(new int[] {id});
    }

    /** A text, or an object with the text as its content; older folders have it in a separate file. */
    private String token(boolean llama) {
        String own = content(options.json());
        Path map = folder.resolve("special_tokens_map.json");
        if (own.isEmpty() && Files.isRegularFile(map)) {
            own = content(JsonFile.readObject(map, MAX_BYTES));
        }
        if (own.isEmpty() && !llama) {
            throw new IllegalArgumentException("add_bos_token is true, but bos_token is missing");
        }
        return own.isEmpty() ? "<s>" : own; // the default of LLaMA's classes
    }

    private static String content(JsonObject json) {
        return content(json, "bos_token");
    }

    /** A special token of {@code tokenizer_config.json}, which is a text or an object with the text as its content. */
    private static String content(JsonObject json, String name) {
        JsonElement token = json.get(name);
        return text(token instanceof JsonObject object ? object.get("content") : token);
    }

    private static String text(@Nullable JsonElement element) {
        return element instanceof JsonPrimitive primitive ? primitive.getAsString() : "";
    }
}
