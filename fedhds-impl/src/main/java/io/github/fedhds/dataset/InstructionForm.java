package io.github.fedhds.dataset;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.internal.json.JsonFile;
import io.github.fedhds.internal.json.JsonOptions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Detects which of the known forms a JSON object has, and converts it to an instruction. */
final class InstructionForm {
    /** The supported forms, for messages. */
    static final String READ = "{instruction, input, output, task}, {instruction, context, response, category},"
            + " {prompt, completion, task}, {messages: [{role, content}, ...], task}";

    private final String place;
    private final JsonObject json;

    private InstructionForm(String place, JsonObject json) {
        this.place = place;
        this.json = json;
    }

    /**
     * The instruction of an object.
     *
     * @param place file and position in it, for messages
     * @throws FedHdsException if the object has none of the forms; the message names its keys and the forms
     */
    static Instruction read(String place, JsonObject json) {
        return new InstructionForm(place, json).read();
    }

    private Instruction read() {
        String task = first("task", "category").orElse("");
        if (given("instruction").isPresent()) {
            String instruction = required("instruction");
            return new Instruction(
                    instruction, first("input", "context").orElse(""), required("output", "response"), task);
        }
        Optional<JsonElement> prompt = given("prompt");
        if (prompt.isPresent()) {
            JsonElement completion = given("completion").orElseThrow(() -> missing("completion"));
            if (prompt.get() instanceof JsonArray asked && completion instanceof JsonArray answered) {
                JsonArray both = new JsonArray();
                both.addAll(asked);
                both.addAll(answered);
                return dialogue("prompt and completion", both, task);
            }
            return new Instruction(required("prompt"), "", required("completion"), task);
        }
        if (given("messages").orElse(null) instanceof JsonArray messages) {
            return dialogue("messages", messages, task);
        }
        if (given("output").isPresent() || given("response").isPresent()) {
            throw missing("instruction");
        }
        throw new FedHdsException(place + ": " + (json.has("Instances") ? "is a task of Natural Instructions" : keys())
                + "; read are " + READ
                + (json.has("Instances") ? ", or the folder that holds tasks/ and splits/" : ""));
    }

    private String keys() {
        return json.isEmpty() ? "the object is empty" : "has the keys " + JsonFile.shorten(json.keySet());
    }

    /** One question and one answer, optionally after a system text, which is put before the question. */
    private Instruction dialogue(String name, JsonArray messages, String task) {
        List<String> roles = new ArrayList<>();
        List<String> contents = new ArrayList<>();
        for (int i = 0; i < messages.size(); i++) {
            String which = name + "[" + i + "]";
            if (!(messages.get(i) instanceof JsonObject message)) {
                throw new FedHdsException(
                        place + ": " + which + " must be {role, content}, was " + JsonFile.shorten(messages.get(i)));
            }
            roles.add(JsonText.of(place, which + ".role", given(message, "role").orElse(null)));
            contents.add(JsonText.of(
                    place, which + ".content", given(message, "content").orElse(null)));
        }
        if (roles.equals(List.of("user", "assistant"))) {
            return new Instruction(contents.get(0), "", contents.get(1), task);
        }
        if (roles.equals(List.of("system", "user", "assistant"))) {
            return new Instruction(contents.get(0) + "\n\n" + contents.get(1), "", contents.get(2), task);
        }
        throw new FedHdsException(place + ": " + name + " has the roles " + JsonFile.shorten(roles)
                + "; read are user and assistant, once each, perhaps with system before them:"
                + " make one sample of each question and answer");
    }

    /** A value that is present; null counts as absent, because merged data sets fill missing columns with null. */
    private static Optional<JsonElement> given(JsonObject json, String key) {
        return new JsonOptions("", json).given(key);
    }

    private Optional<JsonElement> given(String key) {
        return given(json, key);
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

    private FedHdsException missing(String what) {
        return new FedHdsException(place + ": " + what + " is missing; the object " + keys() + ", read are " + READ);
    }
}
