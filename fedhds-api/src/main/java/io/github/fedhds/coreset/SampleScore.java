package io.github.fedhds.coreset;

import java.util.Objects;

/**
 * A kind of score that a model computes for an instruction, only if a selector uses it. A selector and a {@link SampleScorer}
 * of the application may define further kinds.
 *
 * @param name its name in messages; kinds with equal names are equal
 */
public record SampleScore(String name) {
    /** Mean negative log-likelihood of the answer's tokens after the prompt, in nats; its exponential is the perplexity. */
    public static final SampleScore ANSWER_LOSS = new SampleScore("answer loss");

    /** The same without the prompt. Answer loss divided by this is the instruction-following difficulty (IFD). */
    public static final SampleScore ANSWER_LOSS_ALONE = new SampleScore("answer loss alone");

    public SampleScore {
        Objects.requireNonNull(name, "name");
        if (name.isBlank()) {
            throw new IllegalArgumentException("the name of a sample score must not be blank");
        }
    }

    /** The name. */
    @Override
    public String toString() {
        return name;
    }
}
