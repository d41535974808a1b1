package io.github.fedhds.privacy;

import java.security.SecureRandom;
import java.util.SplittableRandom;
import java.util.function.DoubleSupplier;

/**
 * Where noise comes from. Only secret noise protects anything: who can draw the same numbers subtracts them. So a run uses {@link
 * #secret}; never the run's seed, which every client and the server know. Safe for many threads.
 */
public final class NoiseSource {
    private final DoubleSupplier uniform;
    private final boolean secret;

    private NoiseSource(DoubleSupplier uniform, boolean secret) {
        this.uniform = uniform;
        this.secret = secret;
    }

    /** The system's cryptographic generator. */
    public static NoiseSource secret() {
        SecureRandom random = new SecureRandom();
        return new NoiseSource(() -> (random.nextLong() >>> 11) * 0x1p-53, true);
    }

    /** Numbers that can be repeated, for tests and simulations: protects nothing, and every output says so. */
    public static NoiseSource repeatable(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        return new NoiseSource(random::nextDouble, false);
    }

    /** Whether nobody else can draw the same numbers. */
    public boolean isSecret() {
        return secret;
    }

    /** Fills an array with independent standard normal numbers, by Box and Muller's method. */
    synchronized void fill(double[] values) {
        for (int i = 0; i < values.length; i += 2) {
            double length = Math.sqrt(-2 * Math.log(1 - uniform.getAsDouble())); // 1 - u is never 0
            double angle = 2 * Math.PI * uniform.getAsDouble();
            values[i] = length * Math.cos(angle);
            if (i + 1 < values.length) {
                values[i + 1] = length * Math.sin(angle);
            }
        }
    }
}
