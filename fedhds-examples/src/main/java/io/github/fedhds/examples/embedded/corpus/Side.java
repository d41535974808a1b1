package io.github.fedhds.examples.embedded.corpus;

/**
 * Splits the arguments of all skills into two sides. The hash depends only on the argument, not on the skill, so a
 * held-out list of numbers occurs in no skill before the unseen tasks.
 */
enum Side {
    /** Seen in pre-training and in training tasks. */
    OPEN,
    /** About one argument in six, reserved for the unseen tasks. */
    HELD_OUT;

    static Side of(String input) {
        int hash = 17;
        for (int i = 0; i < input.length(); i++) {
            hash = 31 * hash + input.charAt(i);
        }
        hash ^= hash >>> 16;
        hash *= 0x85EBCA6B;
        hash ^= hash >>> 13;
        return Math.floorMod(hash, 6) == 0 ? HELD_OUT : OPEN;
    }
}
