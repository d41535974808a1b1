package io.github.fedhds.transformer;

/**
 * A sample's tokens and where its parts lie, each {@code {from, to}}.
 *
 * @param ids prompt, answer and end-of-text
 * @param instruction of the prompt; may be empty
 * @param answer with the end-of-text
 */
record PartedSample(int[] ids, int[] instruction, int[] answer) {
    int[][] spans() {
        return new int[][] {instruction, answer};
    }
}
