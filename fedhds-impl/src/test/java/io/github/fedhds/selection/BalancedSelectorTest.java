package io.github.fedhds.selection;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.coreset.Candidates;
import io.github.fedhds.coreset.Coreset;
import io.github.fedhds.coreset.CoresetSelector;
import io.github.fedhds.coreset.Group;
import io.github.fedhds.feature.Points;
import io.github.fedhds.round.RoundContext;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class BalancedSelectorTest extends CoresetSelectorContract {
    @Override
    CoresetSelector selector() {
        return BalancedSelector.share(HdbscanSelector.forClient(), 0.1);
    }

    /** Groups of 90, 6 and 2 candidates; two are in no group. */
    private static Coreset groups(Candidates candidates, RoundContext round) {
        return new Coreset(List.of(
                new Group(0, new double[2], IntStream.range(0, 90).toArray()),
                new Group(1, new double[2], IntStream.range(90, 96).toArray()),
                new Group(2, new double[2], new int[] {96, 97})));
    }

    private static int[] sizes(int count, long seed) {
        int[] chosen = BalancedSelector.count(BalancedSelectorTest::groups, count)
                .select(
                        Candidates.of(new Points(100, 2, new double[200])),
                        RoundContext.first().withSeed(seed))
                .groups()
                .get(0)
                .representatives();
        assertEquals(count, Arrays.stream(chosen).distinct().count());
        int[] sizes = new int[4];
        for (int one : chosen) {
            sizes[one < 90 ? 0 : one < 96 ? 1 : one < 98 ? 2 : 3]++;
        }
        return sizes;
    }

    @Test
    void select_groupsOfCandidatesThatDoNotExist_areNamed() {
        CoresetSelector wrong =
                (candidates, round) -> new Coreset(List.of(new Group(0, new double[2], new int[] {0, 100}, 1)));
        Candidates candidates = Candidates.of(new Points(100, 2, new double[200]));
        String message = assertThrows(
                        IllegalStateException.class,
                        () -> BalancedSelector.count(wrong, 3).select(candidates, RoundContext.first()))
                .getMessage();
        assertTrue(String.valueOf(message).contains("names candidate 100 of 100, counted from 0"), message);
    }

    @Test
    void count_takesOneOfEachGroupInTurn() {
        for (int seed = 0; seed < 20; seed++) {
            assertArrayEquals(new int[] {1, 1, 1, 1}, sizes(4, seed));
            assertArrayEquals(new int[] {2, 2, 2, 2}, sizes(8, seed));
            assertArrayEquals(new int[] {4, 4, 2, 2}, sizes(12, seed));
            assertArrayEquals(new int[] {40, 6, 2, 2}, sizes(50, seed));
            assertArrayEquals(new int[] {90, 6, 2, 2}, sizes(100, seed));
        }
    }

    /** Where there are more groups than candidates to choose, each group comes first equally often. */
    @Test
    void count_belowTheNumberOfGroups_choosesGroupsAtRandom() {
        int[] sums = new int[4];
        for (int seed = 0; seed < 4000; seed++) {
            int[] sizes = sizes(1, seed);
            Arrays.setAll(sums, g -> sums[g] + sizes[g]);
        }
        for (int sum : sums) { // five standard deviations of a quarter of 4,000
            assertEquals(1000, sum, 137);
        }
    }

    @Test
    void select_anotherSeed_choosesOthers() {
        Candidates candidates = Candidates.of(random(200, 1));
        Coreset one = selector().select(candidates, RoundContext.first());
        assertNotEquals(one, selector().select(candidates, RoundContext.first().withSeed(1)));
        assertEquals(20, one.groups().get(0).take());
        assertThrows(IllegalArgumentException.class, () -> BalancedSelector.share(HdbscanSelector.forClient(), 0));
    }
}
