package io.github.fedhds.features;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The distinct items of a list, so that each is computed once: in a batch, equal rows at different positions may differ
 * in the last bits.
 *
 * @param items distinct items, in the order of their first occurrence
 * @param places for each element of the list, the index of its equal item
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
