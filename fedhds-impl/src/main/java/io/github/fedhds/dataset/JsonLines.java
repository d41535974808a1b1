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
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.internal.RandomOrder;
import io.github.fedhds.internal.file.FileFault;
import io.github.fedhds.internal.file.Utf8Reader;
import io.github.fedhds.internal.json.JsonFile;
import java.io.EOFException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads JSON objects, one after another (one per line, or indented) or in one list. Supported keys:
 * {@code instruction}, {@code input}, {@code output}, {@code task}; or as in Dolly {@code instruction},
 * {@code context}, {@code response}, {@code category}; or {@code prompt}, {@code completion}; or {@code messages} of a
 * user and an assistant, optionally with a system message first, which is put before the instruction. Input and task
 * may be missing or null; other keys and empty lines are ignored. The file is read as a stream; only the instructions
 * stay in memory. Immutable, safe for many threads.
 *
 * @see <a href="https://huggingface.co/datasets/databricks/databricks-dolly-15k">Dolly-15K</a>
 */
public final class JsonLines {
    private static final Pattern LINE = Pattern.compile(" at line (\\d+) ");

    private final double unseenShare;
    private final long seed;

    private JsonLines(Builder builder) {
        unseenShare = builder.unseenShare;
        seed = builder.seed;
    }

    /** Starts with the default settings. */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Reads the instructions of a file, in file order; the task is empty if an object names none.
     *
     * @throws FedHdsException if the file cannot be read, is not UTF-8 or has no object, or if an object is invalid or
     *     of an unknown form; the message names file and line
     */
    public static List<Instruction> readAll(Path file) {
        List<Instruction> list = new ArrayList<>();
        try (JsonReader json = new JsonReader(Utf8Reader.open(file))) {
            json.setStrictness(Strictness.STRICT);
            boolean inList = next(file, json) == JsonToken.BEGIN_ARRAY;
            if (inList) {
                json.beginArray();
            }
            while (hasNext(file, json, inList)) {
                String line = file + ": line " + line(json);
                String place = inList ? line + ", element " + list.size() : line;
                list.add(InstructionForm.read(place, object(place, json)));
            }
            if (inList) {
                endList(file, json);
            }
        } catch (IOException e) {
            throw FileFault.of(file, "cannot be read", e);
        }
        if (list.isEmpty()) {
            throw new FedHdsException(
                    file + ": the data set is empty; expected JSON objects of the form " + InstructionForm.READ);
        }
        return list;
    }

    private static boolean hasNext(Path file, JsonReader json, boolean inList) throws IOException {
        if (!inList) {
            return next(file, json) != JsonToken.END_DOCUMENT;
        }
        try {
            return json.hasNext();
        } catch (MalformedJsonException | EOFException e) {
            throw JsonFile.syntaxFault(file + ": line " + line(json), e);
        }
    }

    /**
     * The next value outside a list. A strict reader allows only one value per file, so it is lenient between values.
     */
    private static JsonToken next(Path file, JsonReader json) throws IOException {
        Strictness strict = json.getStrictness();
        try {
            json.setStrictness(Strictness.LENIENT);
            return json.peek();
        } catch (EOFException e) {
            return JsonToken.END_DOCUMENT; // an empty file
        } catch (MalformedJsonException e) {
            throw JsonFile.syntaxFault(file + ": line " + line(json), e);
        } finally {
            json.setStrictness(strict);
        }
    }

    private static JsonObject object(String place, JsonReader json) throws IOException {
        try {
            JsonElement element = JsonParser.parseReader(json);
            if (element instanceof JsonObject object) {
                return object;
            }
            throw new FedHdsException(place + ": must be a JSON object, was " + JsonFile.shorten(element)
                    + "; read are " + InstructionForm.READ);
        } catch (JsonParseException e) {
            throw JsonFile.syntaxFault(place, e);
        }
    }

    private static void endList(Path file, JsonReader json) throws IOException {
        json.endArray();
        if (next(file, json) != JsonToken.END_DOCUMENT) {
            throw new FedHdsException(file + ": line " + line(json) + ": something follows the list");
        }
    }

    /** The line of the reader, which it shows only in its text. */
    private static String line(JsonReader json) {
        Matcher line = LINE.matcher(json.toString());
        return line.find() ? line.group(1) : "?";
    }

    /**
     * Reads a file and holds out whole tasks as unseen tasks.
     *
     * @return tasks by name; a single task is not held out
     * @throws FedHdsException as {@link #readAll}
     */
    public Dataset read(Path file) {
        SortedMap<String, List<Instruction>> tasks = new TreeMap<>();
        for (Instruction instruction : readAll(file)) {
            tasks.computeIfAbsent(instruction.task(), task -> new ArrayList<>()).add(instruction);
        }
        List<String> names = List.copyOf(tasks.keySet());
        int held = unseenShare == 0
                ? 0
                : Math.min(names.size() - 1, (int) Math.max(1, Math.round(unseenShare * names.size())));
        Map<String, List<Instruction>> unseen = new LinkedHashMap<>();
        for (int place : RandomOrder.sample(names.size(), held, Dataset.random(seed, "unseen tasks"))) {
            String name = names.get(place);
            unseen.put(name, tasks.getOrDefault(name, List.of()));
        }
        tasks.keySet().removeAll(unseen.keySet());
        return new Dataset(tasks, unseen);
    }

    /** Collects settings. Not safe for many threads. */
    public static final class Builder {
        private double unseenShare = 0.1;
        private long seed;

        private Builder() {}

        /**
         * Share of the tasks held out as unseen, at least one task and never all; from 0 (none) to below 1, 0.1 by
         * default.
         */
        public Builder unseenShare(double unseenShare) {
            if (!(unseenShare >= 0 && unseenShare < 1)) {
                throw new IllegalArgumentException("unseenShare must be 0 or more and below 1, was " + unseenShare);
            }
            this.unseenShare = unseenShare;
            return this;
        }

        /** Seed of the choice of the tasks held out; 0 by default. */
        public Builder seed(long seed) {
            this.seed = seed;
            return this;
        }

        /** Creates the reader. */
        public JsonLines build() {
            return new JsonLines(this);
        }
    }
}
