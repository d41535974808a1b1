package io.github.fedhds.internal.gguf;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Writes the vocabulary of a {@code tokenizer.json} as metadata of a GGUF file. */
public final class GgufVocabulary {
    private static final String PREFIX = "tokenizer.ggml.";
    private static final Pattern BYTE = Pattern.compile("<0x[0-9A-F]{2}>");

    /** Kinds of tokens. */
    private static final int NORMAL = 1;

    private static final int UNKNOWN = 2;
    private static final int CONTROL = 3;
    private static final int USER_DEFINED = 4;
    private static final int UNUSED = 5;
    private static final int BYTE_TOKEN = 6;

    /** Score of a piece that no merge makes. */
    private static final float NEVER = -1e6f;

    private final JsonObject json;
    private final JsonObject model;
    private final List<String> tokens;
    private final List<Integer> kinds;

    private GgufVocabulary(JsonObject json, int size) {
        this.json = json;
        this.model = object(json.get("model"));
        this.tokens = new ArrayList<>(Collections.nCopies(size, ""));
        this.kinds = new ArrayList<>(Collections.nCopies(size, UNUSED));
    }

    /**
     * Adds the vocabulary to a file.
     *
     * @param json content of {@code tokenizer.json}
     * @param size number of rows of the model's embedding; ids without a token are filled up
     * @throws IllegalArgumentException if the tokenizer is of a kind that has no name in GGUF
     */
    public static void put(GgufWriter writer, JsonObject json, int size) {
        new GgufVocabulary(json, size).put(writer);
    }

    private void put(GgufWriter writer) {
        if (!text(model.get("type")).equals("BPE")) {
            throw new IllegalArgumentException("model.type is " + model.get("type") + "; supported: BPE");
        }
        boolean bytes = new JsonPrimitive(true).equals(model.get("byte_fallback")) && hasByteTokens();
        object(model.get("vocab")).asMap().forEach((token, id) -> set(id, token, kind(token, bytes)));
        array(json.get("added_tokens")).forEach(element -> {
            JsonObject added = object(element);
            String token = text(added.get("content"));
            boolean special = new JsonPrimitive(true).equals(added.get("special"));
            boolean unknown = bytes && token.equals(text(model.get("unk_token")));
            set(added.get("id"), token, unknown ? UNKNOWN : special ? CONTROL : USER_DEFINED);
        });
        for (int id = 0; id < tokens.size(); id++) {
            if (kinds.get(id) == UNUSED) {
                tokens.set(id, "[PAD" + id + "]");
            }
        }
        writer.put(PREFIX + "tokens", List.copyOf(tokens)).put(PREFIX + "token_type", List.copyOf(kinds));
        if (bytes) {
            writer.put(PREFIX + "model", "llama")
                    .put(PREFIX + "pre", "default")
                    .put(PREFIX + "scores", scores())
                    .put(PREFIX + "add_space_prefix", addsSpace())
                    .put(PREFIX + "unknown_token_id", Math.max(0, tokens.indexOf(text(model.get("unk_token")))));
        } else {
            writer.put(PREFIX + "model", "gpt2").put(PREFIX + "pre", pre()).put(PREFIX + "merges", merges());
        }
    }

    private boolean hasByteTokens() {
        return object(model.get("vocab")).has("<0x0A>");
    }

    private static int kind(String token, boolean bytes) {
        return bytes && BYTE.matcher(token).matches() ? BYTE_TOKEN : NORMAL;
    }

    private void set(@Nullable JsonElement id, String token, int kind) {
        int at = id instanceof JsonPrimitive number && number.isNumber() ? number.getAsInt() : -1;
        if (at < 0 || at >= tokens.size()) {
            throw new IllegalArgumentException(
                    "token " + token + " has the id " + id + "; the model's embedding has " + tokens.size() + " rows");
        }
        tokens.set(at, token);
        kinds.set(at, kind);
    }

    private String pre() {
        boolean whole = new JsonPrimitive(true).equals(model.get("ignore_merges"));
        return PreTokenizer.nameOf(json.get("pre_tokenizer"), whole)
                .orElseThrow(() -> new IllegalArgumentException(
                        "its pre_tokenizer is none of GPT-2's, SmolLM's, Qwen 2's and Llama 3's"));
    }

    private List<String> merges() {
        List<String> merges = new ArrayList<>();
        array(model.get("merges"))
                .forEach(merge -> merges.add(
                        merge instanceof JsonArray pair && pair.size() == 2
                                ? text(pair.get(0)) + " " + text(pair.get(1))
                                : text(merge)));
        return merges;
    }

    /** SentencePiece merges by score; the pieces of earlier merges have the higher scores. */
    private List<Float> scores() {
        Map<String, Float> scores = new HashMap<>();
        List<String> merges = merges();
        for (int i = 0; i < merges.size(); i++) {
            int space = merges.get(i).indexOf(' ', 1);
            scores.putIfAbsent(
                    merges.get(i).substring(0, Math.max(0, space))
                            + merges.get(i).substring(space + 1),
                    -1f - i);
        }
        return tokens.stream().map(token -> scores.getOrDefault(token, NEVER)).toList();
    }

    /** A space before the first word is a normalizer's, or the pre-tokenizer Metaspace's. */
    private boolean addsSpace() {
        String parts = json.get("normalizer") + " " + json.get("pre_tokenizer");
        return parts.contains("\"Prepend\"")
                || (parts.contains("\"Metaspace\"")
                        && !parts.contains("\"never\"")
                        && !parts.contains("\"add_prefix_space\":false"));
    }

    private static JsonObject object(@Nullable JsonElement element) {
        return element instanceof JsonObject object ? object : new JsonObject();
    }

    private static JsonArray array(@Nullable JsonElement element) {
        return element instanceof JsonArray array ? array : new JsonArray();
    }

    private static String text(@Nullable JsonElement element) {
        return element instanceof JsonPrimitive primitive ? primitive.getAsString() : "";
    }
}
