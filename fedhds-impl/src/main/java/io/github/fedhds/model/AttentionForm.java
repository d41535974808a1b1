package io.github.fedhds.model;

/**
 * Where the attention of a family departs from LLaMA's.
 *
 * @param inputBias true if the products that make queries, keys and values have biases
 * @param outputBias true if the product after the attention has one
 * @param headNorm true if queries and keys are normed over the head size, before the rotary embedding
 * @param window how many tokens one sees, itself among them; 0 if all before it
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
