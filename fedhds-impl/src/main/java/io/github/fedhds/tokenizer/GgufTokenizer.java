package io.github.fedhds.tokenizer;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.internal.gguf.GgufFile;
import io.github.fedhds.internal.gguf.PreTokenizer;
import io.github.fedhds.internal.json.JsonFile;
import io.github.fedhds.internal.json.JsonOptions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Makes a {@code tokenizer.json} from the vocabulary in a GGUF file. An unknown kind of pre-tokenizer is refused by name,
 * because a similar one would split texts almost as in training, which nobody would notice.
 *
 * @see <a href="https://github.com/ggml-org/llama.cpp/blob/master/src/llama-vocab.cpp">llama.cpp's vocabularies</a>
 */
final class GgufTokenizer {
    private static final String PREFIX = "tokenizer.ggml.";
    /** Kinds of tokens. */
    private static final int NORMAL = 1;

    private static final int UNKNOWN = 2;
    private static final int CONTROL = 3;
    private static final int USER_DEFINED = 4;

    private static final String SPACE = "\u2581";

    private final JsonOptions options;
    private final JsonArray tokens;
    private final JsonArray kinds;

    private GgufTokenizer(JsonOptions options) {
        this.options = options;
        this.tokens = array("tokens");
        this.kinds = options.given(PREFIX + "token_type").isPresent() ? array("token_type") : new JsonArray();
        if (!kinds.isEmpty() && kinds.size() != tokens.size()) {
            throw new IllegalArgumentException(
                    PREFIX + "token_type has " + kinds.size() + " elements for " + tokens.size() + " tokens");
        }
    }

    /**
     * The content of a {@code tokenizer.json}.
     *
     * @throws FedHdsException if the file has no vocabulary, or one of a kind that is not supported
     */
    static JsonObject read(GgufFile file) {
        JsonOptions options = file.options();
        try {
            if (options.given("tokenizer.huggingface.json").isPresent()) {
                return JsonParser.parseString(text(options.json().get("tokenizer.huggingface.json")))
                        .getAsJsonObject();
            }
            String model = options.oneOf(PREFIX + "model", List.of("gpt2", "llama"));
            GgufTokenizer tokenizer = new GgufTokenizer(options);
            return model.equals("gpt2") ? tokenizer.byteLevel() : tokenizer.sentencePiece();
        } catch (JsonParseException | IllegalStateException e) {
            throw new FedHdsException(file.file() + ": tokenizer.huggingface.json is not a JSON object", e);
        } catch (IllegalArgumentException e) {
            throw new FedHdsException(file.file() + ": " + e.getMessage(), e);
        }
    }

    /**
     * A tokenizer from elsewhere, whose tokens must be those of the file.
     *
     * @throws FedHdsException if an id has another token
     */
    static TokenizerFile checked(GgufFile file, TokenizerFile own) {
        if (file.options().json().get(PREFIX + "tokens") instanceof JsonArray) {
            GgufTokenizer stored = new GgufTokenizer(file.options());
            for (int id = 0; id < stored.tokens.size(); id++) {
                String token = text(stored.tokens.get(id));
                int other = stored.kind(id) == NORMAL ? own.id(token).orElse(-1) : id;
                if (other != id) {
                    throw own.fault("the token " + JsonFile.shorten(token) + " has the id " + id + " in " + file.file()
                            + (other < 0 ? ", and is not in this file" : ", and " + other + " in this file")
                            + "; is it of another model?");
                }
            }
        }
        return own;
    }

    /** The BOS id that the file asks for, if a tokenizer from elsewhere says nothing about it. */
    static Optional<int[]> bos(GgufFile file, TokenizerFile own) {
        JsonOptions options = file.options();
        boolean wanted = !own.hasPostProcessor() && options.flag(PREFIX + "add_bos_token", false);
        return wanted ? Optional.of(new int[] {options.whole(PREFIX + "bos_token_id", 1)}) : Optional.empty();
    }

    private JsonArray array(String name) {
        if (options.json().get(PREFIX + name) instanceof JsonArray array) {
            return array;
        }
        throw new IllegalArgumentException(PREFIX + name + " is missing; the file has no vocabulary");
    }

    private static String text(JsonElement element) {
        if (element instanceof JsonPrimitive primitive && primitive.isString()) {
            return primitive.getAsString();
        }
        throw new IllegalArgumentException("the vocabulary has " + JsonFile.shorten(element) + " in place of a text");
    }

    private int kind(int id) {
        return kinds.isEmpty() ? NORMAL : kinds.get(id).getAsInt();
    }

    /** Text of a token. llama.cpp names empty ones by their id, too. */
    private String token(int id) {
        String token = text(tokens.get(id));
        return token.isEmpty() ? "[EMPTY_" + id + "]" : token;
    }

    private Map<String, Integer> ids() {
        Map<String, Integer> ids = new HashMap<>();
        for (int id = 0; id < tokens.size(); id++) {
            if (ids.put(token(id), id) != null) {
                throw new IllegalArgumentException(
                        "the token " + JsonFile.shorten(token(id)) + " is in the vocabulary twice");
            }
        }
        return ids;
    }

    private JsonObject byteLevel() {
        JsonObject model = object("BPE");
        model.addProperty("byte_fallback", false);
        model.addProperty("fuse_unk", false);
        model.add("vocab", vocabulary());
        JsonArray merges = new JsonArray();
        for (JsonElement merge : array("merges")) {
            String both = text(merge);
            int space = both.indexOf(' ', 1);
            if (space < 0) {
                throw new IllegalArgumentException(PREFIX + "merges has " + JsonFile.shorten(both)
                        + "; a merge is two tokens with a space between");
            }
            merges.add(pair(both.substring(0, space), both.substring(space + 1)));
        }
        model.add("merges", merges);
        String pre = options.given(PREFIX + "pre").map(GgufTokenizer::text).orElse("missing");
        boolean whole = PreTokenizer.ignoresMerges(pre);
        model.addProperty("ignore_merges", whole);
        JsonObject tokenizer = tokenizer(model, whole);
        tokenizer.add("pre_tokenizer", PreTokenizer.of(pre));
        tokenizer.add("decoder", PreTokenizer.byteLevel(true));
        return tokenizer;
    }

    /** SentencePiece's BPE: pieces are merged by their scores; bytes stand for what no piece covers. */
    private JsonObject sentencePiece() {
        JsonObject model = object("BPE");
        model.addProperty("unk_token", token(id("unknown", 0)));
        model.addProperty("byte_fallback", true);
        model.addProperty("fuse_unk", true);
        model.add("vocab", vocabulary());
        model.add("merges", merges());
        JsonObject tokenizer = tokenizer(model, true);
        JsonObject underscore = replace(" ", SPACE);
        if (options.flag(PREFIX + "add_space_prefix", true)) {
            if (hasSpecial("[INST]")) {
                // As in Mistral's tokenizer.json: no space after a mark but the text's own.
                JsonObject metaspace = object("Metaspace");
                metaspace.addProperty("replacement", SPACE);
                metaspace.addProperty("prepend_scheme", "first");
                metaspace.addProperty("split", false);
                tokenizer.add("pre_tokenizer", metaspace);
                tokenizer.add("decoder", stripped());
                return tokenizer;
            }
            JsonObject prepend = object("Prepend");
            prepend.addProperty("prepend", SPACE);
            tokenizer.add("normalizer", sequence("normalizers", prepend, underscore));
            tokenizer.add("decoder", stripped());
        } else {
            tokenizer.add("normalizer", underscore);
            tokenizer.add("decoder", sequence("decoders", replace(SPACE, " "), object("ByteFallback"), object("Fuse")));
        }
        return tokenizer;
    }

    private boolean hasSpecial(String name) {
        return IntStream.range(0, tokens.size())
                .anyMatch(id -> kind(id) == CONTROL && token(id).equals(name));
    }

    /** The decoder for texts with a space before the first word, which it takes off. */
    private static JsonObject stripped() {
        JsonObject strip = object("Strip");
        strip.addProperty("content", " ");
        strip.addProperty("start", 1);
        strip.addProperty("stop", 0);
        return sequence("decoders", replace(SPACE, " "), object("ByteFallback"), object("Fuse"), strip);
    }

    private static JsonObject replace(String from, String to) {
        JsonObject pattern = new JsonObject();
        pattern.addProperty("String", from);
        JsonObject replace = object("Replace");
        replace.add("pattern", pattern);
        replace.addProperty("content", to);
        return replace;
    }

    /** All splits of a piece into two known ones, those of the pieces with the highest scores first. */
    private JsonArray merges() {
        JsonArray scores = array("scores");
        if (scores.size() != tokens.size()) {
            throw new IllegalArgumentException(
                    PREFIX + "scores has " + scores.size() + " elements for " + tokens.size() + " tokens");
        }
        Map<String, Integer> ids = ids();
        List<Integer> byScore = new ArrayList<>();
        for (int id = 0; id < tokens.size(); id++) {
            if (kind(id) == NORMAL) {
                byScore.add(id);
            }
        }
        byScore.sort(Comparator.comparingDouble(id -> -scores.get(id).getAsDouble()));
        JsonArray merges = new JsonArray();
        for (int id : byScore) {
            String piece = token(id);
            for (int at = piece.offsetByCodePoints(0, 1); at < piece.length(); at = piece.offsetByCodePoints(at, 1)) {
                String left = piece.substring(0, at);
                String right = piece.substring(at);
                if (ids.containsKey(left) && ids.containsKey(right)) {
                    merges.add(pair(left, right));
                }
            }
        }
        return merges;
    }

    /** What all kinds have: the model, the tokens that are found before a text is split, and the BOS token. */
    private JsonObject tokenizer(JsonObject model, boolean bos) {
        JsonArray added = new JsonArray();
        for (int id = 0; id < tokens.size(); id++) {
            int kind = kind(id);
            if (kind == CONTROL || kind == USER_DEFINED || kind == UNKNOWN) {
                JsonObject token = new JsonObject();
                token.addProperty("id", id);
                token.addProperty("content", token(id));
                for (String option : List.of("single_word", "lstrip", "rstrip", "normalized")) {
                    token.addProperty(option, false);
                }
                token.addProperty("special", kind != USER_DEFINED);
                added.add(token);
            }
        }
        JsonObject tokenizer = new JsonObject();
        tokenizer.addProperty("version", "1.0");
        tokenizer.add("added_tokens", added);
        tokenizer.add("model", model);
        if (options.flag(PREFIX + "add_bos_token", bos)) {
            tokenizer.add("post_processor", beginning(id("bos", 1)));
        }
        return tokenizer;
    }

    private JsonObject beginning(int id) {
        JsonObject special = new JsonObject();
        special.addProperty("id", token(id));
        special.addProperty("type_id", 0);
        JsonObject text = new JsonObject();
        text.addProperty("id", "A");
        text.addProperty("type_id", 0);
        JsonArray single = new JsonArray();
        single.add(member("SpecialToken", special));
        single.add(member("Sequence", text));
        JsonObject known = new JsonObject();
        known.addProperty("id", token(id));
        JsonArray ids = new JsonArray();
        ids.add(id);
        known.add("ids", ids);
        JsonArray names = new JsonArray();
        names.add(token(id));
        known.add("tokens", names);
        JsonObject template = object("TemplateProcessing");
        template.add("single", single);
        template.add("pair", single.deepCopy());
        template.add("special_tokens", member(token(id), known));
        return template;
    }

    private int id(String name, int fallback) {
        int id = options.whole(PREFIX + name + "_token_id", fallback);
        if (id < 0 || id >= tokens.size()) {
            throw new IllegalArgumentException(
                    PREFIX + name + "_token_id must be 0 to " + (tokens.size() - 1) + ", was " + id);
        }
        return id;
    }

    private JsonObject vocabulary() {
        ids(); // checks that no token is there twice
        JsonObject vocabulary = new JsonObject();
        for (int id = 0; id < tokens.size(); id++) {
            vocabulary.addProperty(token(id), id);
        }
        return vocabulary;
    }

    private static JsonArray pair(String left, String right) {
        JsonArray pair = new JsonArray();
        pair.add(left);
        pair.add(right);
        return pair;
    }

    private static JsonObject object(String type) {
        JsonObject object = new JsonObject();
        object.addProperty("type", type);
        return object;
    }

    private static JsonObject member(String name, JsonObject value) {
        JsonObject object = new JsonObject();
        object.add(name, value);
        return object;
    }

    private static JsonObject sequence(String name, JsonObject... parts) {
        JsonObject sequence = object("Sequence");
        JsonArray list = new JsonArray();
        for (JsonObject part : parts) {
            list.add(part);
        }
        sequence.add(name, list);
        return sequence;
    }
}
