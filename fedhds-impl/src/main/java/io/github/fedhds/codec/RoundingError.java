package io.github.fedhds.codec;

/**
 * Rounding error of an adapter that is written with fewer bits.
 *
 * @param largest largest absolute error of a value, in the unit of the values
 * @param relative norm of the errors divided by the norm of the values; 0 if all values are 0
 */
public record RoundingError(double largest, double relative) {
    /** No error. */
    public static final RoundingError NONE = new RoundingError(0, 0);
}
