package io.github.fedhds.dataset;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.wire.JsonFile;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Reads one JSON object a line: {@code instruction}, {@code input}, {@code output}, {@code task}, or as Dolly names them
 * {@code instruction}, {@code context}, {@code response}, {@code category}. Input and task may be missing; other keys are
 * passed over, and so are empty lines. Immutable, safe for many threads.
 *
 * @see <a href="https://huggingface.co/datasets/databricks/databricks-dolly-15k">Dolly-15K</a>
 */
public final class JsonLines {
    private final double unseenShare;
    private final long seed;

    private JsonLines(Builder builder) {
        unseenShare = builder.unseenShare;
        seed = builder.seed;
    }

    /** Starts with default settings. */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Reads the instructions of a file, in its order; the task is empty where a line names none.
     *
     * @throws FedHdsException if the file cannot be read, a line is broken or there is none; the message names the line
     */
    public static List<Instruction> readAll(Path file) {
        List<Instruction> list = new ArrayList<>();
        int number = 0;
        try (BufferedReader reader = Files.newBufferedReader(file)) {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                number++;
                if (!line.isBlank()) {
                    String place = file + ": line " + number;
                    JsonObject json = JsonFile.parseObject(place, line);
                    list.add(new Instruction(
                            required(place, json, "instruction"),
                            optional(place, json, "input", "context"),
                            required(place, json, "output", "response"),
                            optional(place, json, "task", "category")));
                }
            }
        } catch (IOException e) {
            throw new FedHdsException(file + ": cannot be read after line " + number + ": " + e, e);
        }
        if (list.isEmpty()) {
            throw new FedHdsException(file + ": the data set is empty; expected one JSON object a line");
        }
        return list;
    }

    /**
     * Reads a file and holds out whole tasks as unseen ones.
     *
     * @return tasks by name; of one task alone none is held out
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
        for (int place : Dataset.draw(names.size(), held, Dataset.random(seed, "unseen tasks"))) {
            String name = names.get(place);
            unseen.put(name, tasks.getOrDefault(name, List.of()));
        }
        tasks.keySet().removeAll(unseen.keySet());
        return new Dataset(tasks, unseen);
    }

    private static String required(String place, JsonObject json, String... keys) {
        for (String key : keys) {
            JsonElement value = json.get(key);
            if (value != null) {
                return text(place, key, value);
            }
        }
        throw new FedHdsException(place + ": " + String.join(" or ", keys) + " is missing");
    }

    private static String optional(String place, JsonObject json, String... keys) {
        for (String key : keys) {
            JsonElement value = json.get(key);
            if (value != null && !value.isJsonNull()) {
                return text(place, key, value);
            }
        }
        return "";
    }

    private static String text(String place, String key, JsonElement value) {
        if (!value.isJsonPrimitive()) {
            throw new FedHdsException(place + ": " + key + " must be a text or a number");
        }
        return value.getAsString();
    }

    /** Collects settings. Not safe for many threads. */
    public static final class Builder {
        private double unseenShare = 0.1;
        private long seed;

        private Builder() {}

        /**
         * Share of the tasks that is held out as unseen, at least one and never all; 0 for none, below 1, 0.1 by default.
         */
        public Builder unseenShare(double unseenShare) {
            if (!(unseenShare >= 0 && unseenShare < 1)) {
                throw new IllegalArgumentException("unseenShare must be 0 or more and below 1, was " + unseenShare);
            }
            this.unseenShare = unseenShare;
            return this;
        }

        /** Decides which tasks are held out; 0 by default. */
        public Builder seed(long seed) {
            this.seed = seed;
            return this;
        }

        /** The reader. */
        public JsonLines build() {
            return new JsonLines(this);
        }
    }
}
