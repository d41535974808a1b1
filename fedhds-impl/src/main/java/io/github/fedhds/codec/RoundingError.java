package io.github.fedhds.codec;

/**
 * What an adapter lost when it was written with fewer bits.
 *
 * @param largest largest difference of a value, in the values' own unit
 * @param relative root of the summed squared differences by the root of the summed squared values; 0 where all are 0
 */
public record RoundingError(double largest, double relative) {
    /** Nothing was lost. */
    public static final RoundingError NONE = new RoundingError(0, 0);
}
