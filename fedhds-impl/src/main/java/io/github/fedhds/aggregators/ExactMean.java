package io.github.fedhds.aggregators;

import io.github.fedhds.adapter.Tensor;

/**
 * Weighted mean of tensors of equal shape, exact except for one rounding at the end. Each value times its weight is an
 * integer multiple of 2<sup>-149</sup>, the smallest positive float. The sum of these integers is stored in digits of
 * 32 bits, in one array of long per digit position in use. Integer addition is associative, so the order of the
 * tensors changes no bit, and no finite float is too large or too small. The mean is the float nearest to the exact
 * mean (ties to even).
 *
 * <p>Memory: 8 bytes per value and digit position in use; usually 3 positions (values from 1e-9 to 1,000), at most 10.
 * Up to 2<sup>31</sup> tensors with weights from 1 to 2<sup>31</sup> - 1. For one thread.
 */
final class ExactMean {
    private static final int PLACES = 10; // 2^-149 to 2^171: floats reach 2^128, times weights below 2^31
    private static final int LEAST_EXPONENT = -149;
    private static final long DIGIT = 0xffffffffL;
    private static final double SAFETY = 0x1p-49; // above the relative error of the double quotient, see nearest

    private final int size;
    private final long[][] digits = new long[PLACES][]; // an empty array where no value has touched the place
    private long totalWeight;

    ExactMean(int size) {
        this.size = size;
        for (int place = 0; place < PLACES; place++) {
            digits[place] = new long[0];
        }
    }

    /** Adds a tensor of finite values, multiplied by the weight. */
    void add(Tensor tensor, int weight) {
        totalWeight += weight;
        for (int i = 0; i < size; i++) {
            int bits = Float.floatToRawIntBits(tensor.get(i));
            long mantissa = mantissa(bits);
            if (mantissa != 0) {
                add(i, mantissa * weight, shift(bits), bits < 0);
            }
        }
    }

    /** Adds product * 2^shift; the product has up to 55 bits, so it spans up to three digits. */
    private void add(int i, long product, int shift, boolean negative) {
        int place = shift >>> 5;
        int rest = shift & 31;
        put(place, i, product << rest & DIGIT, negative);
        put(place + 1, i, product >>> (32 - rest) & DIGIT, negative);
        put(place + 2, i, product >>> 32 >>> (32 - rest), negative);
    }

    private void put(int place, int i, long digit, boolean negative) {
        if (digit != 0) {
            if (digits[place].length == 0) {
                digits[place] = new long[size];
            }
            digits[place][i] += negative ? -digit : digit;
        }
    }

    /** The mean; needs at least one tensor. */
    float[] mean() {
        float[] means = new float[size];
        long[] number = new long[PLACES + 1];
        for (int i = 0; i < size; i++) {
            means[i] = mean(i, number);
        }
        return means;
    }

    private float mean(int i, long[] number) {
        for (int place = 0; place < PLACES; place++) {
            number[place] = digits[place].length == 0 ? 0 : digits[place][i];
        }
        number[PLACES] = 0;
        carry(number);
        boolean negative = number[PLACES] < 0;
        if (negative) {
            for (int place = 0; place <= PLACES; place++) {
                number[place] = -number[place];
            }
            carry(number);
        }
        float magnitude = nearest(number);
        return negative ? -magnitude : magnitude;
    }

    /** Normalizes every digit except the last to 0..2^32 - 1; the last digit then holds the sign. */
    private static void carry(long[] number) {
        for (int place = 0; place < number.length - 1; place++) {
            number[place + 1] += number[place] >> 32;
            number[place] &= DIGIT;
        }
    }

    /**
     * Divides by the weights and rounds once. The relative error of the quotient in double is below 2^-50 (three
     * digits of 32 bits hold at least 65 bits of the number; their sum rounds twice by 2^-53, weight and division once
     * each). Unless the midpoint of two floats is that close, it rounds to the same float as the exact mean; otherwise
     * the exact mean is compared with the midpoint.
     */
    private float nearest(long[] number) {
        int top = number.length - 1;
        while (top >= 0 && number[top] == 0) {
            top--;
        }
        if (top < 0) {
            return 0;
        }
        double sum = 0;
        for (int place = Math.max(0, top - 2); place <= top; place++) {
            sum += Math.scalb((double) number[place], 32 * place + LEAST_EXPONENT);
        }
        double quotient = sum / totalWeight;
        float low = (float) (quotient * (1 - SAFETY));
        float high = (float) (quotient * (1 + SAFETY));
        return low == high ? low : nearer(low, high, number);
    }

    /**
     * The nearer of two neighbouring floats, from the sign of 2 sum - (low + high) weights, in integers. This is
     * common: with two clients of equal weight, every second mean is the midpoint of two floats.
     */
    private float nearer(float low, float high, long[] number) {
        int bits = Float.floatToRawIntBits(low);
        long middle = 2 * mantissa(bits) + 1; // low + high is middle * 2^(shift - 149)
        for (int place = 0; place < number.length; place++) {
            number[place] *= 2;
        }
        subtract(middle * (totalWeight & 0x7fffffff), shift(bits), number); // the weights in halves: 25 and 62 bits are
        subtract(middle * (totalWeight >>> 31), shift(bits) + 31, number); // too many for one product
        carry(number);
        int top = number.length - 1;
        if (number[top] < 0) {
            return low;
        }
        while (top >= 0 && number[top] == 0) {
            top--;
        }
        boolean tie = top < 0;
        return tie && (bits & 1) == 0 ? low : high;
    }

    /** Subtracts product * 2^shift; the product has up to 56 bits. */
    private static void subtract(long product, int shift, long[] number) {
        int place = shift >>> 5;
        int rest = shift & 31;
        number[place] -= product << rest & DIGIT;
        number[place + 1] -= product >>> (32 - rest) & DIGIT;
        number[place + 2] -= product >>> 32 >>> (32 - rest);
    }

    /** The absolute value of a float is mantissa * 2^(shift - 149). */
    private static long mantissa(int bits) {
        int fraction = bits & 0x7fffff;
        return (bits >>> 23 & 0xff) == 0 ? fraction : fraction | 0x800000;
    }

    private static int shift(int bits) {
        return Math.max(bits >>> 23 & 0xff, 1) - 1;
    }
}
