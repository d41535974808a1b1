package io.github.fedhds.transformer;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.wire.JsonFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * {@code tokenizer.json}, checked before native code sees it: that code ends the whole process, instead of giving an
 * error, where a decoder is broken or a part refers to one that is missing. Memory beside the file's text: some ten times
 * its bytes, until it is loaded.
 *
 * @see <a href="https://docs.rs/tokenizers/0.21.4/tokenizers/">The library that reads the file</a>
 */
final class TokenizerFile {
    private static final long MAX_BYTES = 256 << 20;
    private static final int MAX_DEPTH = 64;
    private static final Gson JSON =
            new GsonBuilder().serializeNulls().disableHtmlEscaping().create();

    private final Path file;

    private TokenizerFile(Path file) {
        this.file = file;
    }

    /**
     * The file's text, each key once, without truncation and padding, which are not for the file to choose.
     *
     * @throws FedHdsException if it is no JSON object, or holds what native code cannot stand; the message names it
     */
    static String read(Path file) {
        JsonObject json = JsonFile.readObject(file, MAX_BYTES);
        json.remove("truncation");
        json.remove("padding");
        TokenizerFile checked = new TokenizerFile(file);
        checked.checkValues(json, 0);
        checked.checkModel(json.get("model"));
        checked.checkParts(json.get("normalizer"));
        checked.checkParts(json.get("pre_tokenizer"));
        checked.checkParts(json.get("decoder"));
        if (checked.templates(json.get("post_processor")) > 1) {
            throw checked.fault("post_processor has more than one template");
        }
        String text = JSON.toJson(json);
        if (!StandardCharsets.UTF_8.newEncoder().canEncode(text)) {
            throw checked.fault("a text in it holds half of a surrogate pair");
        }
        return text;
    }

    private FedHdsException fault(String what) {
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

    /** The prefix is cut off the right side of each merge, without looking. */
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

    /** Normalizers, pre-tokenizers and decoders, also those inside a sequence of them. */
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

    /** Bytes in base 64: the length of a table, the table of 4-byte units, texts. What is in the table is not checked. */
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
            // said below
        }
        throw fault("precompiled_charsmap of normalizer Precompiled is damaged");
    }

    /** Checks the templates of a post-processor, and counts them. */
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
