package io.github.fedhds.model;

/** Architecture of a decoder's blocks, where families differ beyond {@link AttentionForm}. */
public enum Family {
    /** LLaMA, Mistral and Qwen: root-mean-square norms, rotary positions, a gated feed-forward network. */
    LLAMA,
    /** GPT-2: layer norms with biases, learned positions, a feed-forward network with GELU, weights as [in, out]. */
    GPT2
}
