package io.github.fedhds.privacy;

import java.util.Arrays;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/**
 * Renyi differential privacy of Gaussian noise on a sum over clients that take part at random, each with the same probability
 * and independently of the others (Poisson sampling). Adjacent data sets differ by one client. The result is an upper bound:
 * without sampling {@link GaussianPrivacy} gives a lower epsilon for the same noise. Immutable.
 *
 * @see <a href="https://arxiv.org/abs/1702.07476">Mironov 2017: Renyi differential privacy</a>
 * @see <a href="https://arxiv.org/abs/1908.10530">Mironov, Talwar, Zhang 2019: the sampled Gaussian mechanism, section 3.3</a>
 */
public final class RenyiPrivacy {
    private static final int[] ORDERS = IntStream.concat(IntStream.rangeClosed(2, 256), IntStream.of(512, 1024))
            .toArray();

    private final double[] divergences; // of each order

    private RenyiPrivacy(double[] divergences) {
        this.divergences = divergences;
    }

    /** Nothing released. */
    public static RenyiPrivacy none() {
        return new RenyiPrivacy(new double[ORDERS.length]);
    }

    /**
     * One release.
     *
     * @param noise standard deviation of the noise by the sensitivity, above 0
     * @param probability with which a client takes part, above 0 and at most 1
     */
    public static RenyiPrivacy of(double noise, double probability) {
        if (!(noise > 0 && noise < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("noise must be above 0 and finite, was " + noise);
        }
        if (!(probability > 0 && probability <= 1)) {
            throw new IllegalArgumentException("probability must be above 0 and at most 1, was " + probability);
        }
        return new RenyiPrivacy(Arrays.stream(ORDERS)
                .mapToDouble(order -> divergence(order, noise, probability))
                .toArray());
    }

    /** This release and another one. */
    public RenyiPrivacy and(RenyiPrivacy other) {
        return new RenyiPrivacy(IntStream.range(0, ORDERS.length)
                .mapToDouble(i -> divergences[i] + other.divergences[i])
                .toArray());
    }

    /** This release so many times. */
    public RenyiPrivacy times(int count) {
        return new RenyiPrivacy(Arrays.stream(divergences).map(d -> d * count).toArray());
    }

    private static double divergence(int order, double noise, double q) {
        if (q == 1) {
            return order / (2 * noise * noise);
        }
        double[] terms = new double[order + 1];
        double choose = 0; // log of the binomial coefficient
        for (int k = 0; k <= order; k++) {
            terms[k] = choose + (order - k) * Math.log1p(-q) + k * Math.log(q) + k * (k - 1.0) / (2 * noise * noise);
            choose += Math.log((double) (order - k) / (k + 1));
        }
        double most = DoubleStream.of(terms).max().orElseThrow();
        return (most
                        + Math.log(DoubleStream.of(terms)
                                .map(t -> Math.exp(t - most))
                                .sum()))
                / (order - 1);
    }

    /**
     * The epsilon at a delta, the least over the orders 2 to 256, 512 and 1024.
     *
     * @see <a href="https://arxiv.org/abs/2004.00010">Canonne, Kamath, Steinke 2020, proposition 12</a>
     */
    public double epsilon(double delta) {
        double least = Double.POSITIVE_INFINITY;
        for (int i = 0; i < ORDERS.length; i++) {
            int a = ORDERS[i];
            least = Math.min(least, divergences[i] + Math.log1p(-1.0 / a) - Math.log(delta * a) / (a - 1));
        }
        return Math.max(0, least);
    }
}
