package io.github.fedhds.internal;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Shuffling and drawing without replacement (Fisher, Yates). Equal random numbers give equal results in all versions.
 */
public final class RandomOrder {
    private RandomOrder() {}

    /** The items in random order, each order with equal probability. */
    public static <T> List<T> shuffled(List<T> items, SplittableRandom random) {
        List<T> shuffled = new ArrayList<>(items);
        for (int i = shuffled.size() - 1; i > 0; i--) {
            Collections.swap(shuffled, i, random.nextInt(i + 1));
        }
        return shuffled;
    }

    /**
     * Draws {@code count} of the numbers 0 to n - 1 without replacement, each set with equal probability; ascending.
     */
    public static int[] sample(int n, int count, SplittableRandom random) {
        int[] numbers = new int[n];
        Arrays.setAll(numbers, i -> i);
        for (int i = 0; i < count; i++) {
            int j = random.nextInt(i, n);
            int swapped = numbers[i];
            numbers[i] = numbers[j];
            numbers[j] = swapped;
        }
        int[] drawn = Arrays.copyOf(numbers, count);
        Arrays.sort(drawn);
        return drawn;
    }
}
