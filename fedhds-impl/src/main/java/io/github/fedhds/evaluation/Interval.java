package io.github.fedhds.evaluation;

import java.util.Arrays;
import java.util.Locale;
import java.util.Random;
import java.util.stream.DoubleStream;

/**
 * A mean with its 95 % interval by the percentile bootstrap.
 *
 * @param mean mean of the values
 * @param low the 2.5 % quantile of the means of resamples
 * @param high the 97.5 % quantile
 * @see <a href="https://doi.org/10.1201/9780429246593">Efron, Tibshirani 1993, section 13.3</a>
 */
public record Interval(double mean, double low, double high) {
    private static final int RESAMPLES = 10_000;

    /** No values. */
    private static final Interval NONE = new Interval(Double.NaN, Double.NaN, Double.NaN);

    /**
     * The interval of values that were drawn independently, such as the scores of instructions, or the differences of two runs
     * with equal seeds. 10,000 resamples with a fixed seed, so equal values give the same interval. Time O(10,000 n), about
     * a second for 10,000 values.
     *
     * @param values NaN in, NaN out; with one value the interval is a point; without any, all three are NaN
     */
    public static Interval of(double[] values) {
        if (values.length == 0) {
            return NONE;
        }
        Random random = new Random(1);
        double[] means = new double[RESAMPLES];
        for (int i = 0; i < means.length; i++) {
            double sum = 0;
            for (int j = 0; j < values.length; j++) {
                sum += values[random.nextInt(values.length)];
            }
            means[i] = sum / values.length;
        }
        Arrays.sort(means);
        return new Interval(
                DoubleStream.of(values).average().orElseThrow(),
                means[(int) (0.025 * means.length)],
                means[(int) (0.975 * means.length)]);
    }

    /** Such as {@code 0.2031 (0.1774 to 0.2290)}. */
    @Override
    public String toString() {
        return String.format(Locale.ROOT, "%.4f (%.4f to %.4f)", mean, low, high);
    }

    /** The same with signs, for a difference. */
    public String difference() {
        return String.format(Locale.ROOT, "%+.4f (%+.4f to %+.4f)", mean, low, high);
    }
}
