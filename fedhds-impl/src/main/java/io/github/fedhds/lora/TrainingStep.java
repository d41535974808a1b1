package io.github.fedhds.lora;

import io.github.fedhds.round.RoundContext;

/**
 * One optimizer step, for {@link StepListener}.
 *
 * @param round the round, with the client that trains
 * @param step number of the step, from 1
 * @param steps planned number of steps
 * @param loss mean over the step's answer tokens, in nats, without the proximal penalty; NaN or infinite if that is why
 *     the step was skipped
 * @param gradientNorm Euclidean norm of the gradient, including the proximal term, before clipping; NaN or infinite if
 *     the step was skipped
 * @param learningRate learning rate of the step, even if it was skipped
 * @param samples number of samples of all its batches
 * @param tokens tokens of these samples, prompt and answer, without padding
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
    /** False if the step was skipped because loss or gradient was NaN or infinite. */
    public boolean taken() {
        return Double.isFinite(loss) && Double.isFinite(gradientNorm);
    }
}
