package io.github.fedhds.examples.embedded.corpus;

import java.util.List;

/**
 * How the pre-training text speaks of a skill.
 *
 * @param label a word or two for the head of a column, as in "opposite"
 * @param phrases what "the ..." comes out, as in "opposite of each word"
 * @param orders what to do, as in "Give the opposite of each word"; no full stop
 */
record Wording(String label, List<String> phrases, List<String> orders) {
    private static final List<String> VERBS = List.of("Give", "Write", "Tell me", "Say", "Find", "Show");
    private static final List<String> OPENINGS = List.of("What is", "What would be", "Do you know", "Can you tell me");

    Wording {
        phrases = List.copyOf(phrases);
        orders = List.copyOf(orders);
    }

    String order(Dice dice) {
        if (dice.chance(0.55)) {
            return dice.pick(orders);
        }
        return dice.pick(VERBS) + " the " + dice.pick(phrases);
    }

    String question(Dice dice) {
        return dice.pick(OPENINGS) + " the " + dice.pick(phrases) + "?";
    }

    String phrase(Dice dice) {
        return dice.pick(phrases);
    }
}
