package io.github.fedhds.internal.gguf;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import io.github.fedhds.internal.json.JsonFile;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The pre-tokenizers of byte-level BPE: their names in {@code tokenizer.ggml.pre}, and their form in
 * {@code tokenizer.json}.
 *
 * @see <a href="https://github.com/ggml-org/llama.cpp/blob/master/src/llama-vocab.cpp">llama.cpp's vocabularies</a>
 */
public final class PreTokenizer {
    private static final String WORDS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|";
    private static final String REST = "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    private static final String UP_TO_THREE_DIGITS = WORDS + "\\p{N}{1,3}" + REST;
    private static final String SINGLE_DIGITS = WORDS + "\\p{N}" + REST;

    /** Pre-tokenizers by name; the names of one set behave alike. */
    private static final Set<String> DIGITS =
            Set.of("smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b");

    private static final Set<String> PLAIN = Set.of("gpt-2", "phi-2", "mpt", "olmo", "jais", "trillion");
    private static final Set<String> LLAMA3 = Set.of("llama-bpe", "llama3", "llama-v3", "falcon3", "pixtral");
    private static final Set<String> LLAMA3_MERGES = Set.of("dbrx", "smaug-bpe", "chatglm-bpe", "glm4");
    private static final Set<String> QWEN2 = Set.of("qwen2", "deepseek-r1-qwen", "megrez", "stablelm2", "hunyuan");

    /** One name of each set, as llama.cpp's converter writes them. */
    private static final List<String> WRITTEN = List.of("gpt-2", "smollm", "qwen2", "llama-bpe", "dbrx");

    private PreTokenizer() {}

    /** Whether words that are tokens as a whole are not merged. */
    public static boolean ignoresMerges(String pre) {
        return LLAMA3.contains(pre);
    }

    /**
     * The entry {@code pre_tokenizer} of {@code tokenizer.json}.
     *
     * @throws IllegalArgumentException if the name is unknown
     */
    public static JsonObject of(String pre) {
        if (PLAIN.contains(pre)) {
            return byteLevel(true);
        }
        if (DIGITS.contains(pre)) {
            JsonObject digits = object("Digits");
            digits.addProperty("individual_digits", true);
            return sequence(digits, byteLevel(true));
        }
        if (QWEN2.contains(pre)) {
            return sequence(split(SINGLE_DIGITS), byteLevel(false));
        }
        if (LLAMA3.contains(pre) || LLAMA3_MERGES.contains(pre)) {
            return sequence(split(UP_TO_THREE_DIGITS), byteLevel(false));
        }
        List<String> known = new ArrayList<>();
        List.of(PLAIN, DIGITS, QWEN2, LLAMA3, LLAMA3_MERGES).forEach(known::addAll);
        known.sort(Comparator.naturalOrder());
        throw new IllegalArgumentException("tokenizer.ggml.pre is " + JsonFile.shorten(pre) + "; supported: "
                + String.join(", ", known) + ". Give the model's own tokenizer.json instead"
                + " (ModelOptions.withTokenizer, --tokenizer of the main job)");
    }

    /** The name of a pre-tokenizer; empty if it has none here. */
    public static Optional<String> nameOf(@Nullable JsonElement preTokenizer, boolean ignoresMerges) {
        if (!(preTokenizer instanceof JsonObject given)) {
            return Optional.empty();
        }
        return WRITTEN.stream()
                .filter(name -> ignoresMerges(name) == ignoresMerges)
                .filter(name -> plain(of(name)).equals(plain(given)))
                .findFirst();
    }

    /** Without what changes no id, and with the defaults of what does. */
    private static JsonObject plain(JsonObject part) {
        JsonObject copy = part.deepCopy();
        copy.remove("trim_offsets");
        if (new JsonPrimitive("ByteLevel").equals(copy.get("type")) && !copy.has("use_regex")) {
            copy.addProperty("use_regex", true);
        }
        if (copy.get("pretokenizers") instanceof JsonArray parts) {
            JsonArray plain = new JsonArray();
            parts.forEach(one -> plain.add(one instanceof JsonObject object ? plain(object) : one));
            copy.add("pretokenizers", plain);
        }
        return copy;
    }

    private static JsonObject split(String pattern) {
        JsonObject regex = new JsonObject();
        regex.addProperty("Regex", pattern);
        JsonObject split = object("Split");
        split.add("pattern", regex);
        split.addProperty("behavior", "Isolated");
        split.addProperty("invert", false);
        return split;
    }

    /** The pre-tokenizer, or decoder, that writes bytes as letters. */
    public static JsonObject byteLevel(boolean regex) {
        JsonObject level = object("ByteLevel");
        level.addProperty("add_prefix_space", false);
        level.addProperty("trim_offsets", true);
        level.addProperty("use_regex", regex);
        return level;
    }

    private static JsonObject object(String type) {
        JsonObject object = new JsonObject();
        object.addProperty("type", type);
        return object;
    }

    private static JsonObject sequence(JsonObject... parts) {
        JsonObject sequence = object("Sequence");
        JsonArray list = new JsonArray();
        for (JsonObject part : parts) {
            list.add(part);
        }
        sequence.add("pretokenizers", list);
        return sequence;
    }
}
