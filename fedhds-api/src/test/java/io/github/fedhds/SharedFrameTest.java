package io.github.fedhds;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.coreset.Coreset;
import io.github.fedhds.coreset.Group;
import io.github.fedhds.feature.FeatureMatrix;
import io.github.fedhds.feature.Points;
import io.github.fedhds.fusion.Fusion;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.message.Centroid;
import io.github.fedhds.message.CentroidReport;
import io.github.fedhds.message.Frame;
import io.github.fedhds.message.Receipt;
import io.github.fedhds.message.Refusal;
import io.github.fedhds.message.RoundOpening;
import io.github.fedhds.message.Withdrawal;
import io.github.fedhds.round.ClientId;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Coordinates that all clients of a round share. */
class SharedFrameTest {
    private static final Class<? extends RuntimeException> BAD = IllegalArgumentException.class;
    private static final ClientId A = new ClientId("a");

    private static FeatureMatrix random(int rows, int columns, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        float[] values = new float[rows * columns];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextDouble(-1, 1);
        }
        return new FeatureMatrix(rows, 1, columns, values);
    }

    private static double distance(double[] one, double[] other) {
        double sum = 0;
        for (int i = 0; i < one.length; i++) {
            sum += (one[i] - other[i]) * (one[i] - other[i]);
        }
        return Math.sqrt(sum);
    }

    @Test
    void signs_unitRows_showOneSignEachOfTheRightLength() {
        int columns = 130; // over two words of signs
        float[] unit = new float[columns * columns];
        for (int i = 0; i < columns; i++) {
            unit[i * columns + i] = 1;
        }
        Points points = new Frame.Signs(4, 9).place(new FeatureMatrix(columns, 1, columns, unit));
        int positive = 0;
        for (int i = 0; i < columns; i++) {
            for (int axis = 0; axis < 4; axis++) {
                assertEquals(0.5, Math.abs(points.get(i, axis)));
                positive += points.get(i, axis) > 0 ? 1 : 0;
            }
        }
        assertEquals(260, positive, 60); // 520 coins: 5 standard deviations
        assertArrayEquals(
                new Frame.Signs(4, 9).place(random(3, columns, 1)).toArray(),
                new Frame.Signs(4, 9).place(random(3, columns, 1)).toArray());
        assertNotEquals(
                new Frame.Signs(4, 8).place(random(3, columns, 1)), new Frame.Signs(4, 9).place(random(3, columns, 1)));
    }

    /** Whatever the number of axes, each coordinate is the sum in the order of the columns, bit for bit. */
    @Test
    void signs_anyNumberOfAxes_addInTheOrderOfTheColumns() {
        int columns = 130;
        float[] unit = new float[columns * columns];
        for (int i = 0; i < columns; i++) {
            unit[i * columns + i] = 1;
        }
        FeatureMatrix features = random(3, columns, 4);
        for (int dimensions = 1; dimensions <= 9; dimensions++) {
            Frame frame = new Frame.Signs(dimensions, 6);
            Points signs = frame.place(new FeatureMatrix(columns, 1, columns, unit));
            Points points = frame.place(features);
            for (int i = 0; i < 3; i++) {
                for (int axis = 0; axis < dimensions; axis++) {
                    double sum = 0;
                    for (int j = 0; j < columns; j++) {
                        sum += features.get(i, j) * signs.get(j, axis);
                    }
                    assertEquals(sum, points.get(i, axis), 0.0, "axis " + axis + " of " + dimensions);
                }
            }
        }
    }

    @Test
    void signs_distances_areKeptOnAverage() {
        FeatureMatrix features = random(2, 300, 2);
        double full = 0;
        for (int j = 0; j < 300; j++) {
            full += Math.pow(features.get(0, j) - features.get(1, j), 2);
        }
        double mean = 0;
        for (long seed = 0; seed < 200; seed++) {
            Points points = new Frame.Signs(16, seed).place(features);
            mean += Math.pow(distance(points.point(0), points.point(1)), 2) / 200;
        }
        assertEquals(1, mean / full, 0.12); // standard deviation sqrt(2 / 16 / 200) = 0.025
    }

    @Test
    void axes_ofRows_areProductsLessTheMean() {
        Frame axes = new Frame.Axes(new float[] {1, 2}, new float[] {1, 0, 3, -1, 0, 0});
        assertEquals(3, axes.dimensions());
        assertArrayEquals(
                new double[] {4, 10, 0},
                axes.place(new FeatureMatrix(1, 1, 2, new float[] {5, 4})).toArray());
        assertEquals(0, axes.place(new FeatureMatrix(0, 1, 2, new float[0])).size());
        assertFails(BAD, () -> axes.place(random(1, 3, 1)), "rows of 2 numbers, these features have 3");
        assertEquals(axes, new Frame.Axes(new float[] {1, 2}, new float[] {1, 0, 3, -1, 0, 0}));
        assertNotEquals(axes, new Frame.Axes(new float[] {1, 2}, new float[] {1, 0, 3, -1, 0, 1}));
    }

    @Test
    void frames_outOfRange_areRefused() {
        assertFails(BAD, () -> new Frame.Signs(0, 1), "must be 1 or more, was 0");
        assertFails(BAD, () -> new Frame.Axes(new float[0], new float[] {1}), "mean of 0");
        assertFails(BAD, () -> new Frame.Axes(new float[] {1, 2}, new float[] {1}), "1 numbers of axes");
        assertFails(BAD, () -> new Frame.Axes(new float[] {1}, new float[] {Float.NaN}), "must be finite");
    }

    private final AtomicInteger extractions = new AtomicInteger();

    private FedHdsClient client() {
        return FedHdsClient.builder(A)
                .instructions(List.of(
                        new Instruction("x", "", "o"),
                        new Instruction("yy", "", "ooo"),
                        new Instruction("x", "", "oo")))
                .featureExtractor((list, round) -> {
                    extractions.incrementAndGet();
                    return new Roles.Lengths().extract(list, round);
                })
                .fusion(Fusion.of(1, (features, round) -> new Points(3, 1, new double[] {7, 8, 7}))) // another frame
                .selector(new Roles.FirstCoordinate())
                .trainer(new Roles.AddCount())
                .build();
    }

    private static RoundOpening opening(Optional<Frame> frame) {
        return new RoundOpening("run", 1, List.of(A), 0, Roles.adapter(0), Map.of(), frame);
    }

    @Test
    void summarise_withAFrame_sendsTheMembersMeansInIt() {
        Frame frame = new Frame.Axes(new float[2], new float[] {1, 0, 0, 1});
        FedHdsClient client = client();
        CentroidReport report = client.summarise(opening(Optional.of(frame)));
        assertEquals(
                List.of(new Centroid(0, new double[] {1, 1.5}), new Centroid(1, new double[] {2, 3})),
                report.centroids());
        assertEquals(1, extractions.get(), "one pass serves the groups and the frame");
        assertSame(report, client.summarise(opening(Optional.of(frame))));
        assertEquals(
                List.of(new Centroid(0, new double[] {7}), new Centroid(1, new double[] {8})),
                client.summarise(opening(Optional.empty())).centroids());
    }

    @Test
    void answer_frameOfAnotherModel_isAWithdrawalThatSaysWhy() {
        RoundOpening opening = opening(Optional.of(new Frame.Axes(new float[3], new float[3])));
        assertFails(
                SettingsMismatchException.class,
                () -> client().summarise(opening),
                "does not fit client a",
                "do server and clients use one model?");
        Withdrawal withdrawal =
                assertInstanceOf(Withdrawal.class, client().answer(opening).orElseThrow());
        assertEquals(Refusal.SETTINGS_DIFFER, withdrawal.refusal());
        assertTrue(withdrawal.reason().contains("rows of 3 numbers, these features have 2"), withdrawal.reason());
    }

    @Test
    void server_withAFrame_takesCentroidsOfItsDimensionsAndSelectsOnThem() {
        AtomicInteger asked = new AtomicInteger();
        FedHdsServer server = FedHdsServer.builder()
                .runId("run")
                .clients(List.of(A))
                .sampler((clients, round) -> clients)
                .frame(round -> Optional.of(new Frame.Signs(2 + asked.incrementAndGet(), round.seedOf("frame"))))
                .selector((candidates, round) ->
                        new Coreset(List.of(new Group(0, candidates.points().point(0), new int[] {
                            candidates.points().dimensions() - 3
                        }))))
                .aggregator(new Roles.Mean())
                .initialAdapter(Roles.adapter(0))
                .build();
        RoundOpening first = server.open();
        assertEquals(3, first.frame().orElseThrow().dimensions());
        Receipt receipt = server.accept(new CentroidReport("run", 1, A, List.of(new Centroid(0, new double[] {1, 2}))));
        assertTrue(receipt.reason().startsWith("centroid 0 has 2 coordinates, this run has 3; "), receipt.reason());
        assertTrue(receipt.reason().contains("Frame.dimensions"), receipt.reason());
        assertTrue(server.accept(client().summarise(first)).counts());
        assertEquals(List.of(0), Objects.requireNonNull(server.select().get(A)).groups());
        server.aggregate();
        assertEquals(4, server.open().frame().orElseThrow().dimensions(), "asked once a round");
    }
}
