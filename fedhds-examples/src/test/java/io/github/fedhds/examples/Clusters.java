package io.github.fedhds.examples;

import io.github.fedhds.coreset.Candidates;
import io.github.fedhds.feature.Points;
import io.github.fedhds.round.RoundContext;
import io.github.fedhds.selection.HdbscanSelector;
import java.util.SplittableRandom;

/** Groups of fixed points, for a class path of the caller's choice. */
final class Clusters {
    private Clusters() {}

    static String answer() {
        SplittableRandom random = new SplittableRandom(7);
        double[] values = new double[120];
        for (int i = 0; i < values.length; i++) {
            values[i] = 10 * (i / 2 % 4) * (i % 2 + 1) + random.nextGaussian();
        }
        return HdbscanSelector.forClient()
                .select(Candidates.of(new Points(60, 2, values)), RoundContext.first())
                .toString();
    }
}
