package io.github.fedhds.selection;

import io.github.fedhds.feature.Points;
import io.github.fedhds.internal.Euclidean;
import java.util.Arrays;

/**
 * NovelSum, a measure of how diverse a chosen set is, in the unit of the points: the mean novelty of its samples. The
 * novelty of a sample is the weighted mean of its distances to the others, where the k-th nearest has weight 1 / k, multiplied
 * by the root of its density among the reference. So duplicates lower it, and samples far from others add less if they are
 * isolated in the reference too. Higher is more diverse; compare only sets of about equal size with the same reference.
 *
 * <p>Distances are Euclidean; scale points to unit length first to compare angles as in the paper. 0 with fewer than two
 * samples. Safe for many threads.
 *
 * @see <a href="https://arxiv.org/abs/2502.17184">Yang et al. 2025: Measuring data diversity for instruction tuning</a>
 */
public final class NovelSum {
    private static final int NEIGHBOURS = 10;

    private static final double DENSITY_POWER = 0.5;

    private NovelSum() {}

    /**
     * Without densities, where nothing is known of the data that the samples were chosen from. Time O(n² (d + log n)), memory
     * O(n d).
     *
     * @param chosen {@code [n, d]}, finite
     * @throws IllegalArgumentException if a coordinate is NaN or infinite; the message names the point
     */
    public static double of(Points chosen) {
        double[] ones = new double[chosen.size()];
        Arrays.fill(ones, 1);
        return mean(chosen, ones);
    }

    /**
     * With densities among all samples from which some were chosen. Densities have no unit: the median sample of the reference
     * has factor 1, and no factor is above 10. Time O(m² (d + log m)) for m samples in all, memory O(m d).
     *
     * @param chosen {@code [n, d]}, finite, rows of the reference
     * @param reference {@code [m, d]}, finite, all samples
     * @throws IllegalArgumentException if a coordinate is NaN or infinite, or the dimensions differ
     */
    public static double of(Points chosen, Points reference) {
        if (chosen.size() > 0 && chosen.dimensions() != reference.dimensions()) {
            throw new IllegalArgumentException("chosen points and reference must have equally many coordinates, was "
                    + chosen.dimensions() + " and " + reference.dimensions());
        }
        check(chosen, "chosen");
        check(reference, "reference");
        return mean(chosen, Density.factors(chosen, reference, NEIGHBOURS, DENSITY_POWER));
    }

    private static void check(Points points, String name) {
        int bad = points.firstNonFinite();
        if (bad >= 0) {
            throw new IllegalArgumentException(
                    name + " point " + bad + " of " + points.size() + " holds a NaN or an infinity");
        }
    }

    private static double mean(Points chosen, double[] factors) {
        check(chosen, "chosen");
        int n = chosen.size();
        double[] values = chosen.toArray();
        double[] distances = new double[n];
        double sum = 0;
        for (int i = 0; i < n && n > 1; i++) {
            int row = i;
            Arrays.setAll(distances, j -> Math.sqrt(Euclidean.squared(values, row, values, j, chosen.dimensions())));
            Arrays.sort(distances);
            double novelty = 0;
            double weights = 0;
            for (int rank = 1; rank < n; rank++) { // the first is the sample itself
                novelty += distances[rank] / rank;
                weights += 1.0 / rank;
            }
            sum += factors[i] * novelty / weights / n;
        }
        return sum;
    }
}
