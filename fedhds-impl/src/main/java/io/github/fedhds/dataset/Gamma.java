package io.github.fedhds.dataset;

import java.util.SplittableRandom;

/**
 * Random numbers of gamma and Dirichlet distributions, the same on every platform for the same stream.
 *
 * @see <a href="https://dl.acm.org/doi/10.1145/358407.358414">Marsaglia, Tsang 2000: A simple method for generating
 *     gamma variables</a>
 */
final class Gamma {
    private Gamma() {}

    /**
     * Logarithm of a gamma variate of scale 1. For a small shape the variate itself often underflows a double.
     *
     * @param shape finite and above 0
     */
    static double logSample(double shape, SplittableRandom random) {
        if (shape < 1) { // section 6: gamma(shape + 1) * U^(1 / shape)
            double u = 1 - random.nextDouble(); // never 0
            return logSample(shape + 1, random) + StrictMath.log(u) / shape;
        }
        double d = shape - 1.0 / 3;
        double c = 1 / StrictMath.sqrt(9 * d);
        while (true) {
            double x = gaussian(random);
            double root = 1 + c * x;
            if (root > 0) {
                double logV = 3 * StrictMath.log(root);
                double v = root * root * root;
                double u = 1 - random.nextDouble();
                if (StrictMath.log(u) < x * x / 2 + d - d * v + d * logV) {
                    return StrictMath.log(d) + logV;
                }
            }
        }
    }

    /** Marsaglia's polar method; discards the second number, so that no state is kept between calls. */
    static double gaussian(SplittableRandom random) {
        while (true) {
            double x = 2 * random.nextDouble() - 1;
            double y = 2 * random.nextDouble() - 1;
            double s = x * x + y * y;
            if (s > 0 && s < 1) {
                return x * StrictMath.sqrt(-2 * StrictMath.log(s) / s);
            }
        }
    }

    /** A Dirichlet variate with equal concentrations: {@code n} numbers, 0 or more, that sum to 1. */
    static double[] dirichlet(int n, double alpha, SplittableRandom random) {
        double[] logs = new double[n];
        double most = Double.NEGATIVE_INFINITY;
        for (int i = 0; i < n; i++) {
            logs[i] = logSample(alpha, random);
            most = Math.max(most, logs[i]);
        }
        double sum = 0;
        for (int i = 0; i < n; i++) {
            logs[i] = StrictMath.exp(logs[i] - most);
            sum += logs[i];
        }
        for (int i = 0; i < n; i++) {
            logs[i] /= sum;
        }
        return logs;
    }
}
