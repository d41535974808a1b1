package io.github.fedhds.training;

import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.round.RoundContext;
import java.util.List;

/** Trains the round's global adapter on a client's chosen instructions. */
@FunctionalInterface
public interface LocalTrainer {
    /**
     * Trains, starting from {@link RoundContext#globalAdapter}.
     *
     * @param instructions the chosen instructions; at least one
     * @param round the round
     * @return the new adapter, with the names and shapes of the global adapter
     */
    TrainingResult train(List<Instruction> instructions, RoundContext round);
}
