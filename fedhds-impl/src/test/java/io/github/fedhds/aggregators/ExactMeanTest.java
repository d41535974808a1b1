package io.github.fedhds.aggregators;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.adapter.Tensor;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Arrays;
import java.util.Random;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/** The mean against exact integers: no float is nearer, and of two equally near it is the even one. */
class ExactMeanTest {
    private static final int VALUES = 500; // of each tensor
    private static final int TRIALS = 120; // of each case

    private int ties;
    private int nearTies;

    /** In units of 2^-150, half the least float, so that what lies halfway between two floats is whole too. */
    private static BigInteger units(float value) {
        return new BigDecimal(value)
                .multiply(new BigDecimal(BigInteger.TWO.pow(150)))
                .toBigIntegerExact();
    }

    private void check(float[][] tensors, int[] weights) {
        ExactMean mean = new ExactMean(tensors[0].length);
        BigInteger total = BigInteger.ZERO;
        for (int j = 0; j < tensors.length; j++) {
            mean.add(new Tensor(new int[] {tensors[j].length}, tensors[j]), weights[j]);
            total = total.add(BigInteger.valueOf(weights[j]));
        }
        float[] means = mean.mean();
        for (int i = 0; i < means.length; i++) {
            BigInteger sum = BigInteger.ZERO;
            for (int j = 0; j < tensors.length; j++) {
                sum = sum.add(units(tensors[j][i]).multiply(BigInteger.valueOf(weights[j])));
            }
            boolean even = (Float.floatToRawIntBits(means[i]) & 1) == 0;
            for (float neighbour : new float[] {Math.nextDown(means[i]), Math.nextUp(means[i])}) {
                if (Float.isInfinite(neighbour)) {
                    continue;
                }
                BigInteger middle = units(means[i]).add(units(neighbour)).shiftRight(1);
                BigInteger beyond = sum.subtract(middle.multiply(total));
                int side = neighbour > means[i] ? beyond.signum() : -beyond.signum();
                assertTrue(side < 0 || (side == 0 && even), means[i] + " is not the nearest to " + sum + " / " + total);
                ties += side == 0 ? 1 : 0;
                boolean near = beyond.signum() != 0
                        && beyond.abs()
                                        .shiftLeft(50)
                                        .compareTo(middle.multiply(total).abs())
                                <= 0;
                nearTies += near ? 1 : 0;
            }
        }
    }

    private static float[] filled(Supplier<Float> values) {
        float[] filled = new float[VALUES];
        for (int i = 0; i < VALUES; i++) {
            filled[i] = values.get();
        }
        return filled;
    }

    private static float any(Random random) {
        float value;
        do {
            value = Float.intBitsToFloat(random.nextInt());
        } while (!Float.isFinite(value));
        return value;
    }

    private static float subnormal(Random random) {
        int bits =
                random.nextInt(1 << 24) & (random.nextBoolean() ? -1 : 15); // up to the first normal ones, or the least
        return Float.intBitsToFloat(random.nextBoolean() ? bits : bits | Integer.MIN_VALUE);
    }

    @Test
    void mean_ofTwoThatCountTheSame_isTheNearest() {
        Random random = new Random(1);
        for (int trial = 0; trial < TRIALS; trial++) {
            int weight = trial % 3 == 0 ? 1 : trial % 3 == 1 ? 1 + random.nextInt(100) : 1 + random.nextInt(1 << 30);
            float[] one = filled(() -> (float) random.nextGaussian());
            float[] other = filled(() -> (float) random.nextGaussian());
            check(new float[][] {one, other}, new int[] {weight, weight});
        }
        assertTrue(ties > TRIALS * VALUES / 5, "ties were met: " + ties);
    }

    @Test
    void mean_ofAnyFloatsAndWeights_isTheNearest() {
        Random random = new Random(2);
        for (int trial = 0; trial < TRIALS; trial++) {
            int clients = 1 + random.nextInt(7);
            float[][] tensors = new float[clients][];
            int[] weights = new int[clients];
            for (int j = 0; j < clients; j++) {
                boolean subnormal = trial % 3 == 0;
                tensors[j] = filled(() -> subnormal ? subnormal(random) : any(random));
                weights[j] = trial % 2 == 0 ? 1 + random.nextInt(3) : Integer.MAX_VALUE - random.nextInt(3);
            }
            if (trial % 5 == 0 && clients > 2) { // what cancels leaves the rest
                for (int i = 0; i < VALUES; i++) {
                    tensors[1][i] = -tensors[0][i];
                }
                weights[1] = weights[0];
            }
            check(tensors, weights);
        }
    }

    /** A middle of two floats, subnormal ones too, hit or missed by less than double sees. */
    @Test
    void mean_aHairBesideTheMiddle_isTheNearest() {
        Random random = new Random(3);
        for (int trial = 0; trial < TRIALS; trial++) {
            float[] low = filled(() -> random.nextInt(4) == 0 ? subnormal(random) : any(random) / 2);
            float[] high = new float[VALUES];
            float[] hair = new float[VALUES];
            for (int i = 0; i < VALUES; i++) {
                high[i] = Math.nextUp(low[i]);
                int side = random.nextInt(3);
                hair[i] = side == 0 ? low[i] : side == 1 ? Math.nextDown(low[i]) : Math.nextUp(low[i]);
            }
            int weight = trial % 2 == 0 ? Integer.MAX_VALUE - random.nextInt(9) : 1 + random.nextInt(1 << 30);
            check(new float[][] {low, high, hair, high}, new int[] {weight, weight, 1, 1});
        }
        assertTrue(ties > TRIALS * VALUES / 5, "ties were met: " + ties);
        assertTrue(nearTies > TRIALS * VALUES / 5, "near ties were met: " + nearTies);
    }

    @Test
    void mean_edges() {
        float max = Float.MAX_VALUE;
        float below = Math.nextDown(max);
        float least = Float.MIN_VALUE;
        float normal = Float.MIN_NORMAL;
        int most = Integer.MAX_VALUE;
        float[] one = {max, max, -max, least, -least, normal, Math.nextUp(1f), 2, -0f};
        float[] other = {max, below, -below, 0, 0, Math.nextDown(normal), 1, Math.nextDown(2f), 0};
        for (int weight : new int[] {1, 3, 1 << 30, most}) {
            check(new float[][] {one, other}, new int[] {weight, weight});
            check(new float[][] {one, other, one}, new int[] {weight, weight, 1});
            check(new float[][] {one, other}, new int[] {most, weight});
        }
        // Many clients: weights of more than 2^40 altogether.
        float[][] many = new float[1000][];
        int[] weights = new int[1000];
        Arrays.setAll(many, j -> j % 2 == 0 ? one : other);
        Arrays.fill(weights, most);
        check(many, weights);
        ExactMean zero = new ExactMean(1);
        zero.add(new Tensor(new int[] {1}, new float[] {-0f}), most);
        assertEquals(0, Float.floatToRawIntBits(zero.mean()[0]));
    }
}
