package io.github.fedhds.model;

/**
 * The type of a decoder's matrix products. Adapters, norms, rotary embeddings, the states between layers and losses are
 * always float32.
 */
public enum Precision {
    /** 32 bits: agrees with the reference implementation to 1e-4. */
    FLOAT32,
    /**
     * Factors of 16 bits with float32's range: half the memory, several times faster if the processor supports it.
     * Features differ by some tenths of a percent. In texts up to 512 tokens the products of attention have this type
     * too.
     */
    BFLOAT16
}
