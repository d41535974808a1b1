package io.github.fedhds.lora;

import io.github.fedhds.tokenizer.EncodedSample;
import java.util.List;
import java.util.SplittableRandom;

/**
 * The gradient of a step: the mean over the answer tokens of all its batches, equal to that of one large batch up to
 * rounding; then the gradient of the proximal term; then clipping. For one thread.
 *
 * @see <a href="https://arxiv.org/abs/1812.06127">Li et al.: FedProx, algorithm 2</a>
 */
final class StepGradient {
    /** Returns a batch's mean loss and writes its gradient; the gradient is invalid if the loss is NaN or infinite. */
    @FunctionalInterface
    interface Slope {
        float compute(List<EncodedSample> batch, float[] values, long seed, float[] gradient);
    }

    /** Loss without penalty, and the norm of the gradient before clipping. */
    record Computed(double loss, double norm) {
        boolean isFinite() {
            return Double.isFinite(loss) && Double.isFinite(norm);
        }
    }

    private final Slope slope;
    private final float[] start;
    private final double proximal;
    private final double maxNorm;
    private final float[] gradient;
    private float[] part = {};

    /**
     * @param start the values that the round starts from, copied
     * @param proximal weight of the proximal term; 0 for none
     * @param maxNorm norm to which a larger gradient is clipped; infinite for no clipping
     */
    StepGradient(Slope slope, float[] start, double proximal, double maxNorm) {
        this.slope = slope;
        this.start = proximal == 0 ? new float[0] : start.clone();
        this.proximal = proximal;
        this.maxNorm = maxNorm;
        gradient = new float[start.length];
    }

    /** The result of the last {@link #compute}, if it was finite; not a copy. */
    float[] values() {
        return gradient;
    }

    /**
     * @param batches batches of one step
     * @param values values of the parameters
     * @param masks source of each batch's dropout seed
     */
    Computed compute(List<List<EncodedSample>> batches, float[] values, SplittableRandom masks) {
        long tokens = batches.stream().mapToLong(StepGradient::answerTokens).sum();
        double loss = 0;
        boolean first = true;
        for (List<EncodedSample> batch : batches) {
            double share = (double) answerTokens(batch) / tokens;
            long seed = masks.nextLong();
            if (share == 0) {
                continue; // its mean would be NaN; a step without answer tokens is NaN
            }
            loss += share * add(batch, values, seed, (float) share, first);
            if (!Double.isFinite(loss)) {
                return new Computed(loss, Double.NaN);
            }
            first = false;
        }
        if (proximal != 0) {
            for (int i = 0; i < gradient.length; i++) {
                gradient[i] += (float) (proximal * ((double) values[i] - start[i]));
            }
        }
        double norm = norm();
        double factor = maxNorm / (norm + 1e-6); // as in torch
        if (factor < 1) {
            for (int i = 0; i < gradient.length; i++) {
                gradient[i] *= (float) factor;
            }
        }
        return new Computed(loss, norm);
    }

    private float add(List<EncodedSample> batch, float[] values, long seed, float share, boolean first) {
        if (!first && part.length < gradient.length) {
            part = new float[gradient.length];
        }
        float[] written = first ? gradient : part;
        float loss = slope.compute(batch, values, seed, written);
        for (int i = 0; i < gradient.length && share != 1; i++) {
            gradient[i] = first ? share * gradient[i] : gradient[i] + share * part[i];
        }
        return loss;
    }

    private static long answerTokens(List<EncodedSample> batch) {
        return batch.stream().mapToLong(sample -> sample.trainedPlaces().length).sum();
    }

    /** Infinite or NaN exactly if a value is: in double, squares of floats do not overflow. */
    private double norm() {
        double square = 0;
        for (float value : gradient) {
            square += (double) value * value;
        }
        return Math.sqrt(square);
    }
}
