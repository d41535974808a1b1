package io.github.fedhds.examples.comparison;

import com.google.common.base.Throwables;
import com.google.gson.Gson;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.github.fedhds.FedHdsException;
import java.io.IOException;
import java.lang.reflect.RecordComponent;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/**
 * Results of a program in a file, one JSON object a line, so that a program that was stopped finds what it has done. Not
 * safe for many threads or programs at a time.
 *
 * @param <T> a result; its constructor checks it
 */
public final class ResultsFile<T extends Record> {
    private static final Gson GSON = new Gson();

    private final Path file;
    private final Class<T> type;
    private final String start;

    /** A file, which need not exist. */
    public ResultsFile(Path file, Class<T> type) {
        this.file = file;
        this.type = type;
        this.start = "{\"" + type.getRecordComponents()[0].getName() + "\":";
    }

    /**
     * Reads the results; none if there is no file. A last line that a killed program left half written is not read; the
     * file is not changed.
     *
     * @throws FedHdsException if the file cannot be read or another line is damaged
     */
    public List<T> read() {
        List<T> results = new ArrayList<>();
        if (!Files.exists(file)) {
            return results;
        }
        String text = text();
        List<String> lines = text.substring(0, text.length() - halfLine(text).length())
                .lines()
                .toList();
        for (int i = 0; i < lines.size(); i++) {
            try {
                results.add(parse(lines.get(i)));
            } catch (RuntimeException e) { // of the parser, or of the record's constructor inside it
                throw new FedHdsException(
                        file + ": line " + (i + 1) + " is no result of this program: "
                                + Throwables.getRootCause(e).getMessage() + "; name another file, or delete the line",
                        e);
            }
        }
        return results;
    }

    private T parse(String line) {
        JsonObject json = JsonParser.parseString(line).getAsJsonObject();
        for (RecordComponent field : type.getRecordComponents()) {
            if (!json.has(field.getName())) {
                throw new IllegalArgumentException("it has no " + field.getName());
            }
        }
        return GSON.fromJson(json, type);
    }

    private String text() {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new FedHdsException(file + " cannot be read: " + e, e);
        }
    }

    /** The beginning of a result after the last end of line; empty if there is none, or if it is a whole result. */
    private String halfLine(String text) {
        String last = text.substring(text.lastIndexOf('\n') + 1);
        if (!last.startsWith(start) && !start.startsWith(last)) {
            return ""; // not written by this program, so it is read, and named as damaged
        }
        try {
            parse(last);
            return "";
        } catch (RuntimeException e) {
            return last;
        }
    }

    /** Appends a result as one line, in place of a half written line. */
    public void append(T result) {
        try {
            String text = Files.exists(file) ? text() : "";
            String half = halfLine(text);
            boolean open = half.isEmpty() && !text.isEmpty() && !text.endsWith("\n");
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
                channel.truncate(channel.size() - half.getBytes(StandardCharsets.UTF_8).length);
                channel.position(channel.size());
                ByteBuffer line = StandardCharsets.UTF_8.encode((open ? "\n" : "") + GSON.toJson(result) + "\n");
                while (line.hasRemaining()) {
                    channel.write(line);
                }
            }
        } catch (IOException e) {
            throw new FedHdsException(file + " cannot be written: " + e, e);
        }
    }
}
