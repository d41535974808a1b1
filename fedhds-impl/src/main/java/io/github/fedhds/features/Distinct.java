package io.github.fedhds.features;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The distinct ones of a list, so that each is computed once: what a batch gives to equal rows differs in the last bits
 * with their places in it.
 *
 * @param items in the order in which they first appear
 * @param places for each of the list, which one of the items is equal to it
 */
record Distinct<T>(List<T> items, int[] places) {
    static <T> Distinct<T> of(List<T> list) {
        Map<T, Integer> known = new LinkedHashMap<>();
        int[] places = new int[list.size()];
        for (int i = 0; i < places.length; i++) {
            int next = known.size();
            places[i] = known.computeIfAbsent(list.get(i), item -> next);
        }
        return new Distinct<>(List.copyOf(known.keySet()), places);
    }
}
