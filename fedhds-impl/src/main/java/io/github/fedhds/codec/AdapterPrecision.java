package io.github.fedhds.codec;

/** How a message holds the numbers of an adapter. A reader sees which it is; only the writer chooses. */
public enum AdapterPrecision {
    /** Every bit, 4 bytes a number. */
    FLOAT32,
    /**
     * IEEE half precision, 2 bytes a number. Not bfloat16, which errs 8 times as much at equal size: what it would give
     * for that, a range to 1e38, no adapter needs. A value is off by at most its 2,048th part, or by 3e-8 where it is below
     * 6e-5; one of 65,520 or more is an error.
     */
    FLOAT16,
    /**
     * Whole numbers from -127 to 127, times a scale for every 64 numbers in a row: 1.06 bytes a
     * number. A value is off by at most the 254th part of the largest in its block.
     *
     * @see <a href="https://arxiv.org/abs/2110.02861">Dettmers et al. 2022, section 2.1 (blockwise scales by the largest
     *     value; here with even steps)</a>
     */
    INT8
}
