package io.github.fedhds.instruction;

import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * One private sample: instruction, input and expected output, and the turns of the conversation before them. Absent parts
 * are empty strings.
 *
 * @param instruction the request; in a conversation, the last turn of the user
 * @param input the text that the request refers to; empty if it needs none
 * @param output the expected answer
 * @param task name of its task or category, for reports; neither the model nor a selector uses it
 * @param history the turns before the instruction: an optional system turn, then user and assistant in turn, the last the
 *     assistant's; empty for a sample of one turn
 */
public record Instruction(String instruction, String input, String output, String task, List<Turn> history) {
    /** @throws IllegalArgumentException if the turns are in another order; the message names the first that is wrong */
    public Instruction {
        require(instruction, "instruction");
        require(input, "input");
        require(output, "output");
        require(task, "task");
        Objects.requireNonNull(
                history, "the history of an instruction is null; use an empty list for a sample of one turn");
        history = List.copyOf(history);
        checkOrder(history);
    }

    private static void require(@Nullable String part, String name) {
        Objects.requireNonNull(
                part,
                () -> "the " + name + " of an instruction is null; use an empty string for a part that is absent");
    }

    private static void checkOrder(List<Turn> history) {
        int first = startsWithSystem(history) ? 1 : 0;
        for (int i = first; i < history.size(); i++) {
            Turn.Role expected = (i - first) % 2 == 0 ? Turn.Role.USER : Turn.Role.ASSISTANT;
            if (history.get(i).role() != expected) {
                throw new IllegalArgumentException("turn " + (i + 1) + " of the history must be of role " + expected
                        + ", was " + history.get(i).role());
            }
        }
        if ((history.size() - first) % 2 == 1) {
            throw new IllegalArgumentException(
                    "the history must end with a turn of role ASSISTANT, was USER; the user's last turn is the instruction");
        }
    }

    private static boolean startsWithSystem(List<Turn> history) {
        return !history.isEmpty() && history.get(0).role() == Turn.Role.SYSTEM;
    }

    /** A sample of one turn. */
    public Instruction(String instruction, String input, String output, String task) {
        this(instruction, input, output, task, List.of());
    }

    /** A sample of one turn without a task name. */
    public Instruction(String instruction, String input, String output) {
        this(instruction, input, output, "");
    }

    /** This sample with another input. */
    public Instruction withInput(String newInput) {
        return new Instruction(instruction, newInput, output, task, history);
    }

    /** This sample with another instruction. */
    public Instruction withInstruction(String newInstruction) {
        return new Instruction(newInstruction, input, output, task, history);
    }

    /** This sample with another task name. */
    public Instruction withTask(String newTask) {
        return new Instruction(instruction, input, output, newTask, history);
    }

    /** This sample with other turns before it. */
    public Instruction withHistory(List<Turn> newHistory) {
        return new Instruction(instruction, input, output, task, newHistory);
    }

    /**
     * This sample without a history, for a prompt template without turns: the instruction begins with the system's text
     * and an empty line, and has the earlier turns as plain text, {@code User: ...} and {@code Assistant: ...}.
     */
    public Instruction withoutTurns() {
        if (history.isEmpty()) {
            return this;
        }
        boolean system = startsWithSystem(history);
        List<Turn> said = history.subList(system ? 1 : 0, history.size());
        String earlier = said.stream()
                .map(turn -> (turn.role() == Turn.Role.USER ? "User: " : "Assistant: ") + turn.text() + "\n")
                .collect(Collectors.joining());
        String head =
                system && !history.get(0).text().isBlank() ? history.get(0).text() + "\n\n" : "";
        String asked = said.isEmpty() ? instruction : earlier + "User: " + instruction;
        return new Instruction(head + asked, input, output, task);
    }
}
