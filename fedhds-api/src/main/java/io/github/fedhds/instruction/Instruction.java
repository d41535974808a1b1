package io.github.fedhds.instruction;

/**
 * One private sample: instruction, input and expected output. Absent parts are empty strings.
 *
 * @param instruction the request
 * @param input the text that the request refers to; empty if it needs none
 * @param output the expected answer
 * @param task name of its task or category, for reports; neither the model nor a selector uses it
 */
public record Instruction(String instruction, String input, String output, String task) {
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
