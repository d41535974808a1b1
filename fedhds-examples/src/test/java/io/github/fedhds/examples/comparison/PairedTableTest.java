package io.github.fedhds.examples.comparison;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.evaluation.Interval;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PairedTableTest {
    private static Trial trial(String method, long seed, double rougeL) {
        return new Trial(
                Map.of(),
                method,
                seed,
                1e-3,
                3,
                rougeL,
                Map.of(),
                1.5,
                10,
                1000,
                Map.of("a_1", 5L, "a_2", 4L, "b", 1L),
                0.5,
                1,
                2,
                3,
                4);
    }

    @Test
    void text_pairedDifferences_useEqualSeedsOnly() {
        String text = new PairedTable(List.of(
                        trial("RANDOM", 1, 0.1),
                        trial("RANDOM", 2, 0.5),
                        trial("RECOMMENDED", 1, 0.2),
                        trial("RECOMMENDED", 2, 0.6),
                        trial("RECOMMENDED", 3, 9)))
                .text();
        assertTrue(
                text.contains(
                        "| recommended | random | 2 | +0.1000 (+0.1000 to +0.1000) | +0.0000 (+0.0000 to +0.0000) |"),
                text);
        assertTrue(
                text.contains(
                        "| random | 0.001 | 3 | 2 | 0.3000 (0.2828) | 1.5000 (0.0000) | 10.0 | 1.00 % | 3.0 | 2.0 | 0.500 | 1 | 2 | 3 |"),
                text);
    }

    @Test
    void text_noTrials_isEmpty() {
        assertEquals("", new PairedTable(List.of()).text());
    }

    @Test
    void interval_ofNormalValues_coversTheirMean() {
        Random random = new Random(3);
        int covered = 0;
        for (int repeat = 0; repeat < 100; repeat++) {
            List<Double> values = new ArrayList<>();
            for (int i = 0; i < 30; i++) {
                values.add(0.5 + random.nextGaussian());
            }
            Interval interval =
                    Interval.of(values.stream().mapToDouble(Double::doubleValue).toArray());
            assertTrue(interval.low() <= interval.mean() && interval.mean() <= interval.high());
            covered += interval.low() <= 0.5 && 0.5 <= interval.high() ? 1 : 0;
        }
        assertTrue(covered >= 85 && covered < 100, covered + " of 100 intervals cover the mean");
    }
}
