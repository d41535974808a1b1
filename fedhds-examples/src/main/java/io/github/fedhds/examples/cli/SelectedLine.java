package io.github.fedhds.examples.cli;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.instruction.Turn;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * A selected instruction as a line of JSON that data files may have.
 *
 * @param client name of the client that holds it
 * @param group number of its group among those of the client
 */
record SelectedLine(Instruction instruction, String client, int group) {
    private static final Gson GSON = new GsonBuilder().disableHtmlEscaping().create();

    /** Keys instruction, input and output, or messages if there are earlier turns; then task, client and group. */
    String json() {
        Map<String, Object> line = new LinkedHashMap<>();
        if (instruction.history().isEmpty()) {
            line.put("instruction", instruction.instruction());
            line.put("input", instruction.input());
            line.put("output", instruction.output());
        } else {
            line.put("messages", messages());
        }
        line.put("task", instruction.task());
        line.put("client", client);
        line.put("group", group);
        return GSON.toJson(line);
    }

    private List<Map<String, String>> messages() {
        List<Turn> turns = new ArrayList<>(instruction.history());
        String input = instruction.input();
        turns.add(Turn.user(instruction.instruction() + (input.isEmpty() ? "" : "\n\n" + input)));
        turns.add(Turn.assistant(instruction.output()));
        List<Map<String, String>> messages = new ArrayList<>();
        for (Turn turn : turns) {
            Map<String, String> message = new LinkedHashMap<>();
            message.put("role", turn.role().name().toLowerCase(Locale.ROOT));
            message.put("content", turn.text());
            messages.add(message);
        }
        return messages;
    }
}
