package io.github.fedhds.tokenizer;

import com.google.common.collect.ImmutableMap;
import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.internal.json.JsonFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * {@code tokenizer.json}, checked before it is passed to native code, which aborts the process instead of returning an
 * error if a decoder is invalid or a part refers to a missing one. Memory in addition to the file's text: about ten
 * times its bytes, until it is loaded.
 *
 * @see <a href="https://docs.rs/tokenizers/0.21.4/tokenizers/">The library that reads the file</a>
 */
final class TokenizerFile {
    private static final long MAX_BYTES = 256 << 20;
    private static final int MAX_DEPTH = 64;
    private static final Gson JSON =
            new GsonBuilder().serializeNulls().disableHtmlEscaping().create();

    private final Path file;
    private final JsonObject json;

    private TokenizerFile(Path file, JsonObject json) {
        this.file = file;
        this.json = json;
    }

    /**
     * Reads a file, without settings that this library sets itself: truncation, padding, the dropout of merges (equal
     * texts would get different ids), and what a template adds after a text (a prompt is not the end of the text).
     *
     * @throws FedHdsException if it is not a JSON object, or has content that makes native code abort; the message
     *     names it
     */
    static TokenizerFile read(Path file) {
        return of(file, JsonFile.readObject(file, MAX_BYTES));
    }

    /** The same for content that comes from elsewhere; the path is for messages. */
    static TokenizerFile of(Path file, JsonObject json) {
        json.remove("truncation");
        json.remove("padding");
        object(json.get("model")).ifPresent(model -> model.remove("dropout"));
        TokenizerFile checked = new TokenizerFile(file, json);
        checked.checkValues(json, 0);
        if (checked.hasPostProcessor()) {
            json.add("post_processor", withoutEnd(json.get("post_processor")));
        }
        checked.checkModel(json.get("model"));
        checked.checkParts(json.get("normalizer"));
        checked.checkParts(json.get("pre_tokenizer"));
        checked.checkParts(json.get("decoder"));
        if (checked.templates(json.get("post_processor")) > 1) {
            throw checked.fault("post_processor has more than one template");
        }
        return checked;
    }

    /** The JSON for native code: UTF-8, each key once. */
    byte[] bytes() {
        String text = JSON.toJson(json);
        if (!StandardCharsets.UTF_8.newEncoder().canEncode(text)) {
            throw fault("a text in it holds half of a surrogate pair");
        }
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** True if the file itself defines the special tokens around a text. */
    boolean hasPostProcessor() {
        return object(json.get("post_processor")).isPresent();
    }

    /** The id of a token; empty if there is no such token. */
    OptionalInt id(String token) {
        if (json.get("added_tokens") instanceof JsonArray added) {
            for (JsonElement element : added) {
                JsonObject one = object(element).orElse(new JsonObject());
                if (text(one.get("content")).equals(token) && number(one.get("id")) >= 0) {
                    return OptionalInt.of((int) number(one.get("id")));
                }
            }
        }
        double id = object(json.get("model"))
                .flatMap(model -> object(model.get("vocab")))
                .map(vocabulary -> number(vocabulary.get(token)))
                .orElse(-1.0);
        return id >= 0 ? OptionalInt.of((int) id) : OptionalInt.empty();
    }

    /** Special tokens, which are found in a text before it is split, with their ids. */
    Map<String, Integer> specialTokens() {
        Map<String, Integer> ids = new LinkedHashMap<>();
        if (json.get("added_tokens") instanceof JsonArray added) {
            for (JsonElement element : added) {
                object(element)
                        .filter(token -> token.get("special") instanceof JsonPrimitive special
                                && special.isBoolean()
                                && special.getAsBoolean())
                        .map(token -> text(token.get("content")))
                        .ifPresent(content -> id(content).ifPresent(id -> ids.put(content, id)));
            }
        }
        return ids;
    }

    /**
     * The same tokenizer with other texts of the special tokens, so that their own texts are split as any other text. The
     * ids stay.
     *
     * @param names the new text of each special token
     */
    TokenizerFile renamed(Map<String, String> names) {
        JsonObject copy = json.deepCopy();
        copy.remove("post_processor");
        if (copy.get("added_tokens") instanceof JsonArray added) {
            added.forEach(token -> object(token).ifPresent(one -> rename(one, "content", names)));
        }
        object(copy.get("model")).ifPresent(model -> {
            rename(model, "unk_token", names);
            if (model.get("vocab") instanceof JsonArray pieces) { // Unigram: pairs of piece and score
                for (JsonElement piece : pieces) {
                    if (piece instanceof JsonArray pair && !pair.isEmpty() && names.containsKey(text(pair.get(0)))) {
                        pair.set(0, new JsonPrimitive(names.get(text(pair.get(0)))));
                    }
                }
            }
            object(model.get("vocab"))
                    .ifPresent(vocabulary -> names.forEach((from, to) -> {
                        JsonElement id = vocabulary.remove(from);
                        if (id != null) {
                            vocabulary.add(to, id);
                        }
                    }));
        });
        return new TokenizerFile(file, copy);
    }

    private static void rename(JsonObject object, String key, Map<String, String> names) {
        String to = names.get(text(object.get(key)));
        if (to != null) {
            object.addProperty(key, to);
        }
    }

    FedHdsException fault(String what) {
        return new FedHdsException(file + ": " + what);
    }

    private void checkValues(JsonElement value, int depth) {
        if (depth > MAX_DEPTH) {
            throw fault("is more than " + MAX_DEPTH + " levels deep");
        }
        if (value.isJsonObject()) {
            value.getAsJsonObject().asMap().values().forEach(member -> checkValues(member, depth + 1));
        } else if (value.isJsonArray()) {
            value.getAsJsonArray().forEach(member -> checkValues(member, depth + 1));
        } else if (value.isJsonPrimitive()
                && value.getAsJsonPrimitive().isNumber()
                && !Double.isFinite(value.getAsDouble())) {
            throw fault("holds the number " + JsonFile.shorten(value) + ", too large for a double");
        }
    }

    private static Optional<JsonObject> object(@Nullable JsonElement element) {
        return element != null && element.isJsonObject() ? Optional.of(element.getAsJsonObject()) : Optional.empty();
    }

    private static String text(@Nullable JsonElement element) {
        return element instanceof JsonPrimitive primitive ? primitive.getAsString() : "";
    }

    /** Native code removes the prefix from the right side of each merge without checking it. */
    private void checkModel(@Nullable JsonElement element) {
        object(element).ifPresent(model -> {
            String prefix = text(model.get("continuing_subword_prefix"));
            if (prefix.isEmpty() || !(model.get("merges") instanceof JsonArray merges)) {
                return;
            }
            for (JsonElement merge : merges) {
                String right = merge instanceof JsonArray pair
                        ? (pair.isEmpty() ? "" : text(pair.get(pair.size() - 1)))
                        : text(merge).substring(text(merge).indexOf(' ') + 1);
                if (!right.startsWith(prefix)) {
                    throw fault("the right side of merge " + JsonFile.shorten(merge)
                            + " must begin with continuing_subword_prefix = " + JsonFile.shorten(prefix));
                }
            }
        });
    }

    /** Checks normalizers, pre-tokenizers and decoders, also inside a sequence of them. */
    private void checkParts(@Nullable JsonElement element) {
        if (element instanceof JsonArray list) {
            list.forEach(this::checkParts);
        }
        object(element).ifPresent(part -> {
            JsonElement stop = part.get("stop");
            if (stop != null && !text(stop).equals("0")) { // an empty token would end the process
                throw fault("stop of decoder Strip is " + JsonFile.shorten(stop) + "; supported: 0");
            }
            if (text(part.get("type")).equals("FixedLength") && number(part.get("length")) == 0) {
                throw fault("length of pre_tokenizer FixedLength must be 1 or more, was 0");
            }
            if (part.has("precompiled_charsmap") || text(part.get("type")).equals("Precompiled")) {
                checkCharacterMap(text(part.get("precompiled_charsmap")));
            }
            part.asMap().values().forEach(this::checkParts);
        });
    }

    private static double number(@Nullable JsonElement element) {
        return element instanceof JsonPrimitive primitive && primitive.isNumber() ? primitive.getAsDouble() : -1;
    }

    /**
     * Checks bytes in base 64: the length of a table, the table of 4-byte units, texts. The content of the table is not
     * checked.
     */
    private void checkCharacterMap(String map) {
        try {
            ByteBuffer bytes = ByteBuffer.wrap(Base64.getDecoder().decode(map)).order(ByteOrder.LITTLE_ENDIAN);
            if (map.length() % 4 == 0 && bytes.remaining() >= 8) {
                long table = Integer.toUnsignedLong(bytes.getInt());
                if (table >= 4 && table % 4 == 0 && table <= bytes.remaining()) {
                    return;
                }
            }
        } catch (IllegalArgumentException e) {
            // reported below
        }
        throw fault("precompiled_charsmap of normalizer Precompiled is damaged");
    }

    /** A post-processor, or a list of them, that adds nothing after a text. */
    private static JsonElement withoutEnd(JsonElement processor) {
        if (processor instanceof JsonArray list) {
            JsonArray shorter = new JsonArray();
            list.forEach(one -> shorter.add(withoutEnd(one)));
            return shorter;
        }
        if (!(processor instanceof JsonObject part)) {
            return processor;
        }
        if (part.has("special_tokens") && part.get("single") instanceof JsonArray pieces) {
            int end = pieces.size();
            while (end > 0
                    && object(pieces.get(end - 1))
                            .map(p -> p.has("SpecialToken"))
                            .orElse(false)) {
                end--;
            }
            if (end > 0) { // a template without a text stays unchanged
                pieces.asList().subList(end, pieces.size()).clear();
            }
        } else if (part.get("cls") instanceof JsonArray cls && part.has("sep") && cls.size() == 2) {
            return template(text(cls.get(0)), cls.get(1));
        } else if (part.has("processors")) {
            part.add("processors", withoutEnd(part.get("processors")));
        }
        return part;
    }

    /** BertProcessing and RobertaProcessing always add a token after the text; a template can omit it. */
    private static JsonElement template(String token, JsonElement id) {
        Map<String, ?> text = ImmutableMap.of("Sequence", ImmutableMap.of("id", "A", "type_id", 0));
        Map<String, ?> second = ImmutableMap.of("Sequence", ImmutableMap.of("id", "B", "type_id", 0));
        Map<String, ?> special = ImmutableMap.of("SpecialToken", ImmutableMap.of("id", token, "type_id", 0));
        Map<String, ?> ids = ImmutableMap.of("id", token, "ids", List.of(id), "tokens", List.of(token));
        return JSON.toJsonTree(ImmutableMap.of(
                "type",
                "TemplateProcessing",
                "single",
                List.of(special, text),
                "pair",
                List.of(text, second),
                "special_tokens",
                ImmutableMap.of(token, ids)));
    }

    /** Checks the templates of a post-processor and counts them. */
    private int templates(@Nullable JsonElement element) {
        if (element instanceof JsonArray list) {
            return list.asList().stream().mapToInt(this::templates).sum();
        }
        JsonObject part = object(element).orElse(new JsonObject());
        if (!part.has("special_tokens")) {
            return part.asMap().values().stream().mapToInt(this::templates).sum();
        }
        for (String form : new String[] {"single", "pair"}) {
            if (part.get(form) instanceof JsonArray pieces) {
                for (JsonElement piece : pieces) {
                    checkPiece(form, piece, part.get("special_tokens"));
                }
            }
        }
        return 1;
    }

    private void checkPiece(String form, JsonElement piece, JsonElement specials) {
        for (Map.Entry<String, JsonElement> named :
                object(piece).orElse(new JsonObject()).entrySet()) {
            String id = object(named.getValue())
                    .map(inner -> text(inner.get("id")))
                    .orElseGet(() -> first(named.getValue()));
            boolean missing = switch (named.getKey()) {
                case "SpecialToken" ->
                    !object(specials).map(tokens -> tokens.has(id)).orElse(false);
                case "Sequence" -> form.equals("single") && !id.equals("A");
                default -> false;
            };
            if (missing) {
                throw fault("post_processor." + form + " names " + JsonFile.shorten(piece)
                        + ", which special_tokens and the text lack");
            }
        }
    }

    /** The id of a piece that is written as a list. */
    private static String first(JsonElement value) {
        return value instanceof JsonArray list && !list.isEmpty() ? text(list.get(0)) : "";
    }
}
