package io.github.fedhds.transformer;

/** The type in which matrix products of a decoder run; sums, norms and attention are float32 always. */
public enum Precision {
    /** 32 bits: agrees with the reference to 1e-4. */
    FLOAT32,
    /** Factors rounded to 16 bits with float32's range; several times as fast where the processor has it. */
    BFLOAT16
}
