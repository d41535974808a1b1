package io.github.fedhds.model;

/** How the blocks of a decoder are built, where families differ in more than {@link AttentionForm} says. */
public enum Family {
    /** LLaMA and its kin (Mistral, Qwen): root-mean-square norms, rotary positions, a gated feed-forward network. */
    LLAMA,
    /** GPT-2: layer norms with biases, learned positions, a feed-forward network with GELU, weights as [in, out]. */
    GPT2
}
