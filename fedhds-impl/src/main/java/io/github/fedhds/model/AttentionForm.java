package io.github.fedhds.model;

/**
 * The differences of a family's attention from LLaMA's.
 *
 * @param inputBias true if the query, key and value projections have biases
 * @param outputBias true if the output projection of the attention has a bias
 * @param headNorm true if queries and keys are normalized per head, before the rotary embedding
 * @param window number of tokens that a token attends to, including itself; 0 for all tokens before it
 * @see <a href="https://arxiv.org/abs/2310.06825">Mistral 7B, section 2: sliding window</a>
 * @see <a href="https://arxiv.org/abs/2407.10671">Qwen2, section 2.2.1: biases</a>
 * @see <a href="https://arxiv.org/abs/2505.09388">Qwen3, section 2: norms</a>
 */
public record AttentionForm(boolean inputBias, boolean outputBias, boolean headNorm, int window) {
    public AttentionForm {
        if (window < 0) {
            throw new IllegalArgumentException("sliding_window must be 1 or more, or null for none, was " + window);
        }
    }
}
