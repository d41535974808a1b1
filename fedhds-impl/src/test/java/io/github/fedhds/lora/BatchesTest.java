package io.github.fedhds.lora;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.tokenizer.EncodedSample;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class BatchesTest {
    /** Lengths 3 to 12, each twice, in no order. */
    private static final List<EncodedSample> SAMPLES = IntStream.range(0, 20)
            .mapToObj(i -> new EncodedSample(new int[3 + i * 7 % 10], 1, false))
            .toList();

    private static List<List<List<EncodedSample>>> pass(Batches batches, Iterator<List<List<EncodedSample>>> supply) {
        List<List<List<EncodedSample>>> steps = new ArrayList<>();
        for (int i = 0; i < batches.stepsOf(SAMPLES.size()); i++) {
            steps.add(supply.next());
        }
        return steps;
    }

    @Test
    void deal_anySettings_givesEverySampleOncePerPass() {
        for (int size : new int[] {1, 3, 20, 99, Integer.MAX_VALUE}) {
            for (int perStep : new int[] {1, 2, 50, Integer.MAX_VALUE}) {
                for (int budget : new int[] {1, 24, Integer.MAX_VALUE}) {
                    for (boolean byLength : new boolean[] {false, true}) {
                        Batches batches = new Batches(size, perStep, budget, byLength);
                        Iterator<List<List<EncodedSample>>> supply = batches.deal(SAMPLES, new SplittableRandom(1));
                        for (int repeat = 0; repeat < 3; repeat++) {
                            List<EncodedSample> seen = pass(batches, supply).stream()
                                    .flatMap(List::stream)
                                    .flatMap(List::stream)
                                    .toList();
                            assertEquals(SAMPLES.size(), seen.size(), batches::toString);
                            assertEquals(new HashSet<>(SAMPLES), new HashSet<>(seen), batches::toString);
                        }
                    }
                }
            }
        }
    }

    @Test
    void stepsOf_countsTheLastSmallOnes() {
        assertEquals(0, new Batches(3, 2, 9, false).stepsOf(0));
        assertEquals(1, new Batches(3, 2, 9, false).stepsOf(6));
        assertEquals(2, new Batches(3, 2, 9, false).stepsOf(7));
        assertEquals(1, new Batches(Integer.MAX_VALUE, Integer.MAX_VALUE, 9, false).stepsOf(7));
    }

    @Test
    void deal_withoutBudget_keepsSizes() {
        Batches batches = new Batches(3, 2, Integer.MAX_VALUE, false);
        List<List<Integer>> sizes = pass(batches, batches.deal(SAMPLES, new SplittableRandom(1))).stream()
                .map(step -> step.stream().map(List::size).toList())
                .toList();
        assertEquals(List.of(List.of(3, 3), List.of(3, 3), List.of(3, 3), List.of(2)), sizes);
    }

    @Test
    void deal_byLength_putsAlikeTogetherInRandomOrder() {
        Batches batches = new Batches(2, 1, Integer.MAX_VALUE, true);
        Set<List<Integer>> orders = new HashSet<>();
        Iterator<List<List<EncodedSample>>> supply = batches.deal(SAMPLES, new SplittableRandom(1));
        for (int repeat = 0; repeat < 5; repeat++) {
            List<Integer> order = new ArrayList<>();
            for (List<List<EncodedSample>> step : pass(batches, supply)) {
                List<EncodedSample> batch = step.get(0);
                assertEquals(batch.get(0).ids().length, batch.get(1).ids().length);
                order.add(batch.get(0).ids().length);
            }
            orders.add(order);
        }
        assertEquals(5, orders.size(), "of 10! orders");
        assertTrue(orders.stream().allMatch(order -> order.size() == 10));
    }

    @Test
    void deal_withBudget_cutsBatchesAndKeepsSteps() {
        Batches whole = new Batches(5, 2, Integer.MAX_VALUE, false);
        Batches cut = new Batches(5, 2, 24, false);
        List<List<List<EncodedSample>>> expected = pass(whole, whole.deal(SAMPLES, new SplittableRandom(1)));
        List<List<List<EncodedSample>>> actual = pass(cut, cut.deal(SAMPLES, new SplittableRandom(1)));
        assertNotEquals(expected, actual);
        for (int i = 0; i < expected.size(); i++) {
            assertEquals(flat(expected.get(i)), flat(actual.get(i)), "step " + i);
            for (List<EncodedSample> part : actual.get(i)) {
                int longest = part.stream().mapToInt(s -> s.ids().length).max().orElseThrow();
                assertTrue(longest * part.size() <= 24, () -> longest + " x " + part.size());
            }
        }
        Batches single = new Batches(5, 1, 1, false);
        pass(single, single.deal(SAMPLES, new SplittableRandom(1)))
                .forEach(step -> step.forEach(part -> assertEquals(1, part.size(), "too long, so alone")));
    }

    private static Set<EncodedSample> flat(List<List<EncodedSample>> step) {
        Set<EncodedSample> samples = new HashSet<>();
        step.forEach(samples::addAll);
        return samples;
    }
}
