package io.github.fedhds.feature;

import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.round.RoundContext;
import java.util.List;

/** Computes a feature row for each instruction, so that similar instructions get rows with a small distance. */
@FunctionalInterface
public interface FeatureExtractor {
    /**
     * Extracts one row per instruction, in the order of the list.
     *
     * @param instructions the client's instructions; may be empty
     * @param round the round; the model uses its global adapter
     * @return as many rows as instructions; row i belongs to instruction i
     */
    FeatureMatrix extract(List<Instruction> instructions, RoundContext round);
}
