package io.github.fedhds;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.coreset.Candidates;
import io.github.fedhds.coreset.Coreset;
import io.github.fedhds.coreset.Group;
import io.github.fedhds.coreset.SampleScore;
import io.github.fedhds.feature.FeatureMatrix;
import io.github.fedhds.feature.Points;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.instruction.PromptTemplate;
import io.github.fedhds.message.Centroid;
import io.github.fedhds.message.CentroidReport;
import io.github.fedhds.message.GroupSelection;
import io.github.fedhds.message.Message;
import io.github.fedhds.message.Receipt;
import io.github.fedhds.message.Refusal;
import io.github.fedhds.message.RoundOpening;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.training.TrainingResult;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** The checks of every value, and that it owns its arrays. */
class ValuesTest {
    private static final Message MESSAGE = new CentroidReport("r", 1, new ClientId("c"), List.of());

    private static final Class<IllegalArgumentException> BAD = IllegalArgumentException.class;

    @Test
    void clientId_checksItsText() {
        assertEquals("a", new ClientId("a").toString());
        assertEquals(200, new ClientId("x".repeat(200)).value().length());
        for (String text : new String[] {"", "x".repeat(201), "a\nb", "a\u0085"}) {
            assertFails(BAD, () -> new ClientId(text), "1 to 200 characters");
        }
        assertTrue(new ClientId("a").compareTo(new ClientId("b")) < 0);
        for (String half : new String[] {"a\uD83D", "\uDE00a", "\uD83D\uD83D\uDE00"}) {
            assertFails(BAD, () -> new ClientId(half), "half of a surrogate pair");
        }
        assertEquals("\uD83D\uDE00", new ClientId("\uD83D\uDE00").value());
    }

    @Test
    void tensor_checksItsShapeAndOwnsItsValues() {
        float[] values = {1, 2};
        int[] shape = {1, 2};
        Tensor tensor = new Tensor(shape, values);
        values[0] = 9;
        shape[0] = 9;
        tensor.toArray()[1] = 9;
        tensor.shape()[1] = 9;
        assertEquals(new Tensor(new int[] {1, 2}, new float[] {1, 2}), tensor);
        assertEquals(new Tensor(new int[] {1, 2}, new float[] {1, 2}).hashCode(), tensor.hashCode());
        assertNotEquals(new Tensor(new int[] {2, 1}, new float[] {1, 2}), tensor);
        assertEquals(1, new Tensor(new int[0], new float[1]).size());
        assertFails(BAD, () -> new Tensor(new int[] {2, 2}, new float[3]), "[2, 2] has 4 values, was 3");
        assertFails(BAD, () -> new Tensor(new int[] {-1, -3}, new float[3]), "0 or more");
        int most = Integer.MAX_VALUE;
        assertFails(BAD, () -> new Tensor(new int[] {most, most, most}, new float[0]), "overflows");
        assertEquals(1, new Tensor(new int[] {2}, new float[] {0, Float.NaN}).firstNonFinite());
        assertEquals(-1, tensor.firstNonFinite());
        assertEquals(tensor, Tensor.of(new int[] {1, 2}, i -> i + 1));
        assertEquals(
                0,
                Tensor.of(new int[] {0, 3}, i -> fail("asked for value " + i)).size());
        assertFails(BAD, () -> Tensor.of(new int[] {most, 2}, i -> 0), "more values than an array");
    }

    @Test
    void receipt_reasonWithWhatAConsoleObeys_isPrintable() {
        assertEquals(
                "run x?12:00 INFO? ?[2J ? \ud83d\ude00 ?",
                Receipt.refused(MESSAGE, Refusal.RULE, "run x\n12:00 INFO\u2028 \u001b[2J \u202e \ud83d\ude00 \ud83d")
                        .reason());
        String cut = Receipt.refused(MESSAGE, Refusal.RULE, "y".repeat(999) + "\ud83d\ude00z")
                .reason();
        assertEquals("y".repeat(999), cut);
        assertEquals(
                Receipt.MAX_REASON,
                Receipt.refused(MESSAGE, Refusal.RULE, "y".repeat(5000))
                        .reason()
                        .length());
    }

    @Test
    void digest_longTensor_isThatOfItsBytes() throws NoSuchAlgorithmException {
        int size = 40_000;
        Tensor tensor = Tensor.of(new int[] {size}, i -> i / 3f);
        ByteBuffer bytes = ByteBuffer.allocate(4 + 1 + 4 + 4 + 4 * size);
        bytes.putInt(1).put((byte) 'w').putInt(1).putInt(size);
        for (int i = 0; i < size; i++) {
            bytes.putFloat(tensor.get(i));
        }
        assertEquals(
                HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes.array())),
                new Adapter(Map.of("w", tensor)).digest());
        Tensor one = new Tensor(new int[] {1}, new float[] {Float.NaN});
        Tensor other = new Tensor(new int[] {1}, new float[] {Float.intBitsToFloat(0x7fc00001)});
        assertEquals(new Adapter(Map.of("w", one)), new Adapter(Map.of("w", other)));
        assertEquals(new Adapter(Map.of("w", one)).digest(), new Adapter(Map.of("w", other)).digest());
    }

    @Test
    void adapter_comparesAndDigests() {
        Tensor a = new Tensor(new int[] {2}, new float[] {1, 2});
        Adapter adapter = new Adapter(Map.of("b", a, "a", a));
        assertEquals(List.of("a", "b"), List.copyOf(adapter.tensors().keySet()));
        assertThrows(
                UnsupportedOperationException.class, () -> adapter.tensors().clear());
        assertEquals(4, adapter.parameters());
        assertTrue(Adapter.empty().isEmpty());
        assertEquals(Optional.empty(), adapter.differenceInForm(new Adapter(Map.of("a", a, "b", a))));
        assertEquals(Optional.of("tensor b is missing"), adapter.differenceInForm(new Adapter(Map.of("a", a))));
        assertEquals(Optional.of("tensor a is not expected"), Adapter.empty().differenceInForm(adapter));
        Tensor row = new Tensor(new int[] {1, 2}, new float[] {1, 2});
        assertEquals(
                Optional.of("tensor b is Tensor[1, 2], expected Tensor[2]"),
                adapter.differenceInForm(new Adapter(Map.of("a", a, "b", row))));
        assertEquals(Optional.empty(), adapter.firstNonFinite());
        Tensor bad = new Tensor(new int[] {2}, new float[] {1, Float.NEGATIVE_INFINITY});
        assertEquals(Optional.of("tensor z holds -Infinity at 1"), new Adapter(Map.of("z", bad)).firstNonFinite());
        Adapter moved = new Adapter(Map.of("a", new Tensor(new int[] {2}, new float[] {4, 6}), "b", row));
        assertEquals(9 + 16 + 5, adapter.squaredDistance(moved), "a by (3, 4), b has another shape");
        assertEquals(0, adapter.squaredDistance(Adapter.empty()));
        assertEquals(10, Adapter.empty().squaredDistance(adapter));
        assertEquals(Double.POSITIVE_INFINITY, adapter.squaredDistance(new Adapter(Map.of("z", bad))));
        // Literal: digests are compared between machines.
        assertEquals(
                "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                Adapter.empty().digest());
        assertEquals(adapter.digest(), new Adapter(Map.of("a", a, "b", a)).digest());
        assertNotEquals(adapter.digest(), new Adapter(Map.of("a", a, "b", row)).digest());
        assertNotEquals(adapter.digest(), new Adapter(Map.of("a", a, "c", a)).digest());
    }

    @Test
    void featureMatrix_checksItsSizesAndOwnsItsValues() {
        float[] values = {1, 2, 3, 4, 5, 6, 7, 8};
        FeatureMatrix matrix = new FeatureMatrix(2, 2, 2, values);
        values[0] = 9;
        matrix.toArray()[1] = 9;
        assertArrayEquals(new float[] {1, 2, 3, 4}, matrix.row(0));
        assertEquals(new FeatureMatrix(2, 1, 2, new float[] {3, 4, 7, 8}), matrix.lastBlock());
        assertEquals(new FeatureMatrix(2, 1, 2, new float[] {1, 2, 5, 6}), matrix.blocks(0, 1));
        assertSame(matrix, matrix.blocks(0, 2));
        for (int[] wrong : new int[][] {{-1, 1}, {1, 1}, {0, 3}, {2, 1}}) {
            assertThrows(IndexOutOfBoundsException.class, () -> matrix.blocks(wrong[0], wrong[1]));
        }
        assertEquals(6, matrix.get(1, 1));
        assertThrows(IndexOutOfBoundsException.class, () -> matrix.get(1, 4));
        assertThrows(IndexOutOfBoundsException.class, () -> matrix.row(2));
        assertEquals(1, new FeatureMatrix(2, 1, 1, new float[] {0, Float.NaN}).firstNonFiniteRow());
        assertEquals(-1, matrix.firstNonFiniteRow());
        assertFails(BAD, () -> new FeatureMatrix(-1, 1, 1, values), "rows -1");
        assertFails(BAD, () -> new FeatureMatrix(1, 0, 1, values), "blocks 0");
        assertFails(BAD, () -> new FeatureMatrix(1, 1, 0, values), "width 0");
        assertFails(BAD, () -> new FeatureMatrix(1, 1, 7, values), "has 7 values, was 8");
        assertFails(BAD, () -> FeatureMatrix.of(2, 1, 2, i -> new float[2 - i]), "row 1 has 1 numbers");
        assertFails(BAD, () -> FeatureMatrix.of(-1, 1, 2, i -> new float[2]), "rows -1");
        assertFails(BAD, () -> new FeatureMatrix(1 << 20, 1 << 22, 1 << 22, new float[0]), "at most");
    }

    @Test
    void points_checkTheirSizesAndOwnTheirValues() {
        double[] row = {1, 2};
        Points points = Points.of(row, new double[] {3, 4});
        row[0] = 9;
        points.point(0)[1] = 9;
        assertArrayEquals(new double[] {1, 2, 3, 4}, points.toArray());
        assertEquals(0, Points.of(List.of()).size());
        assertEquals(4, points.get(1, 1));
        assertThrows(IndexOutOfBoundsException.class, () -> points.get(0, 2));
        assertThrows(IndexOutOfBoundsException.class, () -> points.point(-1));
        assertEquals(1, Points.of(new double[] {0}, new double[] {Double.NaN}).firstNonFinite());
        assertFails(BAD, () -> Points.of(new double[2], new double[3]), "point 1 has 3 coordinates, point 0 has 2");
        assertFails(BAD, () -> new Points(2, 2, new double[3]), "have 4 coordinates, was 3");
        assertFails(BAD, () -> new Points(2, 0, new double[0]), "dimensions 0");
        assertFails(BAD, () -> new Points(-1, 1, new double[0]), "size -1");
    }

    @Test
    void group_checksItsMembersAndOwnsItsArrays() {
        double[] centre = {1};
        int[] members = {4, 2};
        Group group = new Group(0, centre, members);
        centre[0] = 9;
        members[0] = 9;
        group.centre().orElseThrow()[0] = 9;
        group.members()[0] = 9;
        assertEquals(new Group(0, new double[] {1}, new int[] {4, 2}, 1), group);
        assertArrayEquals(new int[] {4}, group.representatives());
        assertArrayEquals(new int[] {4, 2}, new Group(0, centre, new int[] {4, 2}, 2).representatives());
        assertFails(BAD, () -> new Group(-1, centre, members), "id must be 0 or more, was -1");
        assertFails(BAD, () -> new Group(0, centre, new int[0]), "no member");
        assertFails(BAD, () -> new Group(0, centre, members, 0), "take must be 1 to that, was 0");
        assertFails(BAD, () -> new Group(0, centre, members, 3), "take must be 1 to that, was 3");
        assertFails(BAD, () -> new Group(0, centre, new int[] {1, 1}), "candidate 1 twice");
        assertFails(BAD, () -> new Group(0, centre, new int[] {-1}), "candidate -1, which is below 0");
        assertFails(BAD, () -> new Group(0, new double[] {Double.NaN}, members), "must be finite");
        assertFails(BAD, () -> new Group(3, new double[0], members), "centre of group 3 has no coordinate");
        Group bare = new Group(0, new int[] {4, 2}, 2);
        assertEquals(Optional.empty(), bare.centre());
        assertEquals(new Group(0, new int[] {4, 2}, 2), bare);
        assertNotEquals(bare, new Group(0, new double[1], new int[] {4, 2}, 2));
        assertTrue(bare.toString().contains("centre none"), bare.toString());
    }

    @Test
    void coreset_checksNumbersAndMembers() {
        Group first = new Group(0, new double[1], new int[] {0});
        assertFails(
                BAD, () -> new Coreset(List.of(new Group(1, new double[1], new int[] {0}))), "place 0 holds group 1");
        assertFails(
                BAD,
                () -> new Coreset(List.of(first, new Group(1, new double[1], new int[] {2, 0}))),
                "candidate 0 is in two groups");
        assertEquals(Optional.of(first), new Coreset(List.of(first)).group(0));
        assertEquals(Optional.empty(), new Coreset(List.of(first)).group(1));
        assertEquals(Optional.empty(), Coreset.empty().group(-1));
    }

    @Test
    void candidates_computeOnceAndOnlyWhenAsked() {
        AtomicInteger calls = new AtomicInteger();
        double[] given = {7};
        Candidates candidates = Candidates.of(
                List.of(new Instruction("a", "", "b")),
                1,
                () -> {
                    calls.incrementAndGet();
                    return Points.of(new double[] {1});
                },
                kind -> {
                    calls.addAndGet(100);
                    return given;
                });
        assertEquals(1, candidates.size());
        assertEquals(0, calls.get());
        assertEquals(1, candidates.dimensions());
        assertEquals(1, candidates.samples());
        assertEquals(0, calls.get(), "known without points");
        assertEquals(candidates.points(), candidates.points());
        candidates.scores(SampleScore.ANSWER_LOSS)[0] = 9;
        given[0] = 8;
        assertArrayEquals(new double[] {7}, candidates.scores(SampleScore.ANSWER_LOSS));
        assertEquals(101, calls.get());
        assertEquals("a", candidates.instructions().get(0).instruction());

        Class<IllegalStateException> state = IllegalStateException.class;
        Candidates wrong =
                Candidates.of(candidates.instructions(), 1, () -> Points.of(List.of()), kind -> new double[2]);
        assertFails(state, wrong::points, "gave 0 points for 1");
        assertFails(state, () -> wrong.scores(SampleScore.ANSWER_LOSS), "gave 2 scores for 1");
        Candidates wide =
                Candidates.of(candidates.instructions(), 1, () -> Points.of(new double[2]), kind -> new double[2]);
        assertFails(state, wide::points, "points of 2 coordinates, its Fusion.dimensions says 1");
        assertFails(BAD, () -> Candidates.of(List.of(), 0, () -> Points.of(List.of()), kind -> given), "was 0");
        Candidates server = Candidates.of(Points.of(new double[] {1}));
        assertEquals(1, server.samples());
        assertEquals(9, Candidates.of(Points.of(new double[3]), 9).samples());
        assertEquals(3, Candidates.of(Points.of(new double[3]), 9).dimensions());
        assertFails(BAD, () -> Candidates.of(Points.of(new double[3]), -1), "samples must be 0 or more, was -1");
        assertFails(state, server::instructions, "points alone");
        assertFails(state, () -> server.scores(SampleScore.ANSWER_LOSS), "answer loss needs instructions");
    }

    @Test
    void candidates_ofClients_knowTheirOwners() {
        Points none = new Points(0, 1, new double[0]);
        List<Points> points = List.of(new Points(2, 1, new double[] {1, 2}), none, new Points(1, 1, new double[] {3}));
        Candidates candidates = Candidates.ofClients(points, new long[] {10, 0, 7}, none);
        assertArrayEquals(new int[] {0, 0, 2}, candidates.owners());
        assertArrayEquals(new double[] {1, 2, 3}, candidates.points().toArray());
        assertEquals(3, candidates.clients());
        assertEquals(7, candidates.samplesOf(2));
        assertEquals(17, candidates.samples());
        assertEquals(0, candidates.earlier().size());
        assertEquals(1, candidates.earlier().dimensions());
        Points earlier = new Points(1, 1, new double[] {4});
        assertEquals(earlier, Candidates.ofClients(points, new long[3], earlier).earlier());
        assertFails(BAD, () -> Candidates.ofClients(points, new long[2], none), "3 clients", "of 2");
        assertFails(BAD, () -> Candidates.ofClients(points, new long[] {1, -1, 1}, none), "was -1");
        Points wide = new Points(1, 2, new double[2]);
        assertFails(BAD, () -> Candidates.ofClients(points, new long[3], wide), "one frame for all rounds");
        assertFails(BAD, () -> Candidates.ofClients(List.of(earlier, wide), new long[2], none), "coordinates");
        Candidates own = Candidates.of(earlier);
        assertEquals(1, own.clients());
        assertArrayEquals(new int[1], own.owners());
    }

    @Test
    void sampleScore_isKnownByItsName() {
        SampleScore own = new SampleScore("reward");
        Candidates candidates =
                Candidates.of(List.of(new Instruction("a", "", "b")), 2, () -> new Points(1, 2, new double[2]), kind ->
                        new double[] {kind.equals(own) ? 3 : 4});
        assertArrayEquals(new double[] {3}, candidates.scores(new SampleScore("reward")));
        assertArrayEquals(new double[] {4}, candidates.scores(SampleScore.ANSWER_LOSS_ALONE));
        assertEquals("reward", own.toString());
        assertFails(BAD, () -> new SampleScore(" "), "must not be blank");
    }

    @Test
    void trainingResult_checksItsCountsAndOwnsItsLosses() {
        double[] losses = {1, 2};
        TrainingResult result = new TrainingResult(Adapter.empty(), 2, losses);
        losses[0] = 9;
        result.losses()[1] = 9;
        assertEquals(1.5, result.meanLoss());
        assertTrue(Double.isNaN(new TrainingResult(Adapter.empty(), 0, new double[0]).meanLoss()));
        assertEquals(new TrainingResult(Adapter.empty(), 2, new double[] {1, 2}), result);
        assertFails(BAD, () -> new TrainingResult(Adapter.empty(), -1, losses), "samples -1");
        assertFails(BAD, () -> new TrainingResult(Adapter.empty(), 1, losses, 0, -2, 0), "skippedTooLong -2");
    }

    @Test
    void messages_checkAndCopy() {
        double[] point = {1};
        Centroid centroid = new Centroid(0, point);
        point[0] = 9;
        centroid.point()[0] = 9;
        assertEquals(new Centroid(0, new double[] {1}), centroid);
        assertFails(BAD, () -> new Centroid(-1, point), "group must be 0 or more");
        ClientId sender = new ClientId("c");
        assertFails(
                BAD, () -> new CentroidReport("r", 1, sender, List.of(), -1, ""), "samples must be 0 or more, was -1");
        assertEquals(List.of(1, 3), new GroupSelection("r", 1, sender, List.of(3, 1, 3), "").groups());
        assertFails(BAD, () -> new RoundOpening("r", 0, List.of(), 1, Adapter.empty(), Map.of()), "round must be 1");
        assertTrue(Receipt.accepted(MESSAGE).counts());
        assertFalse(Receipt.alreadyHad(MESSAGE).counts());
        assertFalse(Receipt.refused(MESSAGE, Refusal.LATE, "why").counts());
        assertEquals("why", Receipt.refused(MESSAGE, Refusal.LATE, "why").reason());
    }

    @Test
    void alpaca_hasBothForms() {
        PromptTemplate template = PromptTemplate.alpaca();
        assertEquals(
                "Below is an instruction that describes a task. Write a response that appropriately completes the"
                        + " request.\n\n### Instruction:\nDo.\n\n### Response:",
                template.prompt(new Instruction("Do.", "", "secret")));
        assertEquals(
                "Below is an instruction that describes a task, paired with an input that provides further context."
                        + " Write a response that appropriately completes the request.\n\n### Instruction:\nDo."
                        + "\n\n### Input:\nthis\n\n### Response:",
                template.prompt(new Instruction("Do.", "this", "secret", "task")));
        assertEquals(new Instruction("a", "x", "c", "t"), new Instruction("a", "b", "c", "t").withInput("x"));
        assertEquals(new Instruction("x", "b", "c", "t"), new Instruction("a", "b", "c", "t").withInstruction("x"));
    }
}
