package io.github.fedhds.tokenizer;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import com.google.gson.JsonObject;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.instruction.PromptPart;
import io.github.fedhds.internal.json.JsonFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The special tokens of a tokenizer, and a second tokenizer in which they have secret names, so that a text with a special
 * token's own name gets the ids of a text. It is loaded with the first such text; most data have none. Safe for many
 * threads.
 */
final class LiteralTokens implements AutoCloseable {
    private final Path file;
    private final byte[] json;
    private final Map<String, Integer> ids;
    private final Set<Integer> specials;
    private final Map<String, String> names = new LinkedHashMap<>();
    private @Nullable HuggingFaceTokenizer loaded;

    /** @param json the content of {@code tokenizer.json}; the path is for messages */
    LiteralTokens(Path file, byte[] json, Map<String, Integer> ids) {
        this.file = file;
        this.json = json;
        this.ids = Map.copyOf(ids);
        this.specials = Set.copyOf(ids.values());
        String secret =
                UUID.randomUUID().toString().replace("-", ""); // letters and digits, which no normalizer changes
        ids.forEach((token, id) -> names.put(token, "x" + secret + "x" + id + "x"));
    }

    /** The id of a special token. */
    Optional<Integer> id(String token) {
        return Optional.ofNullable(ids.get(token));
    }

    /** The special tokens among some ids, in their order. */
    int[] specials(int[] of) {
        return Arrays.stream(of).filter(specials::contains).toArray();
    }

    /** A text for {@link #tokenizer} in which the special parts have their secret names. */
    String text(List<PromptPart> parts) {
        return parts.stream()
                .map(part -> part.special() ? names.getOrDefault(part.text(), part.text()) : part.text())
                .collect(Collectors.joining());
    }

    /** The second tokenizer. */
    synchronized HuggingFaceTokenizer tokenizer() {
        if (loaded == null) {
            try {
                String text = new String(json, StandardCharsets.UTF_8);
                JsonObject content = JsonFile.parseObject(file.toString(), text);
                loaded = Tokenizer.open(
                        TokenizerFile.of(file, content).renamed(names).bytes());
            } catch (IOException | RuntimeException e) {
                throw new FedHdsException(
                        file + ": a text holds the name of a special token, which cannot be encoded as text: "
                                + JsonFile.shorten(e.getMessage()),
                        e);
            }
        }
        return loaded;
    }

    @Override
    public synchronized void close() {
        if (loaded != null) {
            loaded.close();
        }
    }
}
