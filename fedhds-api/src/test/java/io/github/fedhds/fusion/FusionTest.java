package io.github.fedhds.fusion;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import io.github.fedhds.feature.FeatureMatrix;
import io.github.fedhds.feature.Points;
import io.github.fedhds.round.RoundContext;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The role itself: a lambda, how many coordinates it gives, and views of the rows. */
class FusionTest {
    private final List<RoundContext> rounds = new ArrayList<>();

    private final Fusion firstColumn = (features, round) -> {
        rounds.add(round);
        double[] values = new double[features.rows()];
        for (int i = 0; i < values.length; i++) {
            values[i] = features.get(i, 0);
        }
        return new Points(values.length, 1, values);
    };

    @Test
    void dimensions_areTwoOrAsTold() {
        assertEquals(2, firstColumn.dimensions());
        assertEquals(1, Fusion.of(1, firstColumn).dimensions());
        assertFails(IllegalArgumentException.class, () -> Fusion.of(0, firstColumn), "dimensions of a fusion", "was 0");
    }

    @Test
    void compose_fusesTheViewInTheSameRoundAndKeepsTheDimensions() {
        Fusion last = Fusion.of(1, firstColumn).compose(FeatureMatrix::lastBlock);
        RoundContext round = RoundContext.first().withSeed(7);
        Points points = last.fuse(new FeatureMatrix(2, 2, 1, new float[] {1, 2, 3, 4}), round);
        assertArrayEquals(new double[] {2, 4}, points.toArray());
        assertEquals(1, last.dimensions());
        assertSame(round, rounds.get(0));
    }
}
