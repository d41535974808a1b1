package io.github.fedhds.reduction;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.feature.FeatureMatrix;
import io.github.fedhds.feature.Points;
import io.github.fedhds.internal.Workers;
import io.github.fedhds.round.RoundContext;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TsneFusionTest {
    @ParameterizedTest
    @CsvSource({"400, 2", "1300, 2", "1700, 2", "400, 3"}) // all pairs, neighbours, far ones together, other axes
    void fuse_anyNumberOfThreads_givesTheSameBits(int n, int dimensions) {
        FeatureMatrix features = FusionTest.groups(n, 20, 6, 1);
        TsneFusion.Builder settings = TsneFusion.builder().iterations(300).dimensions(dimensions);
        Points one = settings.threads(1).build().fuse(features, RoundContext.first());
        assertEquals(one, settings.threads(2).build().fuse(features, RoundContext.first()));
        assertEquals(one, settings.threads(3).build().fuse(features, RoundContext.first()));
        assertEquals(one, settings.threads(1).build().fuse(features, RoundContext.first()));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void fuse_clearGroups_keepsThemApart(int dimensions) {
        int n = 120;
        FeatureMatrix features = FusionTest.groups(n, 30, 4, 2);
        Points points = TsneFusion.builder().dimensions(dimensions).build().fuse(features, RoundContext.first());
        int own = 0;
        for (int i = 0; i < n; i++) {
            int nearest = i == 0 ? 1 : 0;
            for (int j = 0; j < n; j++) {
                nearest = j != i && square(points, i, j) < square(points, i, nearest) ? j : nearest;
            }
            own += nearest % 4 == i % 4 ? 1 : 0;
        }
        // on one axis points cannot pass one another, and a few stay where they started: 119 of 120 seen
        assertTrue(own >= (dimensions == 1 ? n * 95 / 100 : n), own + " rows are nearest to one of their group");
    }

    private static double square(Points points, int i, int j) {
        double sum = 0;
        for (int a = 0; a < points.dimensions(); a++) {
            sum += Math.pow(points.get(i, a) - points.get(j, a), 2);
        }
        return sum;
    }

    @Test
    void fuse_moreRowsThanAllPairs_isAsGoodByNeighbours() {
        int n = TsneFusion.ALL_PAIRS + 76;
        FeatureMatrix features = FusionTest.groups(n, 10, 12, 3);
        TsneFusion fusion = TsneFusion.builder().build();
        double divergence = fusion.divergence(features, fusion.fuse(features, RoundContext.first()));
        double[] start = new double[2 * n];
        Points pca = new PcaFusion().fuse(features, RoundContext.first());
        for (int i = 0; i < start.length; i++) {
            start[i] = 1e-4 * pca.get(i / 2, i % 2);
        }
        double[] joint = fusion.affinities(features);
        try (Workers workers = new Workers(TsneFusion.TSNE, 2)) {
            double[] exact =
                    new TsneDescent(Forces.overAllPairs(joint, n, 2), start, 50, workers, p -> {}).run(1000, 12);
            double wanted = fusion.divergence(features, new Points(n, 2, exact));
            assertTrue(divergence <= 1.05 * wanted, divergence + " by neighbours, by all pairs " + wanted);
        }
    }

    @Test
    void fuse_rowsOnALine_leavesTheLine() {
        float[] values = new float[60];
        for (int i = 0; i < 60; i++) {
            values[i] = i * i;
        }
        Points points = TsneFusion.builder().build().fuse(new FeatureMatrix(60, 1, 1, values), RoundContext.first());
        double second = 0;
        for (int i = 0; i < 60; i++) {
            second = Math.max(second, Math.abs(points.get(i, 1)));
        }
        assertTrue(second > 1e-3, "the second axis is used, was " + second);
    }

    @Test
    void fuse_translatedRows_haveTheSameAffinities() {
        FeatureMatrix features = FusionTest.groups(80, 6, 3, 4);
        float[] moved = features.toArray();
        for (int i = 0; i < moved.length; i++) {
            moved[i] += 8;
        }
        TsneFusion fusion = TsneFusion.builder().build();
        assertArrayEquals(fusion.affinities(features), fusion.affinities(new FeatureMatrix(80, 1, 6, moved)), 1e-7);
    }

    @Test
    void affinities_ofAnyRows_areAJointDistribution() {
        for (int n = 2; n <= 40; n += 19) {
            double[] p = TsneFusion.builder().build().affinities(FusionTest.groups(n, 4, 3, 5));
            double sum = 0;
            for (int i = 0; i < n; i++) {
                assertEquals(0, p[i * n + i]);
                for (int j = 0; j < n; j++) {
                    assertEquals(p[i * n + j], p[j * n + i]);
                    sum += p[i * n + j];
                }
            }
            assertEquals(1, sum, 1e-12);
        }
    }

    @Test
    void fuse_manyDuplicates_keepsThemTogether() {
        FeatureMatrix few = FusionTest.groups(4, 5, 4, 6);
        float[] values = new float[200 * 5];
        for (int i = 0; i < 200; i++) {
            System.arraycopy(few.row(i % 4), 0, values, i * 5, 5);
        }
        Points points = TsneFusion.builder().build().fuse(new FeatureMatrix(200, 1, 5, values), RoundContext.first());
        assertEquals(-1, points.firstNonFinite());
        for (int i = 4; i < 200; i++) {
            assertTrue(square(points, i, i % 4) < 1e-3 * square(points, i, (i + 1) % 4), "row " + i);
        }
    }

    @Test
    void divergence_ofOtherPoints_isRefusedOrZero() {
        TsneFusion fusion = TsneFusion.builder().build();
        FeatureMatrix features = FusionTest.groups(5, 3, 2, 7);
        assertThrows(
                IllegalArgumentException.class, () -> fusion.divergence(features, new Points(4, 2, new double[8])));
        FeatureMatrix one = FusionTest.groups(1, 3, 1, 7);
        assertEquals(0, fusion.divergence(one, fusion.fuse(one, RoundContext.first())));
    }

    @Test
    void settings_atTheLeastAndBelow_areTakenAndRefused() {
        TsneFusion.Builder b = TsneFusion.builder();
        b.dimensions(1).iterations(1).threads(1).perplexity(Math.nextUp(1.0)).earlyExaggeration(1);
        b.learningRate(Double.MIN_VALUE);
        assertEquals(
                -1,
                b.build()
                        .fuse(FusionTest.groups(6, 3, 2, 8), RoundContext.first())
                        .firstNonFinite());
        assertThrows(IllegalArgumentException.class, () -> b.dimensions(0));
        assertThrows(IllegalArgumentException.class, () -> b.iterations(0));
        assertThrows(IllegalArgumentException.class, () -> b.threads(0));
        b.exactRows(0);
        assertThrows(IllegalArgumentException.class, () -> b.exactRows(-1));
        for (double bad : new double[] {1, Double.NaN, Double.POSITIVE_INFINITY}) {
            assertThrows(IllegalArgumentException.class, () -> b.perplexity(bad));
        }
        for (double bad : new double[] {0.99, Double.NaN, Double.POSITIVE_INFINITY}) {
            assertThrows(IllegalArgumentException.class, () -> b.earlyExaggeration(bad));
        }
        for (double bad : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
            assertThrows(IllegalArgumentException.class, () -> b.learningRate(bad));
        }
    }

    @Test
    void settings_leftOut_areThoseOfThePaper() {
        FeatureMatrix features = FusionTest.groups(100, 8, 3, 9);
        TsneFusion written = TsneFusion.builder()
                .dimensions(2)
                .perplexity(30)
                .earlyExaggeration(12)
                .learningRate(50)
                .iterations(1000)
                .exactRows(1500)
                .build();
        assertEquals(
                written.fuse(features, RoundContext.first()),
                TsneFusion.builder().build().fuse(features, RoundContext.first()));
    }

    @Test
    void fuse_farPointsTogether_isAsGoodAsEveryRepulsion() {
        int n = 1500;
        FeatureMatrix features = FusionTest.groups(n, 10, 30, 10);
        TsneFusion exact = TsneFusion.builder().exactRows(n).build();
        Points every = exact.fuse(features, RoundContext.first());
        Points together = TsneFusion.builder().exactRows(0).build().fuse(features, RoundContext.first());
        assertNotEquals(every, together);
        double wanted = exact.divergence(features, every);
        double divergence = exact.divergence(features, together);
        assertTrue(divergence <= 1.03 * wanted, divergence + " together, by every repulsion " + wanted);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void fuse_fewestRows_placesEach(int n) {
        Points points =
                TsneFusion.builder().exactRows(0).build().fuse(FusionTest.groups(n, 5, 3, 11), RoundContext.first());
        assertEquals(n, points.size());
        assertEquals(-1, points.firstNonFinite());
        for (int i = 1; i < n; i++) {
            assertTrue(square(points, i, i - 1) > 0, "row " + i);
        }
    }

    /** Also where the rows are so many that neighbours attract and far points push together. */
    @ParameterizedTest
    @ValueSource(ints = {50, 600, 1600})
    void fuse_equalRowsAndConstantColumns_doNoHarm(int n) {
        float[] values = new float[n * 3];
        Arrays.fill(values, 7);
        TsneFusion fusion = TsneFusion.builder().iterations(260).build();
        Points equal = fusion.fuse(new FeatureMatrix(n, 1, 3, values), RoundContext.first());
        assertEquals(-1, equal.firstNonFinite());
        for (int i = 0; i < n; i++) {
            values[3 * i + 1] = i % 40; // many duplicates, and two constant columns
        }
        Points few = fusion.fuse(new FeatureMatrix(n, 1, 3, values), RoundContext.first());
        assertEquals(-1, few.firstNonFinite());
        assertTrue(square(few, 0, 1) > 1e-6, "other rows lie apart");
    }

    @Test
    void fuse_nanInAnyRow_isRefusedByName() {
        float[] values = new float[600 * 2];
        values[599 * 2] = Float.NaN;
        Exception e = assertThrows(
                IllegalArgumentException.class,
                () -> TsneFusion.builder().build().fuse(new FeatureMatrix(600, 1, 2, values), RoundContext.first()));
        assertTrue(String.valueOf(e.getMessage()).contains("row 599"), e.getMessage());
    }

    @Test
    void fuse_withListener_tellsEveryFiftyIterations() {
        List<TsneProgress> told = new ArrayList<>();
        FeatureMatrix features = FusionTest.groups(90, 6, 3, 12);
        TsneFusion.builder().iterations(400).listener(told::add).build().fuse(features, RoundContext.first());
        assertEquals(
                List.of(50, 100, 150, 200, 250, 300, 350, 400),
                told.stream().map(TsneProgress::iteration).toList());
        for (TsneProgress progress : told) {
            assertEquals(400, progress.iterations());
            assertTrue(progress.gradientNorm() > 0 && Double.isFinite(progress.divergence()), progress.toString());
        }
        assertTrue(told.get(7).divergence() < told.get(5).divergence(), told.toString());
    }

    @ParameterizedTest
    @ValueSource(ints = {300, 900}) // all pairs, neighbours
    void fuse_onAPlateau_endsWithAsGoodAMap(int n) {
        List<TsneProgress> told = new ArrayList<>();
        FeatureMatrix features = FusionTest.groups(n, 10, 12, 17);
        Points soon = TsneFusion.builder().listener(told::add).build().fuse(features, RoundContext.first());
        int last = told.get(told.size() - 1).iteration();
        assertTrue(last > 500 && last < 1000, "ended after " + last);
        TsneFusion patient = TsneFusion.builder().minimumProgress(0).build();
        double wanted = patient.divergence(features, patient.fuse(features, RoundContext.first()));
        double divergence = patient.divergence(features, soon);
        assertTrue(divergence <= 1.02 * wanted, divergence + " after " + last + ", after all " + wanted);
    }

    @ParameterizedTest
    @ValueSource(ints = {100, 1600})
    void fuse_absurdSteps_leavesNumbers(int n) {
        TsneFusion fusion = TsneFusion.builder()
                .learningRate(1e60)
                .exactRows(1000)
                .iterations(20)
                .build();
        assertEquals(
                -1,
                fusion.fuse(FusionTest.groups(n, 4, 3, 18), RoundContext.first())
                        .firstNonFinite());
    }

    @Test
    void minimumProgress_outsideItsRange_isRefused() {
        TsneFusion.Builder b = TsneFusion.builder().minimumProgress(0).minimumProgress(Math.nextDown(1.0));
        for (double bad : new double[] {-1e-9, 1, Double.NaN}) {
            assertThrows(IllegalArgumentException.class, () -> b.minimumProgress(bad));
        }
    }

    @Test
    void fuse_interrupted_endsWithItsErrorAndNoThread() {
        FeatureMatrix features = FusionTest.groups(1600, 6, 3, 13);
        TsneFusion fusion = TsneFusion.builder()
                .listener(progress -> Thread.currentThread().interrupt())
                .build();
        FedHdsException e = assertThrows(FedHdsException.class, () -> fusion.fuse(features, RoundContext.first()));
        assertTrue(Thread.interrupted(), "the flag is kept");
        assertTrue(String.valueOf(e.getMessage()).contains("after 50 of 1000 iterations"), e.getMessage());
        assertTrue(e.getCause() instanceof InterruptedException);
        assertEquals(
                0,
                Thread.getAllStackTraces().keySet().stream()
                        .filter(thread -> thread.getName().equals("fedhds-tsne"))
                        .count());
    }

    @Test
    void fuse_interruptedBefore_doesNothing() {
        Thread.currentThread().interrupt();
        FeatureMatrix features = FusionTest.groups(600, 6, 3, 14);
        TsneFusion fusion = TsneFusion.builder().build();
        assertThrows(FedHdsException.class, () -> fusion.fuse(features, RoundContext.first()));
        assertTrue(Thread.interrupted(), "the flag is kept");
    }

    @Test
    void neighbours_byBlocksAndFromTheGram_areTheNearestOfAllRows() {
        int n = 700;
        FeatureMatrix features = FusionTest.groups(n, 5, 8, 15);
        CentredRows rows = CentredRows.of(features);
        try (Workers workers = new Workers(TsneFusion.TSNE, 2)) {
            Neighbours blocks = Neighbours.among(SquaredDistances.byBlocks(rows, 50_000), 20, workers);
            Neighbours columns = Neighbours.among(SquaredDistances.byBlocks(rows, 1), 20, workers);
            Neighbours gram = Neighbours.among(SquaredDistances.of(rows, rows.rowGram()), 20, workers);
            for (int i = 0; i < n; i++) {
                int own = i;
                double[] square = new double[n];
                for (int j = 0; j < n; j++) {
                    for (int c = 0; c < 5; c++) {
                        square[j] += Math.pow(features.get(i, c) - (double) features.get(j, c), 2);
                    }
                }
                double[] sorted = IntStream.range(0, n)
                        .filter(j -> j != own)
                        .mapToDouble(j -> square[j])
                        .sorted()
                        .toArray();
                for (Neighbours found : List.of(blocks, gram, columns)) {
                    for (int e = 0; e < 20; e++) {
                        int j = found.rows()[i * 20 + e];
                        assertEquals(sorted[e], square[j], 1e-6 * sorted[e], "row " + i);
                        assertEquals(square[j], found.squares()[i * 20 + e], 1e-6 * square[j], "row " + i);
                    }
                }
            }
        }
    }

    @Test
    void repulsion_farPointsTogether_isNearTheExact() {
        int n = 2000;
        Random random = new Random(16);
        PlaneTree tree = new PlaneTree(n);
        Forces exact =
                Forces.overNeighbours(new Affinities.Sparse(new int[n + 1], new int[0], new double[0]), n, 2, false);
        double[][] at = exact.positions();
        for (double spread : new double[] {1e-4, 1, 30}) {
            for (int i = 0; i < n; i++) {
                at[0][i] = spread * random.nextGaussian();
                at[1][i] = spread * random.nextGaussian() / 2;
            }
            double[][] repulsion = new double[2][n];
            double[] closeness = new double[n];
            tree.place(at);
            tree.repel(0, n, repulsion, closeness);
            try (Workers workers = new Workers(TsneFusion.TSNE, 2)) {
                exact.compute(workers);
            }
            double error = 0;
            double size = 0;
            for (int i = 0; i < n; i++) {
                error += Math.pow(repulsion[0][i] - exact.repulsion(0)[i], 2)
                        + Math.pow(repulsion[1][i] - exact.repulsion(1)[i], 2);
                size += Math.pow(exact.repulsion(0)[i], 2) + Math.pow(exact.repulsion(1)[i], 2);
            }
            assertTrue(Math.sqrt(error / size) < 0.03, "spread " + spread + ": " + Math.sqrt(error / size));
            double total = Arrays.stream(closeness).sum() - n;
            assertEquals(exact.totalCloseness(), total, 0.01 * total, "spread " + spread);
        }
    }
}
