package io.github.fedhds.coreset;

import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.round.RoundContext;
import java.util.List;

/** Lets a model score instructions, for selectors that go by difficulty. */
@FunctionalInterface
public interface SampleScorer {
    /**
     * One score an instruction, in the order of the list.
     *
     * @throws IllegalArgumentException if it does not know this kind of score
     */
    double[] score(SampleScore kind, List<Instruction> instructions, RoundContext round);
}
