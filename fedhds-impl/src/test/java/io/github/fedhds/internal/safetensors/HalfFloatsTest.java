package io.github.fedhds.internal.safetensors;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigDecimal;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class HalfFloatsTest {
    /** The definition of IEEE 754, straight. */
    private static double f16ByDefinition(int bits) {
        int sign = bits >> 15 == 0 ? 1 : -1;
        int exponent = bits >> 10 & 31;
        int fraction = bits & 1023;
        if (exponent == 31) {
            return fraction == 0 ? sign * Double.POSITIVE_INFINITY : Double.NaN;
        }
        return sign
                * (exponent == 0 ? fraction * Math.pow(2, -24) : (1 + fraction / 1024.0) * Math.pow(2, exponent - 15));
    }

    @Test
    void fromF16_everyPattern_isByDefinition() {
        for (int bits = 0; bits < 0x10000; bits++) {
            double expected = f16ByDefinition(bits);
            assertEquals((float) expected, HalfFloats.fromF16((short) bits), Integer.toHexString(bits));
        }
    }

    @Test
    void toF16_everyPattern_comesBack() {
        for (int bits = 0; bits < 0x10000; bits++) {
            float value = HalfFloats.fromF16((short) bits);
            short back = HalfFloats.toF16(value);
            if (Float.isNaN(value)) {
                assertTrue(Float.isNaN(HalfFloats.fromF16(back)), Integer.toHexString(bits));
            } else {
                assertEquals((short) bits, back, Integer.toHexString(bits));
            }
        }
    }

    @Test
    void bf16_everyPattern_isTheUpperHalf() {
        for (int bits = 0; bits < 0x10000; bits++) {
            float value = HalfFloats.fromBf16((short) bits);
            assertEquals(bits << 16, Float.floatToRawIntBits(value));
            short back = HalfFloats.toBf16(value);
            if (Float.isNaN(value)) {
                assertTrue(Float.isNaN(HalfFloats.fromBf16(back)), Integer.toHexString(bits));
            } else {
                assertEquals((short) bits, back, Integer.toHexString(bits));
            }
        }
    }

    @Test
    void toF16_betweenEveryTwoNeighbours_roundsToTheNearestAndTiesToEven() {
        for (int bits = 0; bits < 0x7bff; bits++) {
            float low = HalfFloats.fromF16((short) bits);
            float high = HalfFloats.fromF16((short) (bits + 1));
            float middle = low + (high - low) / 2; // exact: float has 13 bits more
            int even = (bits & 1) == 0 ? bits : bits + 1;
            assertEquals((short) even, HalfFloats.toF16(middle));
            assertEquals((short) bits, HalfFloats.toF16(Math.nextDown(middle)));
            assertEquals((short) (bits + 1), HalfFloats.toF16(Math.nextUp(middle)));
            assertEquals((short) (even | 0x8000), HalfFloats.toF16(-middle));
        }
    }

    @Test
    void toBf16_betweenEveryTwoNeighbours_roundsToTheNearestAndTiesToEven() {
        for (int bits = 0; bits < 0x7f7f; bits++) {
            float middle = Float.intBitsToFloat(bits << 16 | 0x8000);
            int even = (bits & 1) == 0 ? bits : bits + 1;
            assertEquals((short) even, HalfFloats.toBf16(middle));
            assertEquals((short) bits, HalfFloats.toBf16(Math.nextDown(middle)));
            assertEquals((short) (bits + 1), HalfFloats.toBf16(Math.nextUp(middle)));
        }
    }

    @Test
    void toF16_atTheEdges_goesToInfinityFromHalfwayOn() {
        assertEquals(0x7bff, HalfFloats.toF16(HalfFloats.MAX_F16));
        assertEquals(0x7bff, HalfFloats.toF16(Math.nextDown(65520f)));
        assertEquals(0x7c00, HalfFloats.toF16(65520f));
        assertEquals(0x7c00, HalfFloats.toF16(Float.MAX_VALUE));
        assertEquals((short) 0xfc00, HalfFloats.toF16(Float.NEGATIVE_INFINITY));
        assertEquals(0, HalfFloats.toF16(0x1p-25f)); // half of the least: ties to even, which is 0
        assertEquals(1, HalfFloats.toF16(Math.nextUp(0x1p-25f)));
        assertEquals((short) 0x8000, HalfFloats.toF16(-Float.MIN_VALUE));
        assertEquals(0x7f80, HalfFloats.toBf16(Float.MAX_VALUE));
    }

    @Test
    void toF16_randomFloats_errorIsAtMostHalfAStep() {
        SplittableRandom random = new SplittableRandom(16);
        for (int i = 0; i < 200_000; i++) {
            float value = Float.intBitsToFloat(random.nextInt());
            if (!(Math.abs(value) < 65504)) {
                continue;
            }
            float back = HalfFloats.fromF16(HalfFloats.toF16(value));
            float step = Math.max(0x1p-24f, Math.ulp(back) * 0x1p13f);
            BigDecimal error =
                    new BigDecimal(value).subtract(new BigDecimal(back)).abs();
            assertTrue(error.compareTo(new BigDecimal(step / 2)) <= 0, () -> value + " became " + back);
        }
    }

    /** Doubles so near a tie that a float would fall onto it: rounding twice would go wrong. */
    @Test
    void fromDouble_besideEveryTie_roundsOnce() {
        for (int bits = 0; bits < 0x7f7f; bits++) {
            double low = HalfFloats.fromBf16((short) bits);
            double high = HalfFloats.fromBf16((short) (bits + 1));
            double tie = (low + high) / 2;
            assertEquals((short) (bits + (bits & 1)), HalfFloats.toBf16(tie));
            assertEquals((short) bits, HalfFloats.toBf16(Math.nextDown(tie)));
            assertEquals((short) (bits + 1), HalfFloats.toBf16(Math.nextUp(tie)));
            assertEquals((short) (bits + 1 | 0x8000), HalfFloats.toBf16(-Math.nextUp(tie)));
            assertEquals((short) bits, HalfFloats.toBf16(low));
        }
        for (int bits = 0; bits < 0x7bff; bits++) {
            double low = HalfFloats.fromF16((short) bits);
            double tie = (low + HalfFloats.fromF16((short) (bits + 1))) / 2;
            assertEquals((short) (bits + (bits & 1)), HalfFloats.toF16(tie));
            assertEquals((short) bits, HalfFloats.toF16(Math.nextDown(tie)));
            assertEquals((short) (bits + 1), HalfFloats.toF16(Math.nextUp(tie)));
        }
        assertTrue(Float.isNaN(HalfFloats.fromBf16(HalfFloats.toBf16(Double.NaN))));
    }

    /** The bound is the least value that becomes infinite. */
    @Test
    void holds_everyFloatingType_isFalseFromTheBoundOn() {
        assertEquals(0x7bff, HalfFloats.toF16(Math.nextDown(65520.0)));
        assertEquals(0x7c00, HalfFloats.toF16(65520.0));
        assertEquals(0x7f7f, HalfFloats.toBf16(Math.nextDown(0x1.ffp127)));
        assertEquals(0x7f80, HalfFloats.toBf16(0x1.ffp127));
        assertEquals(0x7f80, HalfFloats.toBf16(1e300));
        assertEquals(Float.MAX_VALUE, (float) Math.nextDown(0x1.ffffffp127));
        assertEquals(Float.POSITIVE_INFINITY, (float) 0x1.ffffffp127);
        double[] bounds = {65520, 0x1.ffp127, 0x1.ffffffp127};
        Dtype[] types = {Dtype.F16, Dtype.BF16, Dtype.F32};
        for (int i = 0; i < types.length; i++) {
            assertTrue(types[i].holds(-Math.nextDown(bounds[i])));
            assertFalse(types[i].holds(-bounds[i]));
            assertTrue(types[i].holds(Double.NEGATIVE_INFINITY) && types[i].holds(Double.NaN));
        }
        assertTrue(Dtype.F64.holds(Double.MAX_VALUE));
        assertThrows(IllegalArgumentException.class, () -> Dtype.I8.holds(0));
    }
}
