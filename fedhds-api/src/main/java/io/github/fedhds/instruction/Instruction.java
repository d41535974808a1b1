package io.github.fedhds.instruction;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One private sample: instruction, input and expected output. Absent parts are empty strings.
 *
 * @param instruction the request
 * @param input the text that the request refers to; empty if it needs none
 * @param output the expected answer
 * @param task name of its task or category, for reports; neither the model nor a selector uses it
 */
public record Instruction(String instruction, String input, String output, String task) {
    public Instruction {
        require(instruction, "instruction");
        require(input, "input");
        require(output, "output");
        require(task, "task");
    }

    private static void require(@Nullable String part, String name) {
        Objects.requireNonNull(
                part,
                () -> "the " + name + " of an instruction is null; use an empty string for a part that is absent");
    }

    /** A sample without a task name. */
    public Instruction(String instruction, String input, String output) {
        this(instruction, input, output, "");
    }

    /** This sample with another input. */
    public Instruction withInput(String newInput) {
        return new Instruction(instruction, newInput, output, task);
    }

    /** This sample with another instruction. */
    public Instruction withInstruction(String newInstruction) {
        return new Instruction(newInstruction, input, output, task);
    }
}
