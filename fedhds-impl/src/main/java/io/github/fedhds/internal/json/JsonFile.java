package io.github.fedhds.internal.json;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import com.google.gson.stream.MalformedJsonException;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.internal.file.FileFault;
import io.github.fedhds.internal.file.Utf8Reader;
import java.io.EOFException;
import java.io.IOException;
import java.io.Reader;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Reads untrusted JSON: UTF-8 and strict syntax, at most 255 levels deep, no larger than the caller allows. */
public final class JsonFile {
    private JsonFile() {}

    /**
     * Reads a file with one JSON object, without keeping its text in memory.
     *
     * @param maxBytes maximum size of the file
     * @throws FedHdsException if it is missing, too large or not a JSON object; the message names the file
     */
    public static JsonObject readObject(Path file, long maxBytes) {
        try {
            long size = Files.size(file);
            if (size > maxBytes) {
                throw new FedHdsException(file + ": has " + size + " bytes, allowed are " + maxBytes);
            }
            try (Reader text = Utf8Reader.open(file)) {
                return parseObject(file.toString(), text);
            }
        } catch (IOException e) {
            throw FileFault.of(file, "cannot be read", e);
        }
    }

    /**
     * Parses a text that is one JSON object.
     *
     * @param label source of the text, for messages
     * @throws FedHdsException if it is not a JSON object
     */
    public static JsonObject parseObject(String label, String text) {
        try {
            return parseObject(label, new StringReader(text));
        } catch (IOException e) {
            throw new FedHdsException(label + ": cannot be read", e);
        }
    }

    private static JsonObject parseObject(String label, Reader text) throws IOException {
        try (JsonReader reader = new JsonReader(text)) {
            reader.setStrictness(Strictness.STRICT);
            JsonElement element = JsonParser.parseReader(reader);
            if (!element.isJsonObject()) {
                throw new FedHdsException(label + ": must be a JSON object, was "
                        + (element.isJsonNull() ? "nothing" : shorten(element)));
            }
            if (reader.peek() != JsonToken.END_DOCUMENT) { // in strict mode peek throws if anything follows
                throw new FedHdsException(label + ": something follows the JSON object");
            }
            return element.getAsJsonObject();
        } catch (JsonParseException | IOException e) {
            throw syntaxFault(label, e);
        }
    }

    /**
     * The error for an exception of JsonReader or JsonParser: where and why the text is not JSON, without the parser's
     * class names.
     *
     * @param label source of the text, for messages
     * @throws IOException if the text could not be read at all
     */
    public static FedHdsException syntaxFault(String label, Exception thrown) throws IOException {
        Throwable root = thrown;
        while (root instanceof JsonParseException && root.getCause() != null) {
            root = root.getCause();
        }
        if (root instanceof IOException failure
                && !(failure instanceof MalformedJsonException || failure instanceof EOFException)) {
            throw failure;
        }
        return new FedHdsException(label + ": is not valid JSON" + place(root), thrown);
    }

    /** A value for a message: its first 200 characters, because untrusted files may have very long ones. */
    public static String shorten(@Nullable Object value) {
        String text = String.valueOf(value);
        return text.length() <= 200 ? text : text.substring(0, 200) + "...";
    }

    /** Where and why the parser stopped, without its advice to programmers and its names of token types. */
    public static String place(Throwable thrown) {
        String message = String.valueOf(thrown.getMessage())
                .lines()
                .findFirst()
                .orElse("")
                .replace(" in strict mode", "");
        int at = message.indexOf(" at line ");
        if (at < 0) {
            return "";
        }
        String why = message.substring(0, at);
        boolean jargon = why.contains("JsonReader") || why.matches(".*[A-Z]{2,}.*");
        return message.substring(at) + (jargon ? "" : ": " + Character.toLowerCase(why.charAt(0)) + why.substring(1));
    }
}
