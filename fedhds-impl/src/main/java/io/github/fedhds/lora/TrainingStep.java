package io.github.fedhds.lora;

import io.github.fedhds.round.RoundContext;

/**
 * One optimizer step, as {@link StepListener} is told of it.
 *
 * @param round the round, and the client that trains
 * @param step from 1
 * @param steps how many there will be
 * @param loss mean over the step's answer tokens, in nats, without the proximal penalty; NaN or infinite if the step was
 *     skipped for it
 * @param gradientNorm Euclidean length of the gradient, the proximal pull in it, before clipping; NaN or infinite if the
 *     step was skipped
 * @param learningRate that the step had, or would have had
 * @param samples of all its batches
 * @param tokens of these samples, prompt and answer, without padding
 */
public record TrainingStep(
        RoundContext round,
        int step,
        int steps,
        double loss,
        double gradientNorm,
        double learningRate,
        int samples,
        long tokens) {
    /** False if loss or gradient was NaN or infinite and the step changed nothing. */
    public boolean taken() {
        return Double.isFinite(loss) && Double.isFinite(gradientNorm);
    }
}
