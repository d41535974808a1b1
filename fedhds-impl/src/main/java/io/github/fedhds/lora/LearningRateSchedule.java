package io.github.fedhds.lora;

import io.github.fedhds.round.RoundContext;
import java.util.function.IntFunction;

/**
 * The learning rate within a round. It restarts in each round; {@link LoraTrainer.Builder#learningRateDecay} between
 * rounds is applied in addition. The schedules here are immutable, safe for many threads, and have the values of
 * transformers' {@code get_*_schedule_with_warmup}: with w warm-up steps, step t of T (from 0) has the factor
 *
 * <pre>
 * t / w                                             while t &lt; w: the first step of a warm-up has a rate of 0
 * 1                                                 constant
 * (T - t) / (T - w)                                 linear
 * (1 + cos(pi (t - w) / (T - w))) / 2               cosine
 * </pre>
 *
 * A warm-up at least as long as the round never ends. Rounds on a coreset may have few steps, so {@link #warmUpShare}
 * is often better than a fixed number.
 *
 * @see <a href="https://arxiv.org/abs/1608.03983">Loshchilov, Hutter: SGDR, formula 5, without restarts</a>
 */
@FunctionalInterface
public interface LearningRateSchedule {
    /**
     * The factor of a step's learning rate.
     *
     * @param step the optimizer step, from 0; skipped steps count
     * @param steps number of steps of this round on this client, above {@code step}
     * @param round the round, for schedules over several rounds
     * @return factor, finite and 0 or more
     */
    double factor(int step, int steps, RoundContext round);

    /**
     * The full rate after the warm-up.
     *
     * @param warmUpSteps 0 or more; with 0 every factor is 1
     */
    static LearningRateSchedule constant(int warmUpSteps) {
        return warmedUp(warmUpSteps, (step, steps, round) -> 1);
    }

    /**
     * Linear decay; a step after the last would have 0.
     *
     * @param warmUpSteps 0 or more
     */
    static LearningRateSchedule linear(int warmUpSteps) {
        return warmedUp(warmUpSteps, (step, steps, round) -> 1 - descent(step, steps, warmUpSteps));
    }

    /**
     * Cosine decay over half a period; a step after the last would have 0.
     *
     * @param warmUpSteps 0 or more
     */
    static LearningRateSchedule cosine(int warmUpSteps) {
        return warmedUp(
                warmUpSteps, (step, steps, round) -> 0.5 * (1 + Math.cos(Math.PI * descent(step, steps, warmUpSteps))));
    }

    /**
     * A schedule with a share of the round's steps as warm-up, rounded up, like transformers' {@code warmup_ratio}.
     *
     * @param share from 0 to 1
     * @param schedule creates the schedule for a number of warm-up steps, such as {@code LearningRateSchedule::cosine}
     */
    static LearningRateSchedule warmUpShare(double share, IntFunction<LearningRateSchedule> schedule) {
        if (!(share >= 0 && share <= 1)) {
            throw new IllegalArgumentException("share of warm-up must be from 0 to 1, was " + share);
        }
        return (step, steps, round) ->
                schedule.apply((int) Math.ceil(share * steps)).factor(step, steps, round);
    }

    private static LearningRateSchedule warmedUp(int warmUpSteps, LearningRateSchedule after) {
        if (warmUpSteps < 0) {
            throw new IllegalArgumentException("warmUpSteps must be 0 or more, was " + warmUpSteps);
        }
        return (step, steps, round) ->
                step < warmUpSteps ? (double) step / warmUpSteps : after.factor(step, steps, round);
    }

    /** Share of completed steps after the warm-up, from 0 to 1. */
    private static double descent(int step, int steps, int warmUpSteps) {
        return Math.min(1, (double) (step - warmUpSteps) / Math.max(1, steps - warmUpSteps));
    }
}
