package io.github.fedhds.internal.safetensors;

/**
 * Conversions between the two 16-bit floating-point types and float. To float they are exact. From float or double they
 * round once, to nearest, ties to even; too large values become infinite, NaN stays NaN.
 *
 * @see <a href="https://ieeexplore.ieee.org/document/8766229">IEEE 754-2019, section 4.3.1</a>
 */
public final class HalfFloats {
    /** The largest finite number in F16. */
    public static final float MAX_F16 = 65504f;

    private HalfFloats() {}

    /** F16 (1 sign, 5 exponent, 10 fraction bits) to float. */
    public static float fromF16(short bits) {
        int sign = (bits & 0x8000) << 16;
        int exponent = (bits >> 10) & 0x1f;
        int fraction = bits & 0x3ff;
        if (exponent == 0x1f) {
            return Float.intBitsToFloat(sign | 0x7f800000 | fraction << 13);
        }
        if (exponent == 0) { // zero and subnormals: fraction * 2^-24, exact in float
            float value = fraction * 0x1p-24f;
            return sign == 0 ? value : -value;
        }
        return Float.intBitsToFloat(sign | (exponent + 112) << 23 | fraction << 13);
    }

    /** Float to F16. */
    public static short toF16(float value) {
        int bits = Float.floatToRawIntBits(value);
        int sign = (bits >>> 16) & 0x8000;
        int magnitude = bits & 0x7fffffff;
        if (magnitude > 0x7f800000) { // NaN: sets the quiet bit, so that a truncated payload cannot give infinity
            return (short) (sign | 0x7e00 | ((magnitude >> 13) & 0x3ff));
        }
        if (magnitude >= 0x477ff000) { // from halfway between 65504 and 2^16, and infinity
            return (short) (sign | 0x7c00);
        }
        if (magnitude < 0x38800000) { // below 2^-14: a multiple of 2^-24; rint rounds half to even
            return (short) (sign | (int) Math.rint(Float.intBitsToFloat(magnitude) * 0x1p24));
        }
        int kept = magnitude - (112 << 23);
        return (short) (sign | (kept + 0xfff + ((kept >> 13) & 1)) >> 13);
    }

    /** BF16 (the upper half of a float) to float. */
    public static float fromBf16(short bits) {
        return Float.intBitsToFloat(bits << 16);
    }

    /** Float to BF16. */
    public static short toBf16(float value) {
        int bits = Float.floatToRawIntBits(value);
        if ((bits & 0x7fffffff) > 0x7f800000) {
            return (short) (bits >>> 16 | 0x40);
        }
        return (short) ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16);
    }

    /** Double to F16, rounded once. */
    public static short toF16(double value) {
        return toF16(toOdd(value));
    }

    /** Double to BF16, rounded once. */
    public static short toBf16(double value) {
        return toBf16(toOdd(value));
    }

    /**
     * Rounds to odd: the float next to the double towards zero, with its last bit set if it is not exact. Rounding this
     * to a type with at least two bits less gives the same result as rounding the double once.
     *
     * @see <a href="https://hal.inria.fr/inria-00080427v2">Boldo, Melquiond 2008, When double rounding is odd</a>
     */
    private static float toOdd(double value) {
        float nearest = (float) value;
        if (nearest == value || Double.isNaN(value)) {
            return nearest;
        }
        int bits = Float.floatToRawIntBits(nearest);
        int towardsZero = Math.abs((double) nearest) > Math.abs(value) ? bits - 1 : bits;
        return Float.intBitsToFloat(towardsZero | 1);
    }
}
