package io.github.fedhds.tokenizer;

import io.github.fedhds.round.ClientId;
import java.util.Optional;

/**
 * How many of a client's samples are cut so that they fit the longest sample, where every sample must be used: for features
 * and for scores. What a training leaves out is told by {@link io.github.fedhds.training.TrainingCounts}.
 *
 * @param client whose samples; empty where no client was named
 * @param purpose what the samples are used for: features, scores, scores without prompt
 * @param samples all samples
 * @param cutPrompts samples whose input text, or instruction, was cut at its end
 * @param cutAnswers samples whose answer was cut at its end, and whose prompt is the bare template; no score where the
 *     template leaves no room for any answer
 * @param maxTokens the longest sample
 */
public record SampleCuts(
        Optional<ClientId> client, String purpose, int samples, int cutPrompts, int cutAnswers, int maxTokens) {
    /** Whether anything was cut. */
    public boolean isAny() {
        return cutPrompts + cutAnswers > 0;
    }
}
