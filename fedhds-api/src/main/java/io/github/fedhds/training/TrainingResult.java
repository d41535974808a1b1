package io.github.fedhds.training;

import io.github.fedhds.adapter.Adapter;
import java.util.Arrays;
import java.util.Objects;

/**
 * The result of a client's training.
 *
 * @param adapter the trained adapter
 * @param samples number of instructions that were trained on; 0 if no step was made, and then no update is sent
 * @param losses loss of each step in nats per token, in order
 * @param skippedNonFinite steps left out because their loss or gradient was NaN or infinite
 * @param skippedTooLong instructions left out because their answer does not fit the model's context length
 * @param cutPrompts instructions whose prompt was cut to fit
 */
public record TrainingResult(
        Adapter adapter, int samples, double[] losses, int skippedNonFinite, int skippedTooLong, int cutPrompts) {
    public TrainingResult {
        Objects.requireNonNull(adapter, "adapter");
        Objects.requireNonNull(losses, "losses");
        if (samples < 0 || skippedNonFinite < 0 || skippedTooLong < 0 || cutPrompts < 0) {
            throw new IllegalArgumentException("counts must be 0 or more, was samples " + samples
                    + ", skippedNonFinite " + skippedNonFinite + ", skippedTooLong " + skippedTooLong + ", cutPrompts "
                    + cutPrompts);
        }
        losses = losses.clone();
    }

    /** A result in which nothing was skipped or cut. */
    public TrainingResult(Adapter adapter, int samples, double[] losses) {
        this(adapter, samples, losses, 0, 0, 0);
    }

    @Override
    public double[] losses() {
        return losses.clone();
    }

    /** Counts of what was left out or cut. */
    public TrainingCounts counts() {
        return new TrainingCounts(skippedNonFinite, skippedTooLong, cutPrompts);
    }

    /** Mean of the losses; NaN if no step was made. */
    public double meanLoss() {
        return Arrays.stream(losses).average().orElse(Double.NaN);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof TrainingResult that
                && adapter.equals(that.adapter)
                && samples == that.samples
                && skippedNonFinite == that.skippedNonFinite
                && skippedTooLong == that.skippedTooLong
                && cutPrompts == that.cutPrompts
                && Arrays.equals(losses, that.losses);
    }

    @Override
    public int hashCode() {
        return 31 * (31 * adapter.hashCode() + samples) + Arrays.hashCode(losses);
    }

    @Override
    public String toString() {
        return "TrainingResult[" + adapter + ", samples " + samples + ", mean loss " + meanLoss()
                + ", skipped non-finite " + skippedNonFinite + ", skipped too long " + skippedTooLong
                + ", cut prompts " + cutPrompts + "]";
    }
}
