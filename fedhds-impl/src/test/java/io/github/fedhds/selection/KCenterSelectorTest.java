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
import java.util.List;
import org.junit.jupiter.api.Test;

class KCenterSelectorTest extends CoresetSelectorContract {
    @Override
    CoresetSelector selector() {
        return KCenterSelector.share(0.1);
    }

    private static List<Group> select(Points points, int count) {
        return KCenterSelector.count(count)
                .select(Candidates.of(points), RoundContext.first())
                .groups();
    }

    @Test
    void select_pointsOnALine_startsInTheMiddleAndGoesFarthest() {
        Points line = new Points(6, 1, new double[] {0, 1, 5, 9, 10, 5.5}); // mean 5.08
        assertArrayEquals(
                new int[] {2, 0, 4, 1},
                select(line, 4).stream().mapToInt(g -> g.members()[0]).toArray());
        assertArrayEquals(new int[] {2, 5, 1, 3, 0, 4}, select(line, 1).get(0).members());
        assertArrayEquals(new int[] {4, 3}, select(line, 3).get(2).members());
    }

    @Test
    void select_anyCount_coversWithinTwiceTheLeast() {
        for (int seed = 0; seed < 20; seed++) {
            Points points = random(12, seed);
            List<Group> groups = select(points, 3);
            double least = Double.POSITIVE_INFINITY;
            for (int a = 0; a < 12; a++) {
                for (int b = 0; b < a; b++) {
                    for (int c = 0; c < b; c++) {
                        least = Math.min(least, radius(points, a, b, c));
                    }
                }
            }
            double radius =
                    radius(points, groups.stream().mapToInt(g -> g.members()[0]).toArray());
            assertTrue(radius <= 2 * least + 1e-9, radius + " beside " + least);
            assertEquals(12, groups.stream().mapToInt(g -> g.members().length).sum());
        }
    }

    private static double radius(Points points, int... centres) {
        double radius = 0;
        for (int i = 0; i < points.size(); i++) {
            double nearest = Double.POSITIVE_INFINITY;
            for (int centre : centres) {
                nearest = Math.min(nearest, Nearness.distance(points, i, points.point(centre)));
            }
            radius = Math.max(radius, nearest);
        }
        return radius;
    }

    @Test
    void select_candidatesThatCoincide_areCoveredByOne() {
        List<Group> groups = select(new Points(5, 1, new double[] {3, 3, 8, 3, 8}), 5);
        assertEquals(2, groups.size());
        assertArrayEquals(new int[] {0, 1, 3}, groups.get(0).members());
        assertArrayEquals(new int[] {2, 4}, groups.get(1).members());
    }

    @Test
    void shareOfSamples_countsWhatTheCandidatesStandFor() {
        Points points = random(12, 1);
        KCenterSelector selector = KCenterSelector.shareOfSamples(0.015);
        for (long[] one : new long[][] {{1, 1}, {199, 2}, {200, 3}, {799, 11}, {800, 12}, {Long.MAX_VALUE, 12}}) {
            Coreset coreset = selector.select(Candidates.of(points, one[0]), RoundContext.first());
            assertEquals(one[1], coreset.groups().size(), one[0] + " samples");
            assertEquals(select(points, (int) one[1]), coreset.groups());
        }
        IllegalStateException unknown = assertThrows(
                IllegalStateException.class, () -> selector.select(Candidates.of(points, 0), RoundContext.first()));
        assertTrue(unknown.toString().contains("CentroidReport.samples"), unknown.toString());
        assertThrows(IllegalArgumentException.class, () -> KCenterSelector.shareOfSamples(0));
    }

    private static int[] chosen(Points points, int count, Points earlier) {
        return KCenterSelector.count(count)
                .select(Candidates.of(points, points.size(), earlier), RoundContext.first())
                .groups()
                .stream()
                .mapToInt(group -> group.members()[0])
                .toArray();
    }

    @Test
    void select_pointsOfEarlierRounds_countAsChosen() {
        Points line = new Points(6, 1, new double[] {0, 1, 5, 9, 10, 5.5});
        assertArrayEquals(new int[] {0, 4, 1}, chosen(line, 3, new Points(2, 1, new double[] {6, 7.5})));
        assertArrayEquals(
                chosen(line, 6, new Points(0, 1, new double[0])),
                select(line, 6).stream().mapToInt(g -> g.members()[0]).toArray());
        // Every candidate is in a group, of its nearest centre of this round.
        List<Group> groups = KCenterSelector.count(2)
                .select(Candidates.of(line, 6, new Points(1, 1, new double[] {5})), RoundContext.first())
                .groups();
        assertArrayEquals(new int[] {0, 1, 2}, groups.get(0).members());
        assertArrayEquals(new int[] {4, 3, 5}, groups.get(1).members());
    }

    /** When all that is new is chosen, or nothing is new, the rest is chosen as without a memory. */
    @Test
    void select_nothingNewLeft_forgetsEarlierRounds() {
        Points line = new Points(4, 1, new double[] {0, 4, 9, 20});
        assertArrayEquals(new int[] {3, 0, 2}, chosen(line, 3, new Points(3, 1, new double[] {0, 4, 9})));
        assertArrayEquals(select(line, 2).stream().mapToInt(g -> g.members()[0]).toArray(), chosen(line, 2, line));
    }

    @Test
    void select_earlierPointsOfOtherCoordinates_areRefused() {
        IllegalArgumentException error = assertThrows(
                IllegalArgumentException.class, () -> chosen(random(4, 1), 1, new Points(1, 1, new double[1])));
        assertTrue(error.toString().contains("one frame for all rounds"), error.toString());
    }

    @Test
    void select_noneOrNotFinite() {
        assertEquals(Coreset.empty(), new Coreset(select(random(5, 1), 0)));
        IllegalArgumentException error = assertThrows(
                IllegalArgumentException.class, () -> select(new Points(2, 1, new double[] {0, Double.NaN}), 1));
        assertTrue(error.toString().contains("row 1"), error.toString());
        assertThrows(IllegalArgumentException.class, () -> KCenterSelector.count(-1));
        assertThrows(IllegalArgumentException.class, () -> KCenterSelector.share(1.1));
    }
}
