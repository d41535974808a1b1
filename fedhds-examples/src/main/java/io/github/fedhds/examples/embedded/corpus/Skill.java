package io.github.fedhds.examples.embedded.corpus;

import java.util.function.BiFunction;

/**
 * One skill that the model should learn, such as "name the largest number".
 *
 * @param weight relative frequency in the pre-training text
 * @param noun type of its input: "numbers", "words", "sentence"
 * @param examples draws an example whose input is on the given side
 */
record Skill(String id, Kind kind, int weight, String noun, Wording wording, BiFunction<Dice, Side, Example> examples) {
    Example example(Dice dice, Side side) {
        return examples.apply(dice, side);
    }
}
