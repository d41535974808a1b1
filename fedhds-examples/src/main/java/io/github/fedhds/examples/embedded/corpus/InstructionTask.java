package io.github.fedhds.examples.embedded.corpus;

import io.github.fedhds.instruction.Instruction;
import java.util.List;

/**
 * A skill with the words that ask for it.
 *
 * @param id name of the task, as in "first-word"
 * @param kind what sort of work it is
 * @param definitions at least four phrasings; with {@code {x}} the argument stands there and the input stays empty
 */
public record InstructionTask(String id, Kind kind, List<String> definitions) {
    public InstructionTask {
        definitions = List.copyOf(definitions);
    }

    /** One row; another call may give the same. */
    Instruction instruction(Dice dice, Side side) {
        Example example = Skills.of(id).example(dice, side);
        String definition = dice.pick(definitions);
        if (definition.contains("{x}")) {
            return new Instruction(definition.replace("{x}", example.input()), "", example.answer(), id);
        }
        return new Instruction(definition, example.input(), example.answer(), id);
    }
}
