package io.github.fedhds.evaluation;

/**
 * How good an answer is. {@link TextMeasure} has the usual ones; an application can add its own. Implementations are safe for
 * many threads.
 */
@FunctionalInterface
public interface AnswerMeasure {
    /**
     * Compares an answer with its reference.
     *
     * @param answer the model's answer, may be empty
     * @param reference the reference answer, may be empty
     * @return 0 (nothing in common) to 1 (as good as the reference)
     */
    double score(String answer, String reference);
}
