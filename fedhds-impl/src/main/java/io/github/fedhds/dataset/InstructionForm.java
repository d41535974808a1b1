package io.github.fedhds.dataset;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.internal.json.JsonFile;
import io.github.fedhds.internal.json.JsonOptions;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Detects which of the known forms a row has, and converts it to an instruction. A key that is null counts as absent,
 * because merged data sets fill missing columns with null; where no other key has the value, it is empty.
 */
final class InstructionForm {
    /** The supported forms, for messages. */
    static final String READ = "{instruction, input, output, task}, {instruction, context, response, category},"
            + " {prompt, completion, task}, {messages: [{role, content}, ...], task},"
            + " {conversations: [{from, value}, ...], task}";

    /** All keys that are read. */
    static final Set<String> KEYS = Set.of(
            "instruction",
            "input",
            "context",
            "output",
            "response",
            "task",
            "category",
            "prompt",
            "completion",
            "messages",
            "conversations",
            "system");

    private static final List<String> QUESTIONS = List.of("instruction", "prompt", "messages", "conversations");

    private final String place;
    private final JsonObject json;
    private final ReadingCounts counts;

    private InstructionForm(DataRecord row, ReadingCounts counts) {
        place = row.place();
        json = row.json();
        this.counts = counts;
    }

    /**
     * The instruction of a row; empty if it is skipped, which is counted.
     *
     * @throws FedHdsException if the row has none of the forms; the message names its keys and the forms
     */
    static Optional<Instruction> read(DataRecord row, ReadingCounts counts) {
        Optional<Instruction> read = new InstructionForm(row, counts).read();
        if (read.isEmpty()) {
            return read;
        }
        Instruction instruction = read.get();
        if (instruction.output().isBlank()) {
            counts.skip("empty answer");
            return Optional.empty();
        }
        if (instruction.instruction().isBlank() && instruction.input().isBlank()) {
            counts.skip("empty instruction");
            return Optional.empty();
        }
        counts.instruction();
        return read;
    }

    private Optional<Instruction> read() {
        String task = first("task", "category").orElse("");
        if (given("instruction").isPresent()) {
            counts.form("{instruction}");
            return Optional.of(new Instruction(
                    required("instruction"), first("input", "context").orElse(""), answer("output", "response"), task));
        }
        Optional<JsonElement> prompt = given("prompt");
        if (prompt.isPresent()) {
            return completed(prompt.get(), task);
        }
        for (String key : List.of("messages", "conversations")) {
            if (given(key).orElse(null) instanceof JsonArray messages) {
                counts.form("{" + key + "}");
                return new Dialogue(place, key, counts)
                        .read(messages, task, first("system").orElse(""));
            }
            if (given(key).isPresent()) {
                throw new FedHdsException(
                        place + ": " + key + " must be a list, was " + JsonFile.shorten(json.get(key)));
            }
        }
        if (QUESTIONS.stream().anyMatch(json::has)) { // and each of them is null
            counts.skip("empty instruction");
            return Optional.empty();
        }
        if (json.has("output") || json.has("response")) {
            throw missing("instruction");
        }
        throw new FedHdsException(place + ": " + (json.has("Instances") ? "is a task of Natural Instructions" : keys())
                + "; read are " + READ
                + (json.has("Instances") ? ", or the folder that holds tasks/ and splits/" : ""));
    }

    private Optional<Instruction> completed(JsonElement prompt, String task) {
        counts.form("{prompt}");
        if (prompt instanceof JsonArray asked && given("completion").orElse(null) instanceof JsonArray answered) {
            JsonArray both = new JsonArray();
            both.addAll(asked);
            both.addAll(answered);
            return new Dialogue(place, "prompt and completion", counts).read(both, task, "");
        }
        return Optional.of(new Instruction(required("prompt"), "", answer("completion"), task));
    }

    private String keys() {
        return json.isEmpty() ? "the object is empty" : "has the keys " + JsonFile.shorten(json.keySet());
    }

    private Optional<JsonElement> given(String key) {
        return new JsonOptions("", json).given(key);
    }

    /** The text of the first key that is present. */
    private Optional<String> first(String... keys) {
        return Arrays.stream(keys)
                .filter(key -> given(key).isPresent())
                .findFirst()
                .map(key -> JsonText.of(place, key, json.get(key)));
    }

    private String required(String... keys) {
        return first(keys).orElseThrow(() -> missing(String.join(" or ", keys)));
    }

    /** The text of the first key that is present, empty if one is null. */
    private String answer(String... keys) {
        return first(keys).orElseGet(() -> {
            if (Arrays.stream(keys).noneMatch(json::has)) {
                throw missing(String.join(" or ", keys));
            }
            return "";
        });
    }

    private FedHdsException missing(String what) {
        return new FedHdsException(place + ": " + what + " is missing; the object " + keys() + ", read are " + READ);
    }
}
