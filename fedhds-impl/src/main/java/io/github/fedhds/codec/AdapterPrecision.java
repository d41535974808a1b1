package io.github.fedhds.codec;

/** Number type of an adapter in a message. The writer chooses it; a reader detects it. */
public enum AdapterPrecision {
    /** Exact, 4 bytes per number. */
    FLOAT32,
    /**
     * IEEE half precision, 2 bytes per number. bfloat16 has the same size and 8 times the error; its range to 1e38 is
     * not needed for adapters. The error of a value is at most 1/2,048 of it, or 3e-8 for values below 6e-5; a value of
     * 65,520 or more throws an exception.
     */
    FLOAT16,
    /**
     * Integers from -127 to 127, times one scale per block of 64 consecutive numbers: 1.06 bytes per number. The error
     * of a value is at most 1/254 of the largest value in its block.
     *
     * @see <a href="https://arxiv.org/abs/2110.02861">Dettmers et al. 2022, section 2.1 (blockwise scales by the
     *     largest value; here with even steps)</a>
     */
    INT8
}
