package io.github.fedhds.coreset;

/** Scores that a model gives to an instruction; computed only when a selector asks. */
public enum SampleScore {
    /** Mean negative log-likelihood of the answer's tokens after the prompt, in nats; its exponential is the perplexity. */
    ANSWER_LOSS,
    /** The same without the prompt. {@code ANSWER_LOSS / ANSWER_LOSS_ALONE} is the instruction-following difficulty. */
    ANSWER_LOSS_ALONE
}
