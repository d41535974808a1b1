package io.github.fedhds.selection;

import io.github.fedhds.feature.Points;
import io.github.fedhds.internal.Euclidean;
import java.util.Arrays;

/** Factors that are large where points lie close together and small for isolated ones. */
final class Density {
    /** The highest density, in multiples of the median's: points with many duplicates would be infinitely dense. */
    private static final double MOST = 100;

    private Density() {}

    /**
     * The factor of each point: the inverse of the mean distance to its nearest neighbours, in multiples of the reference's
     * median among those that are not 0, raised to the power. So it has no unit. All are 1 at power 0 and if the whole
     * reference coincides. Time O(m² (d + log m)) for m points of the reference, memory O(m d).
     *
     * @param reference the points among which neighbours are sought, with the points themselves
     * @param neighbours number of neighbours besides the point itself; all if there are fewer
     */
    static double[] factors(Points points, Points reference, int neighbours, double power) {
        double[] factors = new double[points.size()];
        Arrays.fill(factors, 1);
        if (power == 0 || reference.size() < 2) {
            return factors;
        }
        int k = Math.min(neighbours, reference.size() - 1);
        double[] radii = radii(points, reference, k);
        double[] positive = Arrays.stream(points == reference ? radii : radii(reference, reference, k))
                .filter(r -> r > 0)
                .sorted()
                .toArray();
        if (positive.length > 0) {
            double median = positive[positive.length / 2];
            Arrays.setAll(factors, i -> Math.pow(median / Math.max(radii[i], median / MOST), power));
        }
        return factors;
    }

    /** The mean distance of each point to its nearest neighbours; scaled, so that no square overflows. */
    private static double[] radii(Points points, Points reference, int neighbours) {
        int d = points.dimensions();
        double[] from = points.toArray();
        double[] to = reference.toArray();
        double largest = 0;
        for (double value : to) {
            largest = Math.max(largest, Math.abs(value));
        }
        int bits = largest > 0 ? -Math.getExponent(largest) - 1 : 0;
        Arrays.setAll(from, i -> Math.scalb(from[i], bits));
        Arrays.setAll(to, i -> Math.scalb(to[i], bits));
        double[] radii = new double[points.size()];
        double[] distances = new double[reference.size()];
        for (int i = 0; i < radii.length; i++) {
            int row = i;
            Arrays.setAll(distances, j -> Math.sqrt(Euclidean.squared(from, row, to, j, d)));
            Arrays.sort(distances);
            for (int k = 1; k <= neighbours; k++) { // the first is the point itself
                radii[i] += distances[k] / neighbours;
            }
        }
        return radii;
    }
}
