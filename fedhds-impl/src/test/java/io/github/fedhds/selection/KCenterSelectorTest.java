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
import java.util.List;
import java.util.Random;
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
        return chosen(KCenterSelector.count(count), points, earlier);
    }

    private static int[] chosen(KCenterSelector selector, Points points) {
        return chosen(selector, points, new Points(0, points.dimensions(), new double[0]));
    }

    private static int[] chosen(KCenterSelector selector, Points points, Points earlier) {
        return selector.select(Candidates.of(points, points.size(), earlier), RoundContext.first()).groups().stream()
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

    /** Clusters of 20 at 0, 10 and 20 on the first axis, in order; the last two points are alone, at -30 and 50. */
    private static Points clustersAndTwoAlone(long seed) {
        Random random = new Random(seed);
        List<double[]> rows = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            rows.add(new double[] {10 * (i / 20) + 0.1 * random.nextGaussian(), 0.1 * random.nextGaussian()});
        }
        rows.add(new double[] {-30, random.nextGaussian()});
        rows.add(new double[] {50, random.nextGaussian()});
        return Points.of(rows);
    }

    private static int[] clusters(int[] chosen) {
        return Arrays.stream(chosen).map(i -> i / 20).sorted().toArray();
    }

    @Test
    void withDensity_pointsAlone_areChosenAfterTheClusters() {
        for (int seed = 0; seed < 20; seed++) {
            Points points = clustersAndTwoAlone(seed);
            assertArrayEquals(
                    new int[] {1, 3, 3}, clusters(chosen(KCenterSelector.count(3), points)), "plain, seed " + seed);
            for (double power : new double[] {0.5, 0.8, 1}) {
                KCenterSelector selector = KCenterSelector.count(3).withDensity(power);
                assertArrayEquals(new int[] {0, 1, 2}, clusters(chosen(selector, points)), power + ", seed " + seed);
            }
        }
    }

    @Test
    void withDensity_pointsOfEarlierRounds_countAsChosen() {
        Points points = clustersAndTwoAlone(1);
        KCenterSelector two = KCenterSelector.count(2).withDensity(0.5);
        Points first = Points.of(List.of(new double[] {0, 0}));
        assertArrayEquals(new int[] {1, 2}, clusters(chosen(two, points, first)));
        Points others = Points.of(List.of(new double[] {10, 0}, new double[] {20, 0}));
        assertEquals(0, chosen(two, points, others)[0] / 20);
        assertArrayEquals(chosen(two, points), chosen(two, points, points), "nothing is new");
    }

    @Test
    void withDensity_powerZero_isThePlainKCenter() {
        for (int seed = 0; seed < 20; seed++) {
            Points points = random(50, seed);
            Candidates candidates = Candidates.of(points, 50, random(3, seed + 100));
            assertEquals(
                    KCenterSelector.count(9).select(candidates, RoundContext.first()),
                    KCenterSelector.count(9).withDensity(0, 3).select(candidates, RoundContext.first()));
        }
    }

    private static Points scaled(Points points, double factor) {
        return new Points(
                points.size(),
                points.dimensions(),
                Arrays.stream(points.toArray()).map(x -> x * factor).toArray());
    }

    @Test
    void withDensity_anyScale_choosesTheSame() {
        for (int seed = 0; seed < 10; seed++) {
            Points points = random(40, seed);
            for (KCenterSelector selector : List.of(
                    KCenterSelector.count(12).withDensity(0.5),
                    KCenterSelector.count(12).withDensity(1, 3),
                    KCenterSelector.count(12).withDensity(1).withCosine())) {
                int[] expected = chosen(selector, points);
                for (double factor : new double[] {1e-100, 1e-13, 0.1, 1000, 1e100}) {
                    assertArrayEquals(expected, chosen(selector, scaled(points, factor)), selector + " " + factor);
                }
            }
        }
    }

    /** More copies than neighbours have no distance to them; they are still one candidate among others. */
    @Test
    void withDensity_duplicates_areFiniteAndCountOnce() {
        double[] line = new double[26];
        for (int i = 20; i < 26; i++) {
            line[i] = i;
        }
        KCenterSelector selector = KCenterSelector.count(26).withDensity(1);
        int[] all = chosen(selector, new Points(26, 1, line));
        assertArrayEquals(
                new int[] {0, 20, 21, 22, 23, 24, 25},
                Arrays.stream(all).sorted().toArray());
        assertArrayEquals(new int[] {0}, chosen(selector, new Points(26, 1, new double[26])));
        assertArrayEquals(new int[] {0}, chosen(selector, new Points(1, 1, new double[1])));
        assertEquals(2, chosen(selector, new Points(2, 1, new double[] {0, 1e-100})).length);
    }

    @Test
    void withCosine_isByAngle() {
        Points rays = Points.of(List.of(
                new double[] {1, 0.1},
                new double[] {1, 0},
                new double[] {1e300, 1e299},
                new double[] {0, 1e-300},
                new double[] {-5, -5}));
        int[] chosen = chosen(KCenterSelector.count(3).withCosine(), rays);
        assertArrayEquals(new int[] {0, 4, 3}, chosen);
        Group group = KCenterSelector.count(1)
                .withCosine()
                .select(Candidates.of(new Points(2, 2, new double[] {0, 0, 3, 4})), RoundContext.first())
                .groups()
                .get(0);
        assertArrayEquals(new double[] {0, 0}, group.centre().orElseThrow());
        assertEquals(2, group.members().length);
    }

    @Test
    void withRandomStart_startsAnywhereAndGoesFarthest() {
        Points line = new Points(4, 1, new double[] {0, 1, 2, 9});
        KCenterSelector selector = KCenterSelector.count(2).withRandomStart();
        int[] starts = new int[4];
        for (int seed = 0; seed < 400; seed++) {
            RoundContext round = RoundContext.first().withSeed(seed);
            Coreset coreset = selector.select(Candidates.of(line), round);
            assertEquals(coreset, selector.select(Candidates.of(line), round));
            int start = coreset.groups().get(0).members()[0];
            starts[start]++;
            assertEquals(start == 3 ? 0 : 3, coreset.groups().get(1).members()[0]);
        }
        for (int count : starts) { // five standard deviations of a quarter of 400
            assertEquals(100, count, 43);
        }
    }

    /** How many are chosen of each client; client c has points near 100 c; those of client 3 are far apart. */
    private static int[] chosenOf(KCenterSelector selector, int[] points, long[] samples) {
        List<Points> ofClients = new ArrayList<>();
        for (int client = 0; client < points.length; client++) {
            double[] line = new double[points[client]];
            for (int i = 0; i < line.length; i++) {
                line[i] = 100 * client + (client == 3 ? 10 : 1) * i;
            }
            ofClients.add(new Points(line.length, 1, line));
        }
        Candidates candidates = Candidates.ofClients(ofClients, samples, new Points(0, 1, new double[0]));
        int[] counts = new int[points.length];
        for (Group group : selector.select(candidates, RoundContext.first()).groups()) {
            counts[candidates.owners()[group.members()[0]]]++;
        }
        return counts;
    }

    @Test
    void withClientLimits_countByTheSamplesOfEachClient() {
        KCenterSelector plain = KCenterSelector.count(8);
        KCenterSelector limited = plain.withClientLimits();
        int[] twenty = {20, 20, 20, 20};
        assertTrue(chosenOf(plain, twenty, new long[] {50, 50, 50, 50})[3] > 3, "the farthest apart");
        assertArrayEquals(new int[] {2, 2, 2, 2}, chosenOf(limited, twenty, new long[] {50, 50, 50, 50}));
        assertArrayEquals(new int[] {2, 2, 2, 2}, chosenOf(limited, twenty, new long[4]), "no number is known");
        assertArrayEquals(new int[] {1, 1, 1, 5}, chosenOf(limited, twenty, new long[] {20, 20, 20, 140}));
        assertArrayEquals(new int[] {3, 3, 1, 1}, chosenOf(limited, new int[] {20, 20, 1, 1}, new long[4]), "raised");
        assertArrayEquals(new int[] {4, 4, 0, 0}, chosenOf(limited, new int[] {20, 20, 0, 0}, new long[4]));
        assertArrayEquals(new int[] {2, 1}, chosenOf(limited, new int[] {2, 1}, new long[2]), "fewer candidates");
        KCenterSelector share = KCenterSelector.shareOfSamples(0.04).withClientLimits();
        assertArrayEquals(new int[] {2, 2, 2, 2}, chosenOf(share, twenty, new long[] {50, 50, 50, 50}));
    }

    @Test
    void withClientLimits_oneClient_choosesAsWithout() {
        for (int seed = 0; seed < 20; seed++) {
            Candidates candidates = Candidates.of(random(50, seed), 50, random(3, seed + 100));
            for (KCenterSelector selector :
                    List.of(KCenterSelector.count(9), KCenterSelector.count(60).withDensity(0.5))) {
                assertEquals(
                        selector.select(candidates, RoundContext.first()),
                        selector.withClientLimits().select(candidates, RoundContext.first()));
            }
        }
    }

    @Test
    void settings_outOfRange_areRefused() {
        KCenterSelector selector = KCenterSelector.count(1);
        for (double power : new double[] {-0.1, 1.1, Double.NaN}) {
            IllegalArgumentException error =
                    assertThrows(IllegalArgumentException.class, () -> selector.withDensity(power));
            assertTrue(error.toString().contains("power of the density"), error.toString());
        }
        assertThrows(IllegalArgumentException.class, () -> selector.withDensity(1, 0));
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
