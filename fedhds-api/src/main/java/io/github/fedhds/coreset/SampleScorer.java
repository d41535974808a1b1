package io.github.fedhds.coreset;

import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.round.RoundContext;
import java.util.List;

/** Computes a score per instruction with a model, for selectors that rank samples by perplexity or difficulty. */
@FunctionalInterface
public interface SampleScorer {
    /**
     * One score per instruction, in the order of the list; NaN for one without a score, such as one whose answer does not
     * fit. Selectors by score do not choose samples whose score is NaN or infinite.
     *
     * @throws IllegalArgumentException if this kind of score is unknown
     */
    double[] score(SampleScore kind, List<Instruction> instructions, RoundContext round);
}
