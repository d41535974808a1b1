package io.github.fedhds.dataset;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import com.google.gson.stream.MalformedJsonException;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.internal.json.JsonFile;
import java.io.EOFException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** JSON objects, one after another (one per line, or indented) or in one array. */
final class JsonRecords implements Records {
    private static final Pattern LINE = Pattern.compile(" at line (\\d+) ");

    private final Path file;
    private final RecordText text;
    private final JsonReader json;
    private final boolean inArray;
    private long read;

    JsonRecords(Path file, RecordText text) throws IOException {
        this.file = file;
        this.text = text;
        json = new JsonReader(text);
        json.setStrictness(Strictness.STRICT);
        inArray = peek() == JsonToken.BEGIN_ARRAY;
        if (inArray) {
            json.beginArray();
        }
    }

    @Override
    public String kind() {
        return inArray ? "JSON array" : "JSON objects";
    }

    @Override
    public @Nullable DataRecord next() throws IOException {
        text.begin();
        if (!hasNext()) {
            if (inArray) {
                endArray();
            }
            return null;
        }
        String place = line() + (inArray ? ", element " + read : "");
        read++;
        return new DataRecord(place, object(place));
    }

    private boolean hasNext() throws IOException {
        if (!inArray) {
            return peek() != JsonToken.END_DOCUMENT;
        }
        try {
            return json.hasNext();
        } catch (MalformedJsonException | EOFException e) {
            throw JsonFile.syntaxFault(line(), e);
        }
    }

    /** The next value outside an array. A strict reader allows only one value, so it is lenient between values. */
    private JsonToken peek() throws IOException {
        try {
            json.setStrictness(Strictness.LENIENT);
            return json.peek();
        } catch (EOFException e) {
            if (isGzipCut(e)) {
                throw e;
            }
            return JsonToken.END_DOCUMENT; // an empty file
        } catch (MalformedJsonException e) {
            throw JsonFile.syntaxFault(line(), e);
        } finally {
            json.setStrictness(Strictness.STRICT);
        }
    }

    /** True for an end that is not the parser's: the parser says where it was. */
    private static boolean isGzipCut(EOFException e) {
        return e.getMessage() == null;
    }

    private JsonObject object(String place) throws IOException {
        try {
            JsonElement element = JsonParser.parseReader(json);
            if (element instanceof JsonObject object) {
                return object;
            }
            throw new FedHdsException(place + ": must be a JSON object, was " + JsonFile.shorten(element)
                    + "; read are " + InstructionForm.READ);
        } catch (JsonParseException e) {
            if (e.getCause() instanceof EOFException end && isGzipCut(end)) {
                throw end;
            }
            throw JsonFile.syntaxFault(place, e);
        }
    }

    private void endArray() throws IOException {
        json.endArray();
        if (peek() != JsonToken.END_DOCUMENT) {
            throw new FedHdsException(line() + ": something follows the array");
        }
    }

    /** File and line of the reader, which it shows only in its text. */
    private String line() {
        Matcher line = LINE.matcher(json.toString());
        return file + ": line " + (line.find() ? line.group(1) : "?");
    }

    @Override
    public void close() throws IOException {
        json.close();
    }
}
