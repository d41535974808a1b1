package io.github.fedhds.selection;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.fedhds.coreset.Candidates;
import io.github.fedhds.coreset.Coreset;
import io.github.fedhds.coreset.CoresetSelector;
import io.github.fedhds.coreset.Group;
import io.github.fedhds.feature.Points;
import io.github.fedhds.round.RoundContext;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BudgetSelectorTest extends CoresetSelectorContract {
    /** Groups of 1, 3 and 2; the seventh candidate is noise. */
    private static final CoresetSelector FIXED = (candidates, round) -> new Coreset(List.of(
            new Group(0, new double[1], new int[] {0}),
            new Group(1, new double[1], new int[] {3, 1, 2}),
            new Group(2, new double[1], new int[] {5, 4})));

    @Override
    CoresetSelector selector() {
        return BudgetSelector.share(HdbscanSelector.forClient(), 0.1);
    }

    private static int[] takes(int budget) {
        return BudgetSelector.count(FIXED, budget)
                .select(Candidates.of(new Points(7, 1, new double[7])), RoundContext.first())
                .groups()
                .stream()
                .mapToInt(Group::take)
                .toArray();
    }

    @Test
    void count_isDealtToTheLargestFirst() {
        assertArrayEquals(new int[] {}, takes(0));
        assertArrayEquals(new int[] {1}, takes(1));
        assertArrayEquals(new int[] {1, 1}, takes(2));
        assertArrayEquals(new int[] {1, 1, 1}, takes(3));
        assertArrayEquals(new int[] {1, 2, 1}, takes(4));
        assertArrayEquals(new int[] {1, 3, 2}, takes(6));
        assertArrayEquals(new int[] {1, 3, 2}, takes(100));
    }

    @Test
    void count_groupsLeftOut_areNumberedAnewAndKeepTheirMembers() {
        List<Group> groups = BudgetSelector.count(FIXED, 2)
                .select(Candidates.of(new Points(7, 1, new double[7])), RoundContext.first())
                .groups();
        assertArrayEquals(new int[] {3, 1, 2}, groups.get(0).members());
        assertArrayEquals(new int[] {5, 4}, groups.get(1).members());
    }

    @ParameterizedTest
    @CsvSource({"0.1, 18", "0.01, 2", "1, 180"})
    void round_shareOnClientsWithoutNoise_isExactOverTheRound(double share, int expected) {
        List<Points> samples = List.of(random(90, 1), random(90, 2));
        Map<Integer, List<Integer>> trained =
                Rounds.trainedOn(samples, BudgetSelector.share(WardSelector.count(7), share), new EverySelector());
        assertEquals(expected, trained.values().stream().mapToInt(List::size).sum());
    }

    @ParameterizedTest
    @CsvSource({"0", "1", "5", "13"})
    void round_countOnTheServer_isExactOverTheRound(int count) {
        List<Points> samples = List.of(random(90, 1), random(90, 2));
        CoresetSelector clients = WardSelector.count(7);
        for (CoresetSelector server : new CoresetSelector[] {
            BudgetSelector.count(WardSelector.count(4), count), WardSelector.count(count), KCenterSelector.count(count)
        }) {
            Map<Integer, List<Integer>> trained = Rounds.trainedOn(samples, clients, server);
            assertEquals(count, trained.values().stream().mapToInt(List::size).sum());
        }
    }

    @Test
    void amounts_outOfRange_areRefused() {
        assertThrows(IllegalArgumentException.class, () -> BudgetSelector.count(FIXED, -1));
        assertThrows(IllegalArgumentException.class, () -> BudgetSelector.share(FIXED, 1.5));
    }
}
