package io.github.fedhds.lora;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.round.RoundContext;
import io.github.fedhds.tokenizer.EncodedSample;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.IntFunction;

/**
 * Runs the steps over a round's samples. Immutable.
 *
 * @param maxSteps maximum number of steps over all passes; {@link Integer#MAX_VALUE} for no limit
 */
record TrainingLoop(
        double learningRate,
        double decay,
        LearningRateSchedule schedule,
        int epochs,
        int maxSteps,
        Batches batches,
        double proximal,
        double maxGradientNorm,
        IntFunction<Optimizer> optimizer,
        StepListener listener) {
    /**
     * The result of a run, in addition to the values.
     *
     * @param losses losses of the steps taken
     * @param skipped number of steps skipped
     * @param samples number of different samples that the steps read; 0 if no step was taken
     */
    record Outcome(List<Double> losses, int skipped, int samples) {}

    /**
     * Trains.
     *
     * @param values changed in place
     */
    Outcome run(StepGradient.Slope slope, List<EncodedSample> samples, float[] values, RoundContext round) {
        StepGradient gradient = new StepGradient(slope, values, proximal, maxGradientNorm);
        Optimizer rule = optimizer.apply(values.length);
        List<Double> losses = new ArrayList<>();
        int skipped = 0;
        long read = 0;
        int steps = (int) Math.min(maxSteps, (long) epochs * batches.stepsOf(samples.size()));
        Iterator<List<List<EncodedSample>>> supply = batches.deal(samples, round.random("sample order"));
        SplittableRandom masks = round.random("dropout");
        for (int step = 0; step < steps; step++) {
            checkNotInterrupted(step, steps, round);
            List<List<EncodedSample>> parts = supply.next();
            double rate = rate(step, steps, round);
            StepGradient.Computed computed = gradient.compute(parts, values, masks);
            if (computed.isFinite()) {
                rule.step(values, gradient.values(), rate);
                losses.add(computed.loss());
            } else {
                skipped++;
            }
            int dealt = parts.stream().mapToInt(List::size).sum();
            long tokens = parts.stream()
                    .flatMap(List::stream)
                    .mapToLong(sample -> sample.ids().length)
                    .sum();
            read += dealt;
            listener.stepped(
                    new TrainingStep(round, step + 1, steps, computed.loss(), computed.norm(), rate, dealt, tokens));
        }
        return new Outcome(losses, skipped, losses.isEmpty() ? 0 : (int) Math.min(samples.size(), read));
    }

    private static void checkNotInterrupted(int step, int steps, RoundContext round) {
        if (Thread.currentThread().isInterrupted()) {
            String client = round.client()
                    .map(ClientId::value)
                    .map(" of client "::concat)
                    .orElse("");
            throw new FedHdsException(
                    "training in round " + round.round() + client + " was interrupted after " + step + " of " + steps
                            + " steps; nothing of it is kept",
                    new InterruptedException());
        }
    }

    private double rate(int step, int steps, RoundContext round) {
        double factor = schedule.factor(step, steps, round);
        if (!(factor >= 0) || Double.isInfinite(factor)) {
            throw new IllegalStateException("the learning rate schedule gave the factor " + factor + " for step " + step
                    + " of " + steps + "; it must be finite and 0 or more");
        }
        return learningRate * Math.pow(decay, round.round() - 1) * factor;
    }
}
