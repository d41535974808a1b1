package io.github.fedhds.privacy;

import java.security.SecureRandom;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import java.util.function.LongSupplier;

/**
 * Where noise comes from. Only secret noise protects anything: who can draw the same numbers subtracts them. So a run uses {@link
 * #secret}; never the run's seed, which every client and the server know. Safe for many threads.
 */
public final class NoiseSource {
    private final LongSupplier bits;
    private final OptionalLong seed; // empty: secret

    private NoiseSource(LongSupplier bits, OptionalLong seed) {
        this.bits = bits;
        this.seed = seed;
    }

    /** The system's cryptographic generator. */
    public static NoiseSource secret() {
        return new NoiseSource(new SecureRandom()::nextLong, OptionalLong.empty());
    }

    /** Numbers that can be repeated, for tests and simulations: protects nothing. */
    public static NoiseSource repeatable(long seed) {
        return new NoiseSource(new SplittableRandom(seed)::nextLong, OptionalLong.of(seed));
    }

    /** Given bits, for tests. */
    static NoiseSource of(LongSupplier bits) {
        return new NoiseSource(bits, OptionalLong.of(0));
    }

    /**
     * The numbers of one release: those of this source if it is secret, otherwise numbers that follow from the seed and the name, so
     * that a resumed run draws the same as an uninterrupted one.
     */
    NoiseSource forRelease(String name) {
        return seed.isEmpty() ? this : repeatable(31 * seed.getAsLong() + name.hashCode());
    }

    /** Whether nobody else can draw the same numbers. */
    public boolean isSecret() {
        return seed.isEmpty();
    }

    /** Fills an array with independent standard normal numbers, by Box and Muller's method. */
    synchronized void fill(double[] values) {
        for (int i = 0; i < values.length; i += 2) {
            double length = Math.sqrt(-2 * Math.log(uniform()));
            double angle = 2 * Math.PI * uniform();
            values[i] = length * Math.cos(angle);
            if (i + 1 < values.length) {
                values[i + 1] = length * Math.sin(angle);
            }
        }
    }

    /**
     * A number between 0 and 1, exclusive. The nearer it is to 0, the finer: with 53 bits alone no noise would be above 8.6 standard
     * deviations, and an output beyond that would betray the value.
     */
    synchronized double uniform() {
        int zeros = 0;
        long first = bits.getAsLong();
        while (first == 0 && zeros < 960) {
            zeros += Long.SIZE;
            first = bits.getAsLong();
        }
        zeros += Long.numberOfLeadingZeros(first);
        return Math.scalb(1 + (bits.getAsLong() >>> 12) * 0x1p-52, -1 - zeros);
    }
}
