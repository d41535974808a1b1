package io.github.fedhds.examples.embedded.corpus;

import java.util.List;

/**
 * Phrases for a skill in the pre-training text.
 *
 * @param label one or two words for a column heading, such as "opposite"
 * @param phrases phrases for the result after "the", such as "opposite of each word"
 * @param orders commands such as "Give the opposite of each word"; no full stop
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
