package io.github.fedhds;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.fedhds.coreset.Coreset;
import io.github.fedhds.coreset.CoresetSelector;
import io.github.fedhds.coreset.Group;
import io.github.fedhds.coreset.SampleScore;
import io.github.fedhds.feature.FeatureMatrix;
import io.github.fedhds.feature.Points;
import io.github.fedhds.fusion.Fusion;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.message.CentroidReport;
import io.github.fedhds.message.Frame;
import io.github.fedhds.message.GroupSelection;
import io.github.fedhds.message.RoundOpening;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.round.RoundContext;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What a client says of a role that gives what it must not, and when it asks roles for work. */
class ClientRolesTest {
    private static final Class<IllegalStateException> STATE = IllegalStateException.class;
    private static final ClientId A = new ClientId("a");
    /** All in one group, unseen. */
    private static final CoresetSelector UNSEEN = (candidates, round) -> new Coreset(
            List.of(new Group(0, IntStream.range(0, candidates.size()).toArray(), candidates.size())));

    private static FedHdsClientBuilder client() {
        return FedHdsClient.builder(A)
                .instructions(List.of(new Instruction("x", "", "o"), new Instruction("yy", "", "ooo")))
                .featureExtractor(new Roles.Lengths())
                .fusion(Roles::asPoints)
                .selector(new Roles.FirstCoordinate())
                .trainer(new Roles.AddCount());
    }

    private static RoundOpening opening(Optional<Frame> frame) {
        return new RoundOpening("run", 1, List.of(A), 0, Roles.adapter(0), Map.of(), frame);
    }

    private static CentroidReport summarise(FedHdsClientBuilder client) {
        return client.build().summarise(opening(Optional.empty()));
    }

    @Test
    @SuppressWarnings("NullAway") // what a host without NullAway may write
    void null_ofAnyRole_namesRoleAndClient() {
        assertFails(
                STATE,
                () -> summarise(client().featureExtractor((list, round) -> null)),
                "the feature extractor of client a returned null");
        assertFails(
                STATE,
                () -> summarise(client().fusion((features, round) -> null)),
                "the fusion of client a returned null");
        assertFails(
                STATE,
                () -> summarise(client().selector((candidates, round) -> null)),
                "the selector of client a returned null");
        assertFails(
                STATE,
                () -> summarise(client().scorer((kind, list, round) -> null).selector((candidates, round) -> {
                    candidates.scores(SampleScore.ANSWER_LOSS);
                    return Coreset.empty();
                })),
                "the scorer of client a returned null");
        FedHdsClient client = client().trainer((list, round) -> null).build();
        CentroidReport report = client.summarise(opening(Optional.empty()));
        assertFails(
                STATE,
                () -> client.train(GroupSelection.of(report, List.of(0))),
                "the trainer of client a returned null");
    }

    @Test
    void fusion_notFinite_isNamedWithInstructionAndClient() {
        for (double bad : new double[] {Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY}) {
            Fusion fusion = (features, round) -> new Points(2, 2, new double[] {0, 0, 1, bad});
            assertFails(
                    STATE, () -> summarise(client().fusion(fusion)), "the fusion of client a", "instruction 1", "1.0");
        }
    }

    @Test
    void fusion_ofAnotherShape_namesTheRule() {
        assertFails(
                STATE,
                () -> summarise(client().fusion((features, round) -> new Points(2, 3, new double[6]))),
                "the fusion of client a gave points of 3 coordinates",
                "Fusion.dimensions says 2",
                "Fusion.of(3, ");
        assertFails(
                STATE,
                () -> summarise(client().fusion(Fusion.of(5, Roles::asPoints))),
                "gave points of 2 coordinates",
                "Fusion.dimensions says 5");
        assertFails(
                STATE,
                () -> summarise(client().fusion((features, round) -> new Points(1, 2, new double[2]))),
                "the fusion of client a gave 1 points for 2 instructions");
    }

    @Test
    void fusion_isGivenTheRoundOfTheClient() {
        List<RoundContext> seen = new ArrayList<>();
        summarise(client().fusion((features, round) -> {
            seen.add(round);
            return Roles.asPoints(features, round);
        }));
        assertEquals(List.of(opening(Optional.empty()).contextOf(A)), seen);
    }

    @Test
    void group_withoutACentre_sendsTheMeanOfItsFusedPoints() {
        AtomicInteger fused = new AtomicInteger();
        FedHdsClientBuilder client = client().selector(UNSEEN).fusion((features, round) -> {
            fused.incrementAndGet();
            return Roles.asPoints(features, round);
        });
        CentroidReport report = summarise(client); // lengths 1, 1 and 2, 3
        assertArrayEquals(new double[] {1.5, 2}, report.centroids().get(0).point());
        assertEquals(2, report.samples());
        assertEquals(1, fused.get());
    }

    @Test
    void group_withoutACentre_inASharedFrame_needsNoFusion() {
        FedHdsClientBuilder client = client().selector(UNSEEN).fusion((features, round) -> {
            throw new AssertionError("asked for points");
        });
        Frame frame = new Frame.Axes(new float[2], new float[] {2, 0});
        CentroidReport report = client.build().summarise(opening(Optional.of(frame)));
        assertArrayEquals(new double[] {3}, report.centroids().get(0).point());
    }

    @Test
    void placing_withoutFusion_asksForSomeRowsAtATime() {
        List<Instruction> many = IntStream.range(0, 2500)
                .mapToObj(i -> new Instruction("x".repeat(1 + i % 7), "", "o".repeat(1 + i % 3)))
                .toList();
        Frame frame = new Frame.Signs(3, 5);
        List<Integer> asked = new ArrayList<>();
        FedHdsClientBuilder client = client().instructions(many).featureExtractor((list, round) -> {
            asked.add(list.size());
            return new Roles.Lengths().extract(list, round);
        });
        CoresetSelector singles = (candidates, round) -> new Coreset(IntStream.range(0, candidates.size())
                .mapToObj(i -> new Group(i, new int[] {i}, 1))
                .toList());
        CentroidReport report = client.selector(singles).build().summarise(opening(Optional.of(frame)));
        assertEquals(List.of(1024, 1024, 452), asked);
        Points whole = frame.place(new Roles.Lengths().extract(many, RoundContext.first()));
        for (int i = 0; i < 2500; i++) {
            assertArrayEquals(whole.point(i), report.centroids().get(i).point(), "sample " + i);
        }
        asked.clear();
        client.selector((candidates, round) -> {
                    candidates.points();
                    return singles.select(candidates, round);
                })
                .build()
                .summarise(opening(Optional.of(frame)));
        assertEquals(List.of(2500), asked, "extracted once for both");
    }

    @Test
    void placing_badFeatureOfALaterPart_isCountedFromTheFirstInstruction() {
        List<Instruction> many = IntStream.range(0, 1100)
                .mapToObj(i -> new Instruction(i == 1050 ? "bad" : "good", "", "o"))
                .toList();
        FedHdsClient client = client().instructions(many)
                .selector(UNSEEN)
                .featureExtractor((list, round) -> FeatureMatrix.of(list.size(), 1, 1, i ->
                        new float[] {list.get(i).instruction().equals("bad") ? Float.NaN : 1}))
                .build();
        assertFails(
                IllegalArgumentException.class,
                () -> client.summarise(opening(Optional.of(new Frame.Signs(2, 1)))),
                "features of instruction 1050 of client a");
    }
}
