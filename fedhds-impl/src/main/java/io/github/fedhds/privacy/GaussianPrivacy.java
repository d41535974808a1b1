package io.github.fedhds.privacy;

import java.util.function.DoublePredicate;

/**
 * What Gaussian noise promises, exactly. A release with sensitivity D and noise of standard deviation sigma in each coordinate
 * has mu = D / sigma; several releases together have the root of the sum of their squares. For each epsilon there is a least
 * delta, so that the releases are (epsilon, delta) differentially private.
 *
 * @see <a href="https://arxiv.org/abs/1805.06530">Balle, Wang 2018: Improving the Gaussian mechanism, theorem 8</a>
 */
public final class GaussianPrivacy {
    private GaussianPrivacy() {}

    /**
     * The least delta.
     *
     * @param mu sensitivity by standard deviation, 0 or more; infinite without noise
     * @param epsilon 0 or more
     * @return 0 to 1
     */
    public static double delta(double mu, double epsilon) {
        if (!(mu >= 0)) {
            throw new IllegalArgumentException("mu must be 0 or more, was " + mu);
        }
        if (!(epsilon >= 0)) {
            throw new IllegalArgumentException("epsilon must be 0 or more, was " + epsilon);
        }
        if (mu == 0) {
            return 0;
        }
        if (Double.isInfinite(mu)) {
            return 1;
        }
        // Theorem 8 subtracts e^epsilon times a tail, which may be infinity times zero. The density at low is e^epsilon
        // times that at high, so both terms are this density times a ratio of tail and density.
        double low = epsilon / mu - mu / 2;
        double high = epsilon / mu + mu / 2;
        double delta = low < -30
                ? NormalTail.below(-low) - NormalTail.density(low) * NormalTail.mills(high)
                : NormalTail.density(low) * (NormalTail.mills(low) - NormalTail.mills(high));
        return Math.max(0, Math.min(1, delta));
    }

    /**
     * The least epsilon.
     *
     * @param mu as in {@link #delta}
     * @param delta above 0 and below 1
     * @return 0 or more; infinite without noise
     */
    public static double epsilon(double mu, double delta) {
        checkDelta(delta);
        if (Double.isInfinite(mu)) {
            return Double.POSITIVE_INFINITY;
        }
        if (delta(mu, 0) <= delta) {
            return 0;
        }
        double high = 1;
        while (delta(mu, high) > delta) {
            high *= 2;
        }
        return bisect(high / 2 == 0.5 ? 0 : high / 2, high, epsilon -> delta(mu, epsilon) > delta);
    }

    /**
     * The greatest mu that keeps a promise; the noise is the sensitivity divided by it.
     *
     * @param epsilon above 0
     * @param delta above 0 and below 1
     */
    public static double mu(double epsilon, double delta) {
        checkDelta(delta);
        checkEpsilon(epsilon);
        double high = 1;
        while (delta(high, epsilon) <= delta) {
            high *= 2;
        }
        return bisect(0, high, mu -> delta(mu, epsilon) <= delta);
    }

    static void checkEpsilon(double epsilon) {
        if (!(epsilon > 0 && epsilon < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("epsilon must be above 0 and finite, was " + epsilon);
        }
    }

    /** Of one release: more than nothing, and not without noise. */
    static void checkMu(double mu) {
        if (!(mu > 0 && mu < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("mu must be above 0 and finite, was " + mu);
        }
    }

    static void checkDelta(double delta) {
        if (!(delta > 0 && delta < 1)) {
            throw new IllegalArgumentException("delta must be above 0 and below 1, was " + delta);
        }
    }

    /** The point up to which a condition holds. */
    private static double bisect(double low, double high, DoublePredicate holds) {
        double from = low;
        double to = high;
        for (int i = 0; i < 200; i++) {
            double middle = from + (to - from) / 2;
            if (middle == from || middle == to) {
                break;
            }
            if (holds.test(middle)) {
                from = middle;
            } else {
                to = middle;
            }
        }
        return from + (to - from) / 2;
    }
}
