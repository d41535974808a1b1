package io.github.fedhds.tokenizer;

import io.github.fedhds.round.ClientId;
import java.util.Optional;

/**
 * Number of a client's samples that are cut to the longest sample for features and scores, where every sample must be
 * used. {@link io.github.fedhds.training.TrainingCounts} has the samples that training cuts or leaves out.
 *
 * @param client the client; empty if no client was named
 * @param purpose what the samples are used for: features, scores, scores without prompt
 * @param samples number of all samples
 * @param cutPrompts samples whose input text, or instruction, was cut at its end
 * @param cutAnswers samples whose answer was cut at its end, and whose prompt is the bare template; they have no score
 *     if the template leaves no room for an answer
 * @param maxTokens the longest sample
 */
public record SampleCuts(
        Optional<ClientId> client, String purpose, int samples, int cutPrompts, int cutAnswers, int maxTokens) {
    /** Whether any sample was cut. */
    public boolean isAny() {
        return cutPrompts + cutAnswers > 0;
    }
}
