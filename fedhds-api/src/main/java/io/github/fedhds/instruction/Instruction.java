package io.github.fedhds.instruction;

/**
 * One private sample: what is asked, what about, and the wanted answer. Empty strings stand for absent parts.
 *
 * @param instruction the request
 * @param input what the request is about; empty where it needs none
 * @param output the wanted answer
 * @param task name of the task or category it belongs to; never shown to the model nor to a selector's choice
 */
public record Instruction(String instruction, String input, String output, String task) {
    /** A sample without a task name. */
    public Instruction(String instruction, String input, String output) {
        this(instruction, input, output, "");
    }

    /** The same sample about another input. */
    public Instruction withInput(String newInput) {
        return new Instruction(instruction, newInput, output, task);
    }

    /** The same sample with another request. */
    public Instruction withInstruction(String newInstruction) {
        return new Instruction(newInstruction, input, output, task);
    }
}
