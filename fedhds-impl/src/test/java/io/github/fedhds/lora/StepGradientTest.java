package io.github.fedhds.lora;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.tokenizer.EncodedSample;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** The slope here is that of a batch of one sample whose first token names loss and gradient: no model is needed. */
class StepGradientTest {
    private static final float INFINITE = Float.POSITIVE_INFINITY;

    private static List<EncodedSample> batch(int number, int answer) {
        int[] ids = new int[answer + 2];
        ids[0] = number;
        return List.of(new EncodedSample(ids, 2, false));
    }

    /** Batch i has the loss and the gradient of place i; one whose loss is not finite leaves the gradient alone. */
    private static StepGradient.Slope slope(float[] losses, float[][] gradients) {
        return (batch, values, seed, gradient) -> {
            int i = batch.get(0).ids()[0];
            if (Float.isFinite(losses[i])) {
                System.arraycopy(gradients[i], 0, gradient, 0, gradient.length);
            }
            return losses[i];
        };
    }

    private static final SplittableRandom MASKS = new SplittableRandom(1);

    @Test
    void compute_manyBatches_isTheMeanOverAnswerTokens() {
        StepGradient step = new StepGradient(
                slope(new float[] {1, 2, 4}, new float[][] {{8, 0}, {0, 8}, {4, -4}}),
                new float[2],
                0,
                Double.POSITIVE_INFINITY);
        for (int repeat = 0; repeat < 2; repeat++) { // nothing of a step stays for the next
            StepGradient.Computed computed =
                    step.compute(List.of(batch(0, 1), batch(1, 5), batch(2, 2)), new float[2], MASKS);
            assertEquals((1 + 5 * 2 + 2 * 4) / 8.0, computed.loss(), 1e-12);
            assertArrayEquals(new float[] {1 + 1, 5 - 1}, step.values());
            assertEquals(Math.sqrt(4 + 16), computed.norm(), 1e-12);
        }
        StepGradient.Computed alone = step.compute(List.of(batch(0, 3)), new float[2], MASKS);
        assertEquals(new StepGradient.Computed(1, 8), alone);
        assertArrayEquals(new float[] {8, 0}, step.values());
    }

    @Test
    void compute_batchWithoutAnswerToken_isPassedOver() {
        EncodedSample empty = new EncodedSample(new int[] {0}, 0, false); // no prompt: its one token is not predicted
        StepGradient step = new StepGradient(
                slope(new float[] {Float.NaN, 2}, new float[][] {{}, {3, 4}}),
                new float[2],
                0,
                Double.POSITIVE_INFINITY);
        assertEquals(
                new StepGradient.Computed(2, 5),
                step.compute(List.of(List.of(empty), batch(1, 2)), new float[2], MASKS));
        assertArrayEquals(new float[] {3, 4}, step.values());
        assertFalse(step.compute(List.of(List.of(empty)), new float[2], MASKS).isFinite(), "nothing to learn at all");
    }

    @Test
    void compute_oneBatchNotFinite_spoilsTheStepOnly() {
        for (int bad = 0; bad < 3; bad++) {
            for (float value : new float[] {Float.NaN, INFINITE, -INFINITE}) {
                float[] losses = {1, 1, 1};
                float[][] gradients = {{1, 1}, {1, 1}, {1, 1}};
                List<List<EncodedSample>> batches = List.of(batch(0, 1), batch(1, 2), batch(2, 1));
                StepGradient step = new StepGradient(slope(losses, gradients), new float[2], 0.5, 0.1);
                losses[bad] = value;
                assertFalse(step.compute(batches, new float[2], MASKS).isFinite(), "loss");
                losses[bad] = 1;
                gradients[bad][1] = value;
                assertFalse(step.compute(batches, new float[2], MASKS).isFinite(), "gradient");
                gradients[bad][1] = 1;
                assertTrue(step.compute(batches, new float[2], MASKS).isFinite());
                assertArrayEquals(new float[] {0.0707107f, 0.0707107f}, step.values(), 1e-6f);
            }
        }
    }

    @Test
    void compute_infinitiesOfBothSigns_areNotTakenForZero() {
        float[][] gradients = {{INFINITE}, {-INFINITE}};
        StepGradient step =
                new StepGradient(slope(new float[] {1, 1}, gradients), new float[1], 0, Double.POSITIVE_INFINITY);
        assertFalse(step.compute(List.of(batch(0, 1), batch(1, 1)), new float[1], MASKS)
                .isFinite());
    }

    @Test
    void compute_proximal_pullsToTheStart() {
        float[] values = {1, -1, 2};
        StepGradient step = new StepGradient(
                slope(new float[] {7}, new float[][] {{0, 1, 0}}), values, 0.5, Double.POSITIVE_INFINITY);
        step.compute(List.of(batch(0, 1)), values, MASKS);
        assertArrayEquals(new float[] {0, 1, 0}, step.values(), "no pull at the start");
        values[0] = 3;
        values[2] = -2;
        assertEquals(7, step.compute(List.of(batch(0, 1)), values, MASKS).loss(), "the loss is without penalty");
        assertArrayEquals(new float[] {1, 1, -2}, step.values());
        values[0] = 3e38f;
        StepGradient strong = new StepGradient(
                slope(new float[] {7}, new float[][] {{0, 1, 0}}), new float[3], 1e9, Double.POSITIVE_INFINITY);
        assertFalse(strong.compute(List.of(batch(0, 1)), values, MASKS).isFinite(), "a pull that overflows");
    }

    /** {@code torch.nn.utils.clip_grad_norm_} of (3, -4, 12), torch 2.15. */
    @Test
    void compute_longGradient_isCutAsTorchDoes() {
        float[][] gradients = {{3, -4, 12}};
        double[] greatest = {1, 13, 20, Double.POSITIVE_INFINITY};
        float[][] expected = {
            {0.2307692170f, -0.3076922894f, 0.9230768681f},
            {2.9999997616f, -3.9999997616f, 11.9999990463f},
            {3, -4, 12},
            {3, -4, 12}
        };
        for (int i = 0; i < greatest.length; i++) {
            StepGradient step = new StepGradient(slope(new float[] {1}, gradients), new float[3], 0, greatest[i]);
            assertEquals(
                    13, step.compute(List.of(batch(0, 1)), new float[3], MASKS).norm(), "before clipping");
            assertArrayEquals(expected[i], step.values(), 1e-7f * 12);
        }
    }

    /** The square of 1e30 is above float's range; the length is not. */
    @Test
    void compute_hugeGradient_isCutToo() {
        StepGradient step =
                new StepGradient(slope(new float[] {1}, new float[][] {{3e30f, 4e30f}}), new float[2], 0, 5);
        StepGradient.Computed computed = step.compute(List.of(batch(0, 1)), new float[2], MASKS);
        assertTrue(computed.isFinite());
        assertEquals(5e30, computed.norm(), 1e24);
        assertArrayEquals(new float[] {3, 4}, step.values(), 1e-5f);
    }

    @Test
    void compute_eachBatch_hasItsOwnMasks() {
        List<Long> seeds = new ArrayList<>();
        List<float[]> buffers = new ArrayList<>();
        StepGradient step = new StepGradient(
                (batch, values, seed, gradient) -> {
                    seeds.add(seed);
                    buffers.add(gradient);
                    Arrays.fill(gradient, 1);
                    return 1;
                },
                new float[1],
                0,
                1);
        step.compute(List.of(batch(0, 1), batch(1, 1)), new float[1], new SplittableRandom(5));
        SplittableRandom masks = new SplittableRandom(5);
        assertEquals(List.of(masks.nextLong(), masks.nextLong()), seeds);
        assertNotSame(buffers.get(0), buffers.get(1));
    }
}
