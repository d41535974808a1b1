package io.github.fedhds.examples.embedded.corpus;

import io.github.fedhds.instruction.Instruction;
import java.util.List;

/**
 * A skill with definitions of its task.
 *
 * @param id name of the task, as in "first-word"
 * @param kind kind of the task
 * @param definitions at least four phrasings; with {@code {x}} the definition contains the argument and the input is
 *     empty
 */
public record InstructionTask(String id, Kind kind, List<String> definitions) {
    public InstructionTask {
        definitions = List.copyOf(definitions);
    }

    /** One row; another call may return an equal one. */
    Instruction instruction(Dice dice, Side side) {
        Example example = Skills.of(id).example(dice, side);
        String definition = dice.pick(definitions);
        if (definition.contains("{x}")) {
            return new Instruction(definition.replace("{x}", example.input()), "", example.answer(), id);
        }
        return new Instruction(definition, example.input(), example.answer(), id);
    }
}
