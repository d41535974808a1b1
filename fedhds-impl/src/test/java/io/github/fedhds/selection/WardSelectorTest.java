package io.github.fedhds.selection;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.coreset.Candidates;
import io.github.fedhds.coreset.Coreset;
import io.github.fedhds.coreset.CoresetSelector;
import io.github.fedhds.coreset.Group;
import io.github.fedhds.feature.Points;
import io.github.fedhds.round.RoundContext;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WardSelectorTest extends CoresetSelectorContract {
    @Override
    CoresetSelector selector() {
        return WardSelector.share(0.1);
    }

    private static Coreset select(Points points, int groups) {
        return WardSelector.count(groups).select(Candidates.of(points), RoundContext.first());
    }

    /** Sorted members, group by group. */
    private static Set<List<Integer>> parts(Coreset coreset) {
        Set<List<Integer>> parts = new HashSet<>();
        for (Group group : coreset.groups()) {
            parts.add(Arrays.stream(group.members()).sorted().boxed().toList());
        }
        return parts;
    }

    /** The method as it is told: always the two groups whose union adds least. */
    private static Set<List<Integer>> slowly(Points points, int groups) {
        List<List<Integer>> parts = new ArrayList<>();
        for (int i = 0; i < points.size(); i++) {
            parts.add(List.of(i));
        }
        while (parts.size() > groups) {
            double least = Double.POSITIVE_INFINITY;
            int[] best = new int[2];
            for (int a = 0; a < parts.size(); a++) {
                for (int b = 0; b < a; b++) {
                    List<Integer> union = new ArrayList<>(parts.get(a));
                    union.addAll(parts.get(b));
                    double added =
                            squares(points, union) - squares(points, parts.get(a)) - squares(points, parts.get(b));
                    if (added < least) {
                        least = added;
                        best = new int[] {a, b};
                    }
                }
            }
            List<Integer> union = new ArrayList<>(parts.get(best[0]));
            union.addAll(parts.get(best[1]));
            union.sort(null);
            parts.remove(best[0]);
            parts.remove(best[1]);
            parts.add(union);
        }
        return new HashSet<>(parts);
    }

    private static double squares(Points points, List<Integer> members) {
        int[] array = members.stream().mapToInt(m -> m).toArray();
        double[] mean = Nearness.mean(points, array);
        return Arrays.stream(array)
                .mapToDouble(m -> Math.pow(Nearness.distance(points, m, mean), 2))
                .sum();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 7, 20, 29, 30})
    void select_randomPoints_areTheMethodsGroups(int groups) {
        for (int seed = 0; seed < 5; seed++) {
            Points points = random(30, seed);
            assertEquals(slowly(points, groups), parts(select(points, groups)));
        }
    }

    @Test
    void select_groups_haveTheirMeansAndTheNearestFirst() {
        Points points = random(50, 1);
        for (Group group : select(points, 6).groups()) {
            double[] mean = Nearness.mean(
                    points, Arrays.stream(group.members()).sorted().toArray());
            assertArrayEquals(mean, group.centre().orElseThrow());
            for (int member : group.members()) {
                assertTrue(Nearness.distance(points, group.members()[0], mean)
                        <= Nearness.distance(points, member, mean) + 1e-9);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 10, 11, 1000})
    void count_isTheNumberOfGroupsOrAll(int count) {
        assertEquals(Math.min(10, count), select(random(10, 1), count).groups().size());
        assertEquals(
                Math.min(1, count),
                select(new Points(10, 1, new double[10]), count).groups().size(),
                "candidates that coincide");
    }

    @Test
    void select_rowsInAnotherOrder_givesTheSameGroups() {
        Points points = random(60, 4);
        List<double[]> reversed = new ArrayList<>();
        for (int i = 59; i >= 0; i--) {
            reversed.add(points.point(i));
        }
        Set<List<Integer>> back = new HashSet<>();
        for (List<Integer> part : parts(select(Points.of(reversed), 8))) {
            back.add(part.stream().map(i -> 59 - i).sorted().toList());
        }
        assertEquals(parts(select(points, 8)), back);
    }

    @Test
    void select_coordinateNotFinite_namesTheCandidate() {
        Points points = Points.of(new double[] {0}, new double[] {Double.NaN});
        IllegalArgumentException error = assertThrows(IllegalArgumentException.class, () -> select(points, 1));
        assertTrue(error.toString().contains("row 1"), error.toString());
    }

    @Test
    void amounts_outOfRange_areRefused() {
        assertThrows(IllegalArgumentException.class, () -> WardSelector.count(-1));
        assertThrows(IllegalArgumentException.class, () -> WardSelector.share(0));
        assertThrows(IllegalArgumentException.class, () -> WardSelector.share(Double.NaN));
    }
}
