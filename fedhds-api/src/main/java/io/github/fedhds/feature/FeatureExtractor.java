package io.github.fedhds.feature;

import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.round.RoundContext;
import java.util.List;

/** Describes each instruction by a row of numbers, such that alike instructions lie near. */
@FunctionalInterface
public interface FeatureExtractor {
    /**
     * Extracts one row an instruction, in the order of the list.
     *
     * @param instructions the client's instructions; may be empty
     * @param round the round; its adapter is the one that the model is to use
     * @return as many rows as instructions; row i belongs to instruction i
     */
    FeatureMatrix extract(List<Instruction> instructions, RoundContext round);
}
