package io.github.fedhds.coreset;

/**
 * A kind of score that a model gives to an instruction; computed only when a selector asks. A selector and a {@link
 * SampleScorer} of an application's own may agree on kinds of their own.
 *
 * @param name what it is called in messages; kinds of equal names are equal
 */
public record SampleScore(String name) {
    /** Mean negative log-likelihood of the answer's tokens after the prompt, in nats; its exponential is the perplexity. */
    public static final SampleScore ANSWER_LOSS = new SampleScore("answer loss");

    /** The same without the prompt. Answer loss / answer loss alone is the instruction-following difficulty. */
    public static final SampleScore ANSWER_LOSS_ALONE = new SampleScore("answer loss alone");

    public SampleScore {
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
