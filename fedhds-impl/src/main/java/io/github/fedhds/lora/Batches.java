package io.github.fedhds.lora;

import static java.math.RoundingMode.CEILING;

import com.google.common.collect.Lists;
import com.google.common.math.IntMath;
import io.github.fedhds.internal.RandomOrder;
import io.github.fedhds.tokenizer.EncodedSample;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/**
 * How samples are distributed to steps. In one pass the samples, in random order, are split into batches, and the
 * batches are grouped into steps; the last batch and the last step of a pass may be smaller.
 *
 * @param size samples per batch
 * @param perStep batches per step
 * @param tokenBudget maximum tokens per batch, including padding; a larger batch is split
 * @param byLength whether a batch has samples of similar length
 */
record Batches(int size, int perStep, int tokenBudget, boolean byLength) {
    private static final Comparator<EncodedSample> BY_LENGTH = Comparator.comparingInt(sample -> sample.ids().length);

    /** Steps of one pass over this number of samples. */
    int stepsOf(int samples) {
        return IntMath.divide(IntMath.divide(samples, size, CEILING), perStep, CEILING);
    }

    /** The batches of each step, in an endless sequence of passes; needs at least one sample. */
    Iterator<List<List<EncodedSample>>> deal(List<EncodedSample> samples, SplittableRandom random) {
        return Stream.generate(() -> pass(samples, random))
                .flatMap(List::stream)
                .iterator();
    }

    private List<List<List<EncodedSample>>> pass(List<EncodedSample> samples, SplittableRandom random) {
        List<EncodedSample> order = RandomOrder.shuffled(samples, random);
        if (byLength) {
            order.sort(BY_LENGTH); // stable: equal lengths stay in random order
        }
        List<List<EncodedSample>> batches = Lists.partition(order, size);
        List<List<List<EncodedSample>>> steps = new ArrayList<>();
        for (List<List<EncodedSample>> step :
                Lists.partition(byLength ? RandomOrder.shuffled(batches, random) : batches, perStep)) {
            steps.add(step.stream().flatMap(this::withinBudget).toList());
        }
        return steps;
    }

    /** Splits a batch into parts within the budget; a sample longer than the budget is a separate part. */
    private Stream<List<EncodedSample>> withinBudget(List<EncodedSample> batch) {
        if (batch.stream().mapToLong(sample -> sample.ids().length).max().orElse(0) * batch.size() <= tokenBudget) {
            return Stream.of(batch);
        }
        List<List<EncodedSample>> parts = new ArrayList<>();
        List<EncodedSample> part = new ArrayList<>();
        for (EncodedSample sample : batch.stream().sorted(BY_LENGTH).toList()) { // a part's last sample is longest
            if (!part.isEmpty() && (part.size() + 1L) * sample.ids().length > tokenBudget) {
                parts.add(part);
                part = new ArrayList<>();
            }
            part.add(sample);
        }
        parts.add(part);
        return parts.stream();
    }
}
