package io.github.fedhds.selection;

import io.github.fedhds.coreset.Candidates;
import io.github.fedhds.feature.Points;

/** Checks that points are finite. */
final class Finite {
    private Finite() {}

    /** The candidates' points, none NaN or infinite. */
    static Points points(Candidates candidates) {
        Points points = candidates.points();
        int bad = points.firstNonFinite();
        if (bad >= 0) {
            throw new IllegalArgumentException(
                    "row " + bad + " of the candidates holds NaN or infinity; are features and fusion in order?");
        }
        return points;
    }
}
