package io.github.fedhds.features;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Random;
import org.junit.jupiter.api.Test;

class LayerScalingTest {
    private static float[] scaled(LayerScaling scaling, int width, float... row) {
        float[] copy = row.clone();
        scaling.scale(copy, width);
        return copy;
    }

    @Test
    void scale_byHand_dividesEachBlockByItsOwnNorm() {
        float[] row = {3, -4, 0, 900, -0f, 0, 5, 12};
        assertArrayEquals(
                new float[] {0.6f, -0.8f, 0, 1, 0, 0, 5f / 13, 12f / 13},
                scaled(LayerScaling.UNIT_LENGTH, 2, row),
                1e-7f);
        assertArrayEquals(row, scaled(LayerScaling.NONE, 2, row));
        assertEquals(0, scaled(LayerScaling.UNIT_LENGTH, 3).length);
    }

    @Test
    void scale_largestAndSmallestFloats_giveUnitLength() {
        for (float value : new float[] {Float.MAX_VALUE, Float.MIN_VALUE}) {
            float side = (float) Math.sqrt(0.5);
            assertArrayEquals(
                    new float[] {side, -side}, scaled(LayerScaling.UNIT_LENGTH, 2, value, -value), 1e-7f, "" + value);
        }
    }

    /** Found later, by the check of all features, which names the instruction. */
    @Test
    void scale_nonFiniteBlock_staysNonFiniteAndLeavesTheOthers() {
        for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
            float[] row = scaled(LayerScaling.UNIT_LENGTH, 2, bad, 1, 0, 2);
            assertEquals(Float.NaN, row[0], "" + bad);
            assertEquals(1, row[3]);
        }
    }

    @Test
    void scale_anyRow_givesBlocksOfLengthOneWhateverTheirScale() {
        for (int seed = 0; seed < 50; seed++) {
            Random random = new Random(seed);
            int width = 1 + random.nextInt(40);
            int blocks = 1 + random.nextInt(9);
            float[] row = new float[width * blocks];
            float[] larger = new float[row.length];
            for (int block = 0; block < blocks; block++) {
                double factor = Math.pow(10, random.nextInt(12) - 6);
                for (int i = block * width; i < (block + 1) * width; i++) {
                    row[i] = (float) random.nextGaussian();
                    larger[i] = (float) (factor * row[i]);
                }
            }
            float[] unit = scaled(LayerScaling.UNIT_LENGTH, width, row);
            assertArrayEquals(unit, scaled(LayerScaling.UNIT_LENGTH, width, larger), 3e-7f, "seed " + seed);
            assertArrayEquals(unit, scaled(LayerScaling.UNIT_LENGTH, width, unit), 3e-7f, "seed " + seed);
            for (int block = 0; block < blocks; block++) {
                double squares = 0;
                for (int i = block * width; i < (block + 1) * width; i++) {
                    squares += (double) unit[i] * unit[i];
                }
                assertEquals(1, squares, 1e-6, "seed " + seed);
            }
        }
    }
}
