package io.github.fedhds.wire;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import io.github.fedhds.FedHdsException;
import java.io.IOException;
import java.io.StringReader;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** JSON files from outside: UTF-8 and strict syntax, at most 255 levels deep, no larger than the caller allows. */
public final class JsonFile {
    private JsonFile() {}

    /**
     * Reads a file that holds one JSON object.
     *
     * @param maxBytes how large the file may be
     * @throws FedHdsException if it is missing, too large or not a JSON object; the message names the file
     */
    public static JsonObject readObject(Path file, long maxBytes) {
        byte[] bytes;
        try {
            long size = Files.size(file);
            if (size > Math.min(maxBytes, Integer.MAX_VALUE - 8)) {
                throw new FedHdsException(file + ": has " + size + " bytes, allowed are " + maxBytes);
            }
            bytes = Files.readAllBytes(file);
        } catch (IOException e) {
            throw new FedHdsException(file + ": cannot be read: " + e, e);
        }
        try {
            return parseObject(
                    file.toString(),
                    StandardCharsets.UTF_8
                            .newDecoder()
                            .decode(ByteBuffer.wrap(bytes))
                            .toString());
        } catch (CharacterCodingException e) {
            throw new FedHdsException(file + ": is not UTF-8", e);
        }
    }

    /**
     * Reads a text that is one JSON object.
     *
     * @param label what the text is, for messages
     * @throws FedHdsException if it is not a JSON object
     */
    public static JsonObject parseObject(String label, String text) {
        try (JsonReader reader = new JsonReader(new StringReader(text))) {
            reader.setStrictness(Strictness.STRICT);
            JsonElement element = JsonParser.parseReader(reader);
            if (!element.isJsonObject()) {
                throw new FedHdsException(label + ": must be a JSON object");
            }
            if (reader.peek() != JsonToken.END_DOCUMENT) { // strict: peek fails by itself if anything follows
                throw new FedHdsException(label + ": something follows the JSON object");
            }
            return element.getAsJsonObject();
        } catch (JsonParseException | IOException e) {
            throw new FedHdsException(label + ": is not valid JSON" + place(e), e);
        }
    }

    /** A value for a message: its first 200 characters, as files from outside may hold very long ones. */
    public static String shorten(@Nullable Object value) {
        String text = String.valueOf(value);
        return text.length() <= 200 ? text : text.substring(0, 200) + "...";
    }

    /** Where the parser stopped, without its advice to programmers. */
    static String place(Exception e) {
        String message = String.valueOf(e.getMessage());
        int at = message.indexOf(" at line ");
        return at < 0 ? "" : message.substring(at).lines().findFirst().orElse("");
    }
}
