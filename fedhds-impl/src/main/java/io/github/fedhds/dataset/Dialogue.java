package io.github.fedhds.dataset;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.instruction.Turn;
import io.github.fedhds.instruction.Turn.Role;
import io.github.fedhds.internal.json.JsonFile;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Converts a conversation to one instruction: the last assistant turn is the output, the user turn before it the
 * instruction, the turns before that its history; what follows the output is ignored. Turns of one role that follow one
 * another are joined by an empty line. An assistant turn before the first user turn is left out.
 */
final class Dialogue {
    private final String place;
    private final String name;
    private final ReadingCounts counts;

    Dialogue(String place, String name, ReadingCounts counts) {
        this.place = place;
        this.name = name;
        this.counts = counts;
    }

    /** The instruction, or empty if the conversation was skipped and counted. */
    Optional<Instruction> read(JsonArray messages, String task, String systemText) {
        List<Turn> turns = new ArrayList<>();
        if (!systemText.isBlank()) {
            turns.add(Turn.system(systemText));
        }
        for (int i = 0; i < messages.size(); i++) {
            Optional<Turn> turn = turn(name + "[" + i + "]", messages.get(i));
            if (turn.isEmpty()) {
                return Optional.empty();
            }
            turns.add(turn.get());
        }
        boolean system = !turns.isEmpty() && turns.get(0).role() == Role.SYSTEM;
        int last = turns.size() - 1;
        while (last >= 0 && turns.get(last).role() != Role.ASSISTANT) {
            last--;
        }
        if (last < 0) {
            return skip("without an assistant turn");
        }
        List<Turn> said = turns.subList(system ? 1 : 0, last + 1);
        if (said.stream().anyMatch(turn -> turn.role() == Role.SYSTEM)) {
            return skip("with a system message after the first turn");
        }
        List<Turn> history = joined(said);
        boolean opened = history.get(0).role() == Role.ASSISTANT;
        if (opened) {
            history.remove(0);
        }
        if (history.isEmpty()) {
            return skip("without a user turn before the last answer");
        }
        String output = history.remove(history.size() - 1).text();
        String asked = history.remove(history.size() - 1).text();
        if (!output.isBlank()) {
            counts.conversation(!history.isEmpty(), opened);
        }
        if (system && !turns.get(0).text().isBlank()) {
            history.add(0, turns.get(0));
        }
        return Optional.of(new Instruction(asked, "", output, task, history));
    }

    private static List<Turn> joined(List<Turn> turns) {
        List<Turn> joined = new ArrayList<>();
        for (Turn turn : turns) {
            int end = joined.size() - 1;
            if (end >= 0 && joined.get(end).role() == turn.role()) {
                joined.set(end, new Turn(turn.role(), joined.get(end).text() + "\n\n" + turn.text()));
            } else {
                joined.add(turn);
            }
        }
        return joined;
    }

    private Optional<Turn> turn(String which, JsonElement element) {
        if (!(element instanceof JsonObject message)) {
            throw new FedHdsException(place + ": " + which + " must be {role, content} or {from, value}, was "
                    + JsonFile.shorten(element));
        }
        String roleKey = message.has("role") || !message.has("from") ? "role" : "from";
        String textKey = message.has("content") || !message.has("value") ? "content" : "value";
        String roleName = JsonText.of(place, which + "." + roleKey, message.get(roleKey));
        Role role = switch (roleName.toLowerCase(Locale.ROOT)) {
            case "system", "developer" -> Role.SYSTEM;
            case "user", "human" -> Role.USER;
            case "assistant", "gpt", "chatgpt", "model", "bot" -> Role.ASSISTANT;
            default -> null;
        };
        if (role == null) {
            skip("with a role other than system, user and assistant");
            return Optional.empty();
        }
        JsonElement content = message.get(textKey);
        if (content instanceof JsonArray parts) {
            return parts(which + "." + textKey, parts).map(text -> new Turn(role, text));
        }
        boolean empty = content != null && content.isJsonNull();
        return Optional.of(new Turn(role, empty ? "" : JsonText.of(place, which + "." + textKey, content)));
    }

    /** The texts of a content in parts, as {@code [{"type": "text", "text": "..."}]}. */
    private Optional<String> parts(String which, JsonArray parts) {
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < parts.size(); i++) {
            if (!(parts.get(i) instanceof JsonObject part) || !part.has("text")) {
                skip("with content other than text");
                return Optional.empty();
            }
            texts.add(JsonText.of(place, which + "[" + i + "].text", part.get("text")));
        }
        return Optional.of(String.join("\n", texts));
    }

    private Optional<Instruction> skip(String what) {
        counts.skip("conversation " + what);
        return Optional.empty();
    }
}
