package io.github.fedhds.privacy;

/**
 * The tail of the standard normal distribution, to nearly full double precision. Ratios of tail and density stay finite where
 * the tail itself is below the smallest double.
 */
final class NormalTail {
    private static final double SQRT_2_PI = Math.sqrt(2 * Math.PI);

    /** Above it the continued fraction needs few terms; below it the series loses no digits. */
    private static final double FRACTION_FROM = 2.5;

    private NormalTail() {}

    static double density(double x) {
        return Math.exp(-0.5 * x * x) / SQRT_2_PI;
    }

    /** Probability of a value of at most x. */
    static double below(double x) {
        return x > 0 ? 1 - above(x) : above(-x);
    }

    /** Probability of a value above x. */
    static double above(double x) {
        return x >= FRACTION_FROM ? density(x) * mills(x) : 0.5 - density(x) * series(x);
    }

    /** Probability of a value above x, divided by the density at x (Mills ratio); infinite below about -38. */
    static double mills(double x) {
        return x >= FRACTION_FROM ? fraction(x) : above(x) / density(x);
    }

    /** The probability between 0 and x, divided by the density at x; all terms have the same sign. */
    private static double series(double x) {
        double term = x;
        double sum = x;
        for (int k = 3; Math.abs(term) > 1e-17 * Math.abs(sum); k += 2) {
            term *= x * x / k;
            sum += term;
        }
        return sum;
    }

    /** Laplace's continued fraction x + 1/(x + 2/(x + 3/(x + ...))), inverted, by Lentz's method. */
    private static double fraction(double x) {
        double value = x;
        double c = x;
        double d = 0;
        for (int k = 1; k < 1000; k++) {
            d = 1 / (x + k * d);
            c = x + k / c;
            double factor = c * d;
            value *= factor;
            if (Math.abs(factor - 1) < 1e-16) {
                break;
            }
        }
        return 1 / value;
    }
}
