package io.github.fedhds.examples.embedded.corpus;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** Random choices of one document or one task row. Not safe for many threads: each document creates its own. */
final class Dice {
    private final SplittableRandom random;

    private Dice(SplittableRandom random) {
        this.random = random;
    }

    /** Dice of row {@code index} under {@code seed}: rows can be generated in any order with the same draws. */
    static Dice of(long seed, long index) {
        // two rounds of a 64-bit mixer, so that neighbouring seeds and indices give independent draws
        return new Dice(new SplittableRandom(mix(mix(seed) + index)));
    }

    private static long mix(long value) {
        long mixed = value + 0x9E3779B97F4A7C15L;
        mixed = (mixed ^ (mixed >>> 30)) * 0xBF58476D1CE4E5B9L;
        mixed = (mixed ^ (mixed >>> 27)) * 0x94D049BB133111EBL;
        return mixed ^ (mixed >>> 31);
    }

    /** A number from {@code least} to {@code most}, both inclusive. */
    int between(int least, int most) {
        return random.nextInt(least, most + 1);
    }

    boolean chance(double probability) {
        return random.nextDouble() < probability;
    }

    <T> T pick(List<T> choices) {
        return choices.get(random.nextInt(choices.size()));
    }

    String pick(String... choices) {
        return choices[random.nextInt(choices.length)];
    }

    /** {@code count} different members of {@code choices}, in random order. */
    <T> List<T> distinct(List<T> choices, int count) {
        List<T> chosen = new ArrayList<>(count);
        while (chosen.size() < count) {
            T next = pick(choices);
            if (!chosen.contains(next)) {
                chosen.add(next);
            }
        }
        return chosen;
    }

    /** {@code count} members of {@code choices}, with replacement. */
    <T> List<T> repeated(List<T> choices, int count) {
        List<T> chosen = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            chosen.add(pick(choices));
        }
        return chosen;
    }
}
