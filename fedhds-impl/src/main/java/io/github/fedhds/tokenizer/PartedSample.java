package io.github.fedhds.tokenizer;

import java.util.Arrays;

/**
 * A sample's tokens and the spans of its parts, each {@code {from, to}}.
 *
 * @param ids prompt, answer and EOS id
 * @param instruction span of the instruction in the prompt; may be empty
 * @param answer span of the answer with the EOS id
 */
public record PartedSample(int[] ids, int[] instruction, int[] answer) {
    public int[][] spans() {
        return new int[][] {instruction, answer};
    }

    /** The tokens up to the end of the instruction; with causal attention its states depend only on them. */
    public PartedSample throughInstruction() {
        return new PartedSample(Arrays.copyOf(ids, instruction[1]), instruction, new int[2]);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof PartedSample that
                && Arrays.equals(ids, that.ids)
                && Arrays.equals(instruction, that.instruction)
                && Arrays.equals(answer, that.answer);
    }

    @Override
    public int hashCode() {
        return 31 * (31 * Arrays.hashCode(ids) + Arrays.hashCode(instruction)) + Arrays.hashCode(answer);
    }
}
