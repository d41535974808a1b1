package io.github.fedhds.selection;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.feature.Points;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class NovelSumTest {
    private static Points gaussian(int n, double spread, long seed) {
        Random random = new Random(seed);
        List<double[]> rows = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            rows.add(new double[] {spread * random.nextGaussian(), spread * random.nextGaussian()});
        }
        return Points.of(rows);
    }

    private static Points rows(Points points, int... rows) {
        return Points.of(IntStream.of(rows).mapToObj(points::point).toList());
    }

    @Test
    void of_pointsOnALine_byHand() {
        Points line = new Points(3, 1, new double[] {0, 1, 3});
        // novelty: (1 + 3/2) / 1.5, (1 + 2/2) / 1.5, (2 + 3/2) / 1.5
        assertEquals((2.5 + 2 + 3.5) / 4.5, NovelSum.of(line), 1e-12);
        // mean distances to the others: 2, 1.5 and 2.5, of which the median is 2
        double expected = (2.5 + 2 * Math.sqrt(2 / 1.5) + 3.5 * Math.sqrt(2 / 2.5)) / 4.5;
        assertEquals(expected, NovelSum.of(line, line), 1e-12);
    }

    /** Every sample twice: each has a neighbour at distance 0, and every other rank is higher. */
    @Test
    void of_duplicates_isLower() {
        for (int seed = 0; seed < 20; seed++) {
            Points all = gaussian(200, 1, seed);
            int[] some = IntStream.range(0, 15).toArray();
            int[] twice = IntStream.range(0, 30).map(i -> i / 2).toArray();
            assertTrue(NovelSum.of(rows(all, twice)) < NovelSum.of(rows(all, some)));
            assertTrue(NovelSum.of(rows(all, twice), all) < NovelSum.of(rows(all, some), all));
            assertEquals(0, NovelSum.of(rows(all, new int[20]), all));
        }
    }

    @Test
    void of_spread_isHigherAndInTheUnitOfThePoints() {
        for (int seed = 0; seed < 20; seed++) {
            Points near = gaussian(30, 1, seed);
            Points far = gaussian(30, 3, seed);
            assertEquals(3 * NovelSum.of(near), NovelSum.of(far), 1e-9);
            assertEquals(3 * NovelSum.of(near, near), NovelSum.of(far, far), 1e-9);
        }
    }

    /** The fifth sample is as far away in both sets, and dense among the reference in one of them. */
    @Test
    void of_isolatedSamples_addLessThanThoseOfDenseRegions() {
        for (int seed = 0; seed < 20; seed++) {
            Points centre = gaussian(50, 1, seed);
            List<double[]> rows = new ArrayList<>();
            IntStream.range(0, 50).forEach(i -> rows.add(centre.point(i)));
            for (int i = 0; i < 50; i++) { // dense at x = 20
                rows.add(new double[] {20 + centre.get(i, 0), centre.get(i, 1)});
            }
            rows.add(new double[] {-20, 0}); // alone
            Points all = Points.of(rows);
            double dense = NovelSum.of(rows(all, 0, 1, 2, 3, 60), all);
            double alone = NovelSum.of(rows(all, 0, 1, 2, 3, 100), all);
            assertTrue(dense > alone, dense + " of the dense, " + alone + " of the isolated, seed " + seed);
        }
    }

    @Test
    void of_fewOrFaulty() {
        assertEquals(0, NovelSum.of(new Points(0, 2, new double[0])));
        assertEquals(0, NovelSum.of(new Points(1, 2, new double[2]), new Points(1, 2, new double[2])));
        assertEquals(0, NovelSum.of(new Points(9, 2, new double[18]), new Points(9, 2, new double[18])));
        assertEquals(0, NovelSum.of(Points.of(List.of()), new Points(9, 2, new double[18])));
        double[] bad = new double[6];
        Arrays.fill(bad, 4, 5, Double.NaN);
        Class<IllegalArgumentException> wrong = IllegalArgumentException.class;
        Points some = new Points(3, 2, new double[6]);
        assertFails(wrong, () -> NovelSum.of(new Points(3, 2, bad)), "chosen point 2 of 3", "NaN");
        assertFails(wrong, () -> NovelSum.of(some, new Points(3, 2, bad)), "reference point 2 of 3");
        assertFails(wrong, () -> NovelSum.of(some, new Points(3, 1, new double[3])), "2 and 1");
    }
}
