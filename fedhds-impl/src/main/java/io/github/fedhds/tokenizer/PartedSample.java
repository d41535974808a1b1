package io.github.fedhds.tokenizer;

import java.util.Arrays;

/**
 * A sample's tokens and where its parts lie, each {@code {from, to}}.
 *
 * @param ids prompt, answer and EOS id
 * @param instruction of the prompt; may be empty
 * @param answer with the EOS id
 */
public record PartedSample(int[] ids, int[] instruction, int[] answer) {
    public int[][] spans() {
        return new int[][] {instruction, answer};
    }

    /** What the instruction's states come from, as attention looks back only: the tokens up to its end. */
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
