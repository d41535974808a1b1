package io.github.fedhds.selection;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.clustering.Clustering;
import io.github.fedhds.clustering.Hdbscan;
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
import org.junit.jupiter.params.provider.ValueSource;

class HdbscanSelectorTest extends CoresetSelectorContract {
    @Override
    CoresetSelector selector() {
        return HdbscanSelector.forClient();
    }

    private static Coreset select(CoresetSelector selector, Points points) {
        return selector.select(Candidates.of(points), RoundContext.first());
    }

    @Test
    void select_groups_areTheClustersAndTheirCentres() {
        Points points = random(90, 1);
        Clustering clusters = Hdbscan.builder().build().fit(points);
        List<Group> groups = select(selector(), points).groups();
        assertTrue(clusters.clusters() > 1);
        assertEquals(clusters.clusters(), groups.size());
        for (Group group : groups) {
            assertArrayEquals(
                    clusters.centroids().point(group.id()), group.centre().orElseThrow());
            int[] members = group.members();
            double before = 0;
            for (int member : members) {
                assertEquals(group.id(), clusters.labels()[member]);
                double distance = Math.hypot(
                        points.get(member, 0) - group.centre().orElseThrow()[0],
                        points.get(member, 1) - group.centre().orElseThrow()[1]);
                assertTrue(distance >= before - 1e-9);
                before = distance;
            }
            assertEquals(1, group.take());
        }
    }

    @Test
    void select_pairs_theFirstOfEachStandsForIt() {
        // The middle of a pair is equally far from both, but for rounding, which must not choose.
        HdbscanSelector selector = HdbscanSelector.builder()
                .clustering(Hdbscan.builder().minClusterSize(2).minSamples(1).build())
                .build();
        for (double shift : new double[] {0, 0.1, 1 / 3.0, 12345.678}) {
            Points points = Points.of(
                    new double[] {0.3 + shift, 0.7},
                    new double[] {100 + shift, 0.1},
                    new double[] {0.1 + shift, 0.2},
                    new double[] {100.3 + shift, 0.9});
            List<Group> groups = select(selector, points).groups();
            assertEquals(2, groups.size());
            assertArrayEquals(new int[] {0, 2}, groups.get(0).members());
            assertArrayEquals(new int[] {1, 3}, groups.get(1).members());
        }
    }

    @Test
    void order_chainOfNearlyEqualDistances_isOneOrder() {
        // Each is within the tolerance of the next, the last not of the first.
        Points points = Points.of(
                new double[] {1 + 1.6e-9}, new double[] {1 + 0.8e-9}, new double[] {1}, new double[] {1 + 2.4e-9});
        assertArrayEquals(new int[] {1, 2, 0, 3}, Nearness.order(points, new int[] {0, 1, 2, 3}, new double[] {0}));
        assertArrayEquals(new int[] {1, 2, 0, 3}, Nearness.order(points, new int[] {3, 2, 1, 0}, new double[] {0}));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 1000})
    void samplesPerGroup_asManyAsThereAre_areTaken(int samples) {
        CoresetSelector selector =
                HdbscanSelector.builder().samplesPerGroup(samples).build();
        for (Group group : select(selector, random(90, 1)).groups()) {
            assertEquals(Math.min(samples, group.members().length), group.take());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, -1})
    void samplesPerGroup_belowOne_isRefused(int samples) {
        assertThrows(
                IllegalArgumentException.class, () -> HdbscanSelector.builder().samplesPerGroup(samples));
    }

    @Test
    void forClientAndServer_areThePapersSizes() {
        Points threes = Points.of(
                new double[] {0},
                new double[] {1},
                new double[] {2},
                new double[] {50},
                new double[] {51},
                new double[] {52});
        assertEquals(0, select(HdbscanSelector.forClient(), threes).groups().size());
        assertEquals(2, select(HdbscanSelector.forServer(), threes).groups().size());
    }

    @Test
    void select_coordinateNotFinite_namesTheCandidate() {
        Points points = Points.of(new double[] {0}, new double[] {Double.NaN});
        IllegalArgumentException error = assertThrows(IllegalArgumentException.class, () -> select(selector(), points));
        assertTrue(error.toString().contains("row 1"), error.toString());
    }

    @Test
    void select_noCandidates_asksForNoPoints() {
        assertEquals(Coreset.empty(), selector().select(blind(0), RoundContext.first()));
    }

    @Test
    void round_whereNothingStandsOut_trainsNobody() {
        List<Points> samples = List.of(random(3, 1), random(2, 2), random(0, 3));
        assertEquals(Map.of(), Rounds.trainedOn(samples, HdbscanSelector.forClient(), HdbscanSelector.forServer()));
    }
}
