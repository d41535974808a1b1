package io.github.fedhds.lora;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.round.RoundContext;
import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class LearningRateScheduleTest {
    private static final Class<IllegalArgumentException> VALUE = IllegalArgumentException.class;
    private static final List<IntFunction<LearningRateSchedule>> ALL =
            List.of(LearningRateSchedule::constant, LearningRateSchedule::linear, LearningRateSchedule::cosine);

    private static double[] factors(LearningRateSchedule schedule, int steps) {
        return IntStream.range(0, steps)
                .mapToDouble(step -> schedule.factor(step, steps, RoundContext.first()))
                .toArray();
    }

    /**
     * {@code get_last_lr()} before each of ten steps at a rate of 1, transformers 4.53: {@code
     * get_constant_schedule_with_warmup}, {@code get_linear_schedule_with_warmup}, {@code get_cosine_schedule_with_warmup}.
     */
    @Test
    void factors_ofTenSteps_areThoseOfTransformers() {
        assertFactors(LearningRateSchedule.constant(0), 1, 1, 1, 1, 1, 1, 1, 1, 1, 1);
        assertFactors(LearningRateSchedule.constant(3), 0, 0.333333333333, 0.666666666667, 1, 1, 1, 1, 1, 1, 1);
        assertFactors(LearningRateSchedule.linear(0), 1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1);
        assertFactors(
                LearningRateSchedule.linear(3),
                0,
                0.333333333333,
                0.666666666667,
                1,
                0.857142857143,
                0.714285714286,
                0.571428571429,
                0.428571428571,
                0.285714285714,
                0.142857142857);
        assertFactors(
                LearningRateSchedule.cosine(0),
                1,
                0.975528258148,
                0.904508497187,
                0.793892626146,
                0.654508497187,
                0.5,
                0.345491502813,
                0.206107373854,
                0.095491502813,
                0.024471741852);
        assertFactors(
                LearningRateSchedule.cosine(3),
                0,
                0.333333333333,
                0.666666666667,
                1,
                0.950484433951,
                0.811744900929,
                0.611260466978,
                0.388739533022,
                0.188255099071,
                0.049515566049);
        for (IntFunction<LearningRateSchedule> form : ALL) {
            assertFactors(form.apply(10), 0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9);
        }
    }

    private static void assertFactors(LearningRateSchedule schedule, double... expected) {
        assertArrayEquals(expected, factors(schedule, 10), 1e-12);
    }

    @Test
    void factors_ofAnyLength_areShares() {
        for (IntFunction<LearningRateSchedule> form : ALL) {
            for (int steps : new int[] {1, 2, 7}) {
                for (int warmUp : new int[] {0, 1, 6, 7, 100, Integer.MAX_VALUE}) {
                    for (double factor : factors(form.apply(warmUp), steps)) {
                        assertTrue(factor >= 0 && factor <= 1, () -> warmUp + " of " + steps + ": " + factor);
                    }
                }
            }
            double last = form.apply(5).factor(Integer.MAX_VALUE - 1, Integer.MAX_VALUE, RoundContext.first());
            assertTrue(last >= 0 && last <= 1, () -> "" + last);
        }
    }

    @Test
    void warmUpShare_ofTheSteps_isRoundedUp() {
        for (IntFunction<LearningRateSchedule> form : ALL) {
            for (double share : new double[] {0, 0.21, 0.3, 1}) {
                int warmUp = (int) Math.ceil(10 * share);
                assertArrayEquals(
                        factors(form.apply(warmUp), 10), factors(LearningRateSchedule.warmUpShare(share, form), 10));
            }
        }
        assertEquals(3, countRising(LearningRateSchedule.warmUpShare(0.21, LearningRateSchedule::constant)));
    }

    private static long countRising(LearningRateSchedule schedule) {
        return IntStream.range(0, 10)
                .filter(step -> schedule.factor(step, 10, RoundContext.first()) < 1)
                .count();
    }

    @Test
    void settings_outOfRange_areRefused() {
        for (IntFunction<LearningRateSchedule> form : ALL) {
            assertFails(VALUE, () -> form.apply(-1), "warmUpSteps must be 0 or more, was -1");
        }
        for (double share : new double[] {-0.1, 1.1, Double.NaN}) {
            assertFails(
                    VALUE,
                    () -> LearningRateSchedule.warmUpShare(share, LearningRateSchedule::linear),
                    "share of warm-up must be from 0 to 1, was " + share);
        }
    }
}
