package io.github.fedhds.examples.paper;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.fedhds.coreset.Coreset;
import io.github.fedhds.coreset.Group;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class RandIndexTest {
    private static Coreset coreset(int[]... groups) {
        List<Group> list = new ArrayList<>();
        for (int[] members : groups) {
            list.add(new Group(list.size(), members, 1));
        }
        return new Coreset(list);
    }

    @Test
    void adjusted_equalGroupsInAnotherOrder_isOne() {
        Coreset one = coreset(new int[] {0, 1, 2}, new int[] {3, 4});
        Coreset other = coreset(new int[] {4, 3}, new int[] {2, 0, 1});
        assertEquals(1, RandIndex.adjusted(one, other, 6), 1e-12);
    }

    /** Pairs together: 4 in one, 3 in the other, 2 in both, of 15: (2 - 12/15) / (3.5 - 12/15). */
    @Test
    void adjusted_differentGroups_isByPairs() {
        Coreset one = coreset(new int[] {0, 1, 2}, new int[] {3, 4});
        Coreset other = coreset(new int[] {0, 1}, new int[] {3, 4}, new int[] {2, 5});
        assertEquals(1.2 / 2.7, RandIndex.adjusted(one, other, 6), 1e-12);
    }

    @Test
    void adjusted_withoutGroups_isOneOnlyIfBothHaveNone() {
        assertEquals(1, RandIndex.adjusted(Coreset.empty(), Coreset.empty(), 4));
        assertEquals(1, RandIndex.adjusted(Coreset.empty(), Coreset.empty(), 0));
        assertEquals(0, RandIndex.adjusted(Coreset.empty(), coreset(new int[] {0, 1}), 4), 1e-12);
    }

    /** The mean over random groupings is 0; 400 of them have a standard error of about 0.003. */
    @Test
    void adjusted_randomGroups_isZeroOnAverage() {
        SplittableRandom random = new SplittableRandom(1);
        double sum = 0;
        for (int i = 0; i < 400; i++) {
            sum += RandIndex.adjusted(random(random), random(random), 20);
        }
        assertEquals(0, sum / 400, 0.015);
    }

    private static Coreset random(SplittableRandom random) {
        List<List<Integer>> groups = List.of(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
        for (int i = 0; i < 20; i++) {
            groups.get(random.nextInt(3)).add(i);
        }
        return coreset(groups.stream()
                .filter(group -> !group.isEmpty())
                .map(group -> group.stream().mapToInt(Integer::intValue).toArray())
                .toArray(int[][]::new));
    }

    @Test
    void jaccard_isOfTheRepresentatives() {
        Coreset one = coreset(new int[] {0, 1, 2}, new int[] {3, 4});
        assertEquals(1.0 / 3, RandIndex.jaccard(one, coreset(new int[] {0}, new int[] {4, 3})));
        assertEquals(0, RandIndex.jaccard(one, Coreset.empty()));
        assertEquals(1, RandIndex.jaccard(Coreset.empty(), Coreset.empty()));
    }
}
