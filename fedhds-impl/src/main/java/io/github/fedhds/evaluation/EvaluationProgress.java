package io.github.fedhds.evaluation;

/** Receives the progress of an evaluation. */
@FunctionalInterface
public interface EvaluationProgress {
    /**
     * Called before the first answer, and after each batch of answers. One call at a time, but not always on the same
     * thread; an exception ends the evaluation.
     *
     * @param done number of answers so far
     * @param all number of all answers
     */
    void answered(int done, int all);
}
