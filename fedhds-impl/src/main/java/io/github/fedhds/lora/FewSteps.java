package io.github.fedhds.lora;

/**
 * A learning rate that depends on the number of steps in a round. A rate that suits thousands of steps changes almost nothing in
 * a handful of them, and a rate for a handful does damage over thousands.
 */
final class FewSteps {
    /** Steps from which on the rate is not raised. */
    private static final int ENOUGH = 300;

    private static final double LARGEST_FACTOR = 2.5;

    private FewSteps() {}

    /** {@code sqrt(300 / steps)}, from 1 to 2.5. */
    static double rateFactor(int steps) {
        return Math.max(1, Math.min(LARGEST_FACTOR, Math.sqrt((double) ENOUGH / steps)));
    }
}
