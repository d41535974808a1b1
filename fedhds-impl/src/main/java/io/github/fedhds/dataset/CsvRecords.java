package io.github.fedhds.dataset;

import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.internal.json.JsonFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Comma-separated values with a header. Strict, because a lenient reader would shift texts into wrong columns: a quote
 * inside an unquoted field, text after a closing quote and a row of another length are errors. Empty lines are ignored,
 * an empty field counts as absent, column names are compared without case and outer spaces.
 *
 * @see <a href="https://www.rfc-editor.org/rfc/rfc4180">RFC 4180</a>
 */
final class CsvRecords implements Records {
    private static final int NONE = -2;

    private final Path file;
    private final RecordText text;
    private final Set<String> keys;
    private final List<String> columns = new ArrayList<>();
    private int peeked = NONE;
    private long line = 1;
    private long rowLine = 1;

    /**
     * @param keys columns that are read
     * @throws FedHdsException if the header names no column of an instruction
     */
    CsvRecords(Path file, RecordText text, Set<String> keys) throws IOException {
        this.file = file;
        this.keys = keys;
        this.text = text;
        List<String> header = row();
        if (header == null) {
            throw unknownKind(List.of());
        }
        Set<String> seen = new HashSet<>();
        for (String name : header) {
            columns.add(name.strip().toLowerCase(Locale.ROOT));
        }
        if (columns.stream().noneMatch(InstructionForm.KEYS::contains)) {
            throw unknownKind(header);
        }
        for (String column : columns) {
            if (keys.contains(column) && !seen.add(column)) {
                throw new FedHdsException(place() + ": the CSV header has the column " + column + " twice");
            }
        }
    }

    private FedHdsException unknownKind(List<String> header) {
        String first = String.join(",", header);
        boolean separated = header.size() == 1 && (first.contains(";") || first.contains("\t"));
        return new FedHdsException(file + ": is of no known kind; it begins with \"" + JsonFile.shorten(first) + "\". "
                + (separated ? "If it is a table, save it with commas between the columns. " : "")
                + "Read are JSON objects, JSON arrays, CSV with a header, and Parquet, of " + InstructionForm.READ);
    }

    @Override
    public String kind() {
        return "CSV";
    }

    @Override
    public List<String> columns() {
        return List.copyOf(columns);
    }

    @Override
    public @Nullable DataRecord next() throws IOException {
        List<String> row = row();
        if (row == null) {
            return null;
        }
        if (row.size() != columns.size()) {
            throw new FedHdsException(place() + ": the row has " + row.size() + " fields, the header " + columns.size()
                    + "; put quotes around a text with a comma or a line end");
        }
        JsonObject json = new JsonObject();
        for (int i = 0; i < row.size(); i++) {
            if (keys.contains(columns.get(i))) {
                json.add(columns.get(i), value(row.get(i)));
            }
        }
        return new DataRecord(place(), json);
    }

    private static JsonElement value(String field) {
        return field.isEmpty() ? JsonNull.INSTANCE : new JsonPrimitive(field);
    }

    /** The line in which the last row begins. */
    private String place() {
        return file + ": line " + rowLine;
    }

    /** The fields of the next line that is not empty; null at the end. */
    private @Nullable List<String> row() throws IOException {
        text.begin();
        int next = read();
        while (next == '\n') {
            next = read();
        }
        if (next < 0) {
            return null;
        }
        rowLine = line;
        List<String> fields = new ArrayList<>();
        while (true) {
            StringBuilder field = new StringBuilder();
            next = next == '"' ? quoted(field) : plain(field, next);
            fields.add(field.toString());
            if (next != ',') {
                return fields;
            }
            next = read();
        }
    }

    /** Reads an unquoted field; what follows it. */
    private int plain(StringBuilder field, int first) throws IOException {
        int next = first;
        while (next >= 0 && next != ',' && next != '\n') {
            if (next == '"') {
                throw new FedHdsException(
                        place() + ": a quote stands inside a field without quotes; put the whole field into quotes and"
                                + " double the quotes inside");
            }
            field.append((char) next);
            next = read();
        }
        return next;
    }

    /** Reads a field after its opening quote; what follows the closing one. */
    private int quoted(StringBuilder field) throws IOException {
        while (true) {
            int next = readInQuotes();
            if (next < 0) {
                throw new FedHdsException(place() + ": a quoted field that begins in this row has no closing quote");
            }
            if (next == '"') {
                next = read();
                if (next != '"') {
                    if (next >= 0 && next != ',' && next != '\n') {
                        throw new FedHdsException(place() + ": a text follows the closing quote of a field; double the"
                                + " quotes inside a field");
                    }
                    return next;
                }
            }
            field.append((char) next);
        }
    }

    /** The next character; each of the three line ends is one line feed. */
    private int read() throws IOException {
        int next = readInQuotes();
        if (next == '\r') {
            peeked = text.read();
            if (peeked == '\n') {
                peeked = NONE;
            }
            line += peeked == NONE ? 1 : 0;
            return '\n';
        }
        return next;
    }

    /** The next character as it is. */
    private int readInQuotes() throws IOException {
        int next = peeked == NONE ? text.read() : peeked;
        peeked = NONE;
        line += next == '\n' ? 1 : 0;
        return next;
    }

    @Override
    public void close() throws IOException {
        text.close();
    }
}
