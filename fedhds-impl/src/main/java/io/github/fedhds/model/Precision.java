package io.github.fedhds.model;

/**
 * The type in which matrix products of a decoder run. Adapters, norms, rotary turns, the states between layers and losses
 * are float32 always.
 */
public enum Precision {
    /** 32 bits: agrees with the reference to 1e-4. */
    FLOAT32,
    /**
     * Factors of 16 bits with float32's range: half the memory, several times as fast where the processor has it. Features
     * are off by some tenths of a percent. In texts up to 512 tokens the products of attention are of this type too.
     */
    BFLOAT16
}
