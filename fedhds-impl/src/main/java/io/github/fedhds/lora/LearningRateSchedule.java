package io.github.fedhds.lora;

import io.github.fedhds.round.RoundContext;
import java.util.function.IntFunction;

/**
 * How the learning rate goes within a round. Each round starts it anew; what {@link LoraTrainer.Builder#learningRateDecay}
 * takes from round to round comes on top. Those given here are immutable, safe for many threads, and have the values of
 * transformers' {@code get_*_schedule_with_warmup}: with w steps of warm-up, step t of T (from 0) has the factor
 *
 * <pre>
 * t / w                                             while t &lt; w: the first step of a warm-up has a rate of 0
 * 1                                                 constant
 * (T - t) / (T - w)                                 linear
 * (1 + cos(pi (t - w) / (T - w))) / 2               cosine
 * </pre>
 *
 * A warm-up as long as the round or longer never ends. A coreset's round may have few steps: then
 * {@link #warmUpShare} fits better than a fixed number.
 *
 * @see <a href="https://arxiv.org/abs/1608.03983">Loshchilov, Hutter: SGDR, formula 5, without restarts</a>
 */
@FunctionalInterface
public interface LearningRateSchedule {
    /**
     * What the learning rate of a step is multiplied by.
     *
     * @param step the optimizer step, from 0; one that is skipped counts
     * @param steps all steps of this round on this client, above {@code step}
     * @param round the round, for schedules that go over rounds
     * @return finite and 0 or more
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
     * Straight down; the step after the last would have 0.
     *
     * @param warmUpSteps 0 or more
     */
    static LearningRateSchedule linear(int warmUpSteps) {
        return warmedUp(warmUpSteps, (step, steps, round) -> 1 - descent(step, steps, warmUpSteps));
    }

    /**
     * Down along half a cosine; the step after the last would have 0.
     *
     * @param warmUpSteps 0 or more
     */
    static LearningRateSchedule cosine(int warmUpSteps) {
        return warmedUp(
                warmUpSteps, (step, steps, round) -> 0.5 * (1 + Math.cos(Math.PI * descent(step, steps, warmUpSteps))));
    }

    /**
     * A schedule whose warm-up is a share of the round's steps, rounded up, as transformers' {@code warmup_ratio}.
     *
     * @param share from 0 to 1
     * @param schedule makes it for so many steps of warm-up, such as {@code LearningRateSchedule::cosine}
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

    /** Share of the steps after the warm-up that are done, from 0 to 1. */
    private static double descent(int step, int steps, int warmUpSteps) {
        return Math.min(1, (double) (step - warmUpSteps) / Math.max(1, steps - warmUpSteps));
    }
}
