package io.github.fedhds.selection;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.clustering.Hdbscan;
import io.github.fedhds.coreset.Candidates;
import io.github.fedhds.coreset.Coreset;
import io.github.fedhds.coreset.CoresetSelector;
import io.github.fedhds.coreset.Group;
import io.github.fedhds.feature.FeatureMatrix;
import io.github.fedhds.feature.Points;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.message.Frame;
import io.github.fedhds.reduction.PcaFusion;
import io.github.fedhds.round.RoundContext;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Whole ways of choosing, on what is left when little or nothing stands out. */
class SelectionTest {
    static List<Selection> pointwise() {
        return List.of(
                Selection.paper(),
                Selection.intraClientOnly(),
                Selection.interClientOnly(),
                Selection.unique(),
                Selection.diverse(3),
                Selection.random(0.1),
                Selection.diverseEvol(0.1),
                Selection.everything());
    }

    private static int trained(List<Points> samples, Selection way) {
        return Rounds.trainedOn(samples, way.client(), way.server()).values().stream()
                .mapToInt(List::size)
                .sum();
    }

    @ParameterizedTest
    @MethodSource("pointwise")
    void round_withoutSamples_trainsNobody(Selection way) {
        assertEquals(0, trained(List.of(CoresetSelectorContract.random(0, 1)), way));
    }

    @ParameterizedTest
    @MethodSource("pointwise")
    void round_fewerRowsThanAClusterAndDuplicates_isDefined(Selection way) {
        List<Points> few = List.of(CoresetSelectorContract.random(3, 1), CoresetSelectorContract.random(1, 2));
        assertTrue(trained(few, way) <= 4);
        List<Points> same = List.of(new Points(40, 2, new double[80]), new Points(40, 2, new double[80]));
        assertTrue(trained(same, way) <= 80);
    }

    @Test
    void withMemory_hasOneFrameForAllRoundsOfARun() {
        Selection way = Selection.diverse(3).withMemory(16);
        assertTrue(way.remembersChosen());
        assertTrue(way.withClient(Selection.paper().client()).remembersChosen());
        RoundContext first = RoundContext.first();
        RoundContext later = new RoundContext("run", 7, Optional.empty(), 0, first.globalAdapter(), Map.of());
        Frame frame = way.frame().apply(first).orElseThrow();
        assertEquals(16, frame.dimensions());
        assertEquals(frame, way.frame().apply(later).orElseThrow());
        assertNotEquals(frame, way.frame().apply(first.withSeed(1)).orElseThrow());
        Selection without = Selection.diverse(3).inSharedFrame(16);
        assertNotEquals(without.frame().apply(first), without.frame().apply(later));
    }

    /** Three clients of two directions each, one shared by all; a far centre of a known direction is not new. */
    @Test
    void feddca_choosesTheLeastSimilarCentres() {
        List<double[]> centres = List.of(
                new double[] {1, 0}, new double[] {50, 1}, new double[] {0, 2}, new double[] {0.1, 9}, new double[] {
                    -3, 0
                });
        Coreset coreset = Selection.feddca(3).server().select(Candidates.of(Points.of(centres)), RoundContext.first());
        assertArrayEquals(
                new int[] {3, 4, 0},
                coreset.groups().stream().mapToInt(g -> g.members()[0]).toArray());
        Points samples = CoresetSelectorContract.random(200, 1);
        Coreset client = Selection.feddca(3).client().select(Candidates.of(samples), RoundContext.first());
        assertEquals(10, client.groups().size());
        assertTrue(Selection.feddca(3).frame().apply(RoundContext.first()).isPresent());
    }

    @Test
    void diverseEvol_takesTheShareOfEachClient() {
        List<Points> samples = List.of(CoresetSelectorContract.random(60, 1), CoresetSelectorContract.random(30, 2));
        assertEquals(9, trained(samples, Selection.diverseEvol(0.1)));
    }

    @Test
    void withPairQuality_wrapsTheClientsSelectorAlone() {
        Selection way = Selection.diverse(3).withMemory(16).withPairQuality(0.1);
        assertEquals(
                "AlignedSelector[" + Selection.diverse(3).client() + ", without the lowest 0.1]",
                way.client().toString());
        assertEquals(Selection.diverse(3).server().toString(), way.server().toString());
        assertTrue(way.remembersChosen());
    }

    @Test
    void round_allNoiseOnClients_trainsNobodyByClustersAndAllWithUniqueKept() {
        List<Points> few = List.of(CoresetSelectorContract.random(3, 1), CoresetSelectorContract.random(2, 2));
        for (Selection way : List.of(Selection.paper(), Selection.intraClientOnly())) {
            assertEquals(0, trained(few, way));
        }
        assertEquals(2, trained(few, Selection.diverse(3)), "one group of each client");
        assertEquals(1, trained(few, Selection.diverse(1)));
        Selection kept = Selection.diverse(4)
                .withClient(HdbscanSelector.builder().noiseAsGroups(true).build());
        assertEquals(4, trained(few, kept));
    }

    @Test
    void round_allNoiseOnTheServer_trainsOnlyWhereUniqueGroupsAreKept() {
        // One centroid of each client: two points are no cluster apart from the whole.
        Points two = Points.of(IntStream.range(0, 20)
                .mapToObj(i -> new double[] {i < 10 ? i : 100 + i, i % 3})
                .toList());
        List<Points> samples = List.of(two);
        int groups = trained(samples, Selection.intraClientOnly());
        assertEquals(2, groups);
        assertEquals(0, trained(samples, Selection.paper()));
        assertEquals(2, trained(samples, Selection.unique()));
        assertEquals(2, trained(samples, Selection.diverse(5)));
        assertEquals(1, trained(samples, Selection.diverse(1)), "one cluster of all");
    }

    @Test
    void noiseAsGroups_noise_followsTheClustersOneByOne() {
        List<double[]> rows = new ArrayList<>(List.of(new double[] {900, 0}, new double[] {0, -700}));
        for (int i = 0; i < 90; i++) {
            rows.add(CoresetSelectorContract.random(90, 1).point(i));
        }
        Points points = Points.of(rows);
        Coreset without = HdbscanSelector.forClient().select(Candidates.of(points), RoundContext.first());
        Coreset with = HdbscanSelector.builder()
                .noiseAsGroups(true)
                .build()
                .select(Candidates.of(points), RoundContext.first());
        int clusters = without.groups().size();
        assertEquals(without.groups(), with.groups().subList(0, clusters));
        assertEquals(
                92, with.groups().stream().mapToInt(g -> g.members().length).sum());
        assertTrue(with.groups().size() > clusters);
        for (Group group : with.groups().subList(clusters, with.groups().size())) {
            assertArrayEquals(points.point(group.members()[0]), group.centre().orElseThrow());
        }
    }

    @Test
    void atLeastOneGroup_whereNoClusterIsFound_isOneOfAllByNearness() {
        CoresetSelector selector = HdbscanSelector.builder()
                .atLeastOneGroup(true)
                .samplesPerGroup(2)
                .build();
        RoundContext round = RoundContext.first();
        assertEquals(
                0,
                selector.select(Candidates.of(new Points(0, 2, new double[0])), round)
                        .groups()
                        .size());
        Points line = Points.of(List.of(new double[] {0, 0}, new double[] {5, 0}, new double[] {4, 0}));
        assertEquals(
                List.of(new Group(0, new double[] {3, 0}, new int[] {2, 1, 0}, 2)),
                selector.select(Candidates.of(line), round).groups());
        Points same = new Points(40, 2, new double[80]);
        Group all = selector.select(Candidates.of(same), round).groups().get(0);
        assertArrayEquals(IntStream.range(0, 40).toArray(), all.members());
        assertEquals(
                0,
                HdbscanSelector.forClient()
                        .select(Candidates.of(same), round)
                        .groups()
                        .size());
        Points clusters = Points.of(IntStream.range(0, 20)
                .mapToObj(i -> new double[] {i < 10 ? i : 100 + i, i % 3})
                .toList());
        assertEquals(
                HdbscanSelector.builder().samplesPerGroup(2).build().select(Candidates.of(clusters), round),
                selector.select(Candidates.of(clusters), round),
                "with clusters it changes nothing");
    }

    @Test
    void interClientOnly_servesTheServerEverySample() {
        Points points = CoresetSelectorContract.random(30, 5);
        assertEquals(
                HdbscanSelector.builder()
                        .clustering(Hdbscan.builder().minClusterSize(2).build())
                        .build()
                        .select(Candidates.of(points), RoundContext.first())
                        .groups()
                        .size(),
                trained(List.of(points), Selection.interClientOnly()));
    }

    @Test
    void inSharedFrame_isDrawnFromTheRoundsSeed() {
        Selection way = Selection.diverse(3).inSharedFrame(5);
        RoundContext round = RoundContext.first();
        Optional<Frame> frame = way.frame().apply(round);
        assertEquals(5, frame.orElseThrow().dimensions());
        assertEquals(frame, way.frame().apply(round));
        assertNotEquals(frame, way.frame().apply(round.withSeed(1)));
        assertEquals(Optional.empty(), Selection.paper().frame().apply(round));
        assertThrows(IllegalArgumentException.class, () -> way.inSharedFrame(0));
        assertThrows(IllegalArgumentException.class, () -> Selection.diverse(-1));
    }

    @Test
    void anchorFrame_ofItsAnchors_isTheirPca() {
        SplittableRandom random = new SplittableRandom(3);
        float[] values = new float[20 * 6];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (random.nextDouble() * (1 + i % 6));
        }
        FeatureMatrix features = new FeatureMatrix(20, 2, 3, values);
        List<Instruction> anchors = Collections.nCopies(20, new Instruction("do", "", "done"));
        Frame frame = new AnchorFrame((list, round) -> features, anchors, 3)
                .apply(RoundContext.first())
                .orElseThrow();
        assertArrayEquals(
                new PcaFusion(3).fuse(features, RoundContext.first()).toArray(),
                frame.place(features).toArray(),
                1e-5); // axes are floats
        Points white = new AnchorFrame((list, round) -> features, anchors, 3)
                .whitened()
                .apply(RoundContext.first())
                .orElseThrow()
                .place(features);
        Points plain = frame.place(features);
        for (int axis = 0; axis < 3; axis++) {
            double variance = 0;
            for (int i = 0; i < 20; i++) {
                variance += white.get(i, axis) * white.get(i, axis) / 19;
            }
            assertEquals(1, variance, 1e-5);
            assertEquals(plain.get(3, axis) / plain.get(7, axis), white.get(3, axis) / white.get(7, axis), 1e-3);
        }
        assertThrows(IllegalArgumentException.class, () -> new AnchorFrame((list, round) -> features, anchors, 20));
        assertThrows(IllegalArgumentException.class, () -> new AnchorFrame((list, round) -> features, anchors, 0));
    }

    @Test
    void single_candidates_areGroupsOfOne() {
        Coreset coreset =
                new SingleSelector().select(Candidates.of(new Points(2, 1, new double[] {4, 7})), RoundContext.first());
        assertEquals(
                List.of(new Group(0, new double[] {4}, new int[] {0}), new Group(1, new double[] {7}, new int[] {1})),
                coreset.groups());
        assertThrows(
                IllegalArgumentException.class,
                () -> new SingleSelector()
                        .select(Candidates.of(new Points(1, 1, new double[] {Double.NaN})), RoundContext.first()));
        assertEquals(
                Map.of(),
                Rounds.trainedOn(
                        List.of(CoresetSelectorContract.random(0, 1)), new SingleSelector(), new EverySelector()));
    }
}
