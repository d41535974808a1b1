package io.github.fedhds.selection;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.coreset.Coreset;
import io.github.fedhds.coreset.CoresetSelector;
import io.github.fedhds.coreset.Group;
import io.github.fedhds.feature.Points;
import io.github.fedhds.round.RoundContext;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RandomSelectorTest extends CoresetSelectorContract {
    @Override
    CoresetSelector selector() {
        return RandomSelector.share(0.1);
    }

    private static int[] chosen(CoresetSelector selector, int n, RoundContext round) {
        Coreset coreset = selector.select(blind(n), round);
        if (coreset.groups().isEmpty()) {
            return new int[0];
        }
        assertEquals(1, coreset.groups().size());
        Group group = coreset.groups().get(0);
        assertEquals(group.members().length, group.take());
        return group.representatives();
    }

    @ParameterizedTest
    @CsvSource({"0.1, 50, 5", "0.29, 100, 29", "0.001, 50, 1", "1, 50, 50", "0.5, 1, 1", "0.99, 10, 9", "0.5, 0, 0"})
    void share_ofCandidates_isThatMany(double share, int n, int expected) {
        assertEquals(expected, chosen(RandomSelector.share(share), n, RoundContext.first()).length);
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, -0.1, 1.0000001, Double.NaN, Double.POSITIVE_INFINITY})
    void share_outOfRange_isRefused(double share) {
        assertThrows(IllegalArgumentException.class, () -> RandomSelector.share(share));
    }

    @ParameterizedTest
    @CsvSource({"0, 50, 0", "1, 50, 1", "49, 50, 49", "50, 50, 50", "51, 50, 50", "5, 0, 0"})
    void count_ofCandidates_isThatManyOrAll(int count, int n, int expected) {
        RoundContext round = RoundContext.first();
        assertEquals(expected, chosen(RandomSelector.count(count), n, round).length);
        assertEquals(expected, chosen(RandomSelector.count(context -> count), n, round).length);
    }

    @Test
    void count_byRound_asksTheFunctionWithTheRound() {
        RandomSelector selector = RandomSelector.count(RoundContext::round);
        for (int number = 1; number < 9; number++) {
            assertEquals(number, chosen(selector, 20, round(number, "a")).length);
        }
    }

    @Test
    void count_belowNone_isRefused() {
        assertThrows(IllegalArgumentException.class, () -> RandomSelector.count(-1));
        RandomSelector selector = RandomSelector.count(round -> -1);
        assertThrows(IllegalArgumentException.class, () -> chosen(selector, 5, RoundContext.first()));
    }

    @Test
    void centre_isTheOriginOfTheCandidatesAxes() {
        for (int dimensions : new int[] {1, 8}) {
            Coreset coreset = RandomSelector.count(3).select(blind(10, dimensions), RoundContext.first());
            assertArrayEquals(
                    new double[dimensions], coreset.groups().get(0).centre().orElseThrow());
        }
    }

    @Test
    void select_anotherRoundClientOrSeed_drawsAnew() {
        RandomSelector selector = RandomSelector.count(10);
        int[] plain = chosen(selector, 1000, round(1, "a"));
        // Equal by chance once in 1e23 each.
        assertNotEquals(Arrays.toString(plain), Arrays.toString(chosen(selector, 1000, round(2, "a"))));
        assertNotEquals(Arrays.toString(plain), Arrays.toString(chosen(selector, 1000, round(1, "b"))));
        assertNotEquals(
                Arrays.toString(plain),
                Arrays.toString(chosen(selector, 1000, round(1, "a").withSeed(1))));
        assertArrayEquals(plain, chosen(selector, 1000, round(1, "a")));
    }

    @Test
    void select_manyTimes_everyCandidateEquallyOften() {
        int[] times = new int[20];
        for (int seed = 0; seed < 4000; seed++) {
            for (int member :
                    chosen(RandomSelector.count(5), 20, RoundContext.first().withSeed(seed))) {
                times[member]++;
            }
        }
        for (int count : times) { // 1000 expected, standard deviation 27; the seeds are fixed, so chance is out of it
            assertTrue(Math.abs(count - 1000) < 6 * 27, Arrays.toString(times));
        }
    }

    @Test
    void round_randomOnClientsAndEveryOnServer_trainsOnThatMany() {
        List<Points> samples = List.of(random(40, 1), random(30, 2), random(0, 3));
        Map<Integer, List<Integer>> trained = Rounds.trainedOn(samples, RandomSelector.count(4), new EverySelector());
        assertEquals(List.of(0, 1), List.copyOf(trained.keySet()));
        trained.values().forEach(members -> assertEquals(4, members.size()));
    }

    @Test
    void round_randomOnServer_choosesThatManyGroups() {
        List<Points> samples = List.of(random(90, 1), random(90, 2), random(90, 3));
        Map<Integer, List<Integer>> trained =
                Rounds.trainedOn(samples, HdbscanSelector.forClient(), RandomSelector.count(2));
        assertEquals(2, trained.values().stream().mapToInt(List::size).sum());
    }
}
