package io.github.fedhds.examples.embedded.corpus;

import java.util.function.BiFunction;

/**
 * One thing the model shall know how to do, as "name the largest number".
 *
 * @param weight how often the pre-training text exercises it, against the other skills
 * @param noun what its input is: "numbers", "words", "sentence"
 * @param examples draws an example whose input lies on the wanted side
 */
record Skill(String id, Kind kind, int weight, String noun, Wording wording, BiFunction<Dice, Side, Example> examples) {
    Example example(Dice dice, Side side) {
        return examples.apply(dice, side);
    }
}
