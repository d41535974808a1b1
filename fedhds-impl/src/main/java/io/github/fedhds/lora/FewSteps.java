package io.github.fedhds.lora;

/**
 * Learning rate and epochs that depend on the number of steps in a round. A rate that suits thousands of steps changes
 * almost nothing in a handful of them, and such a rate does damage over thousands.
 */
final class FewSteps {
    /** Steps from which on nothing is adapted. */
    private static final int ENOUGH = 300;

    private static final double LARGEST_FACTOR = 7;
    private static final int FEW = 30;
    private static final int MOST_EPOCHS = 3;

    private FewSteps() {}

    /** {@code sqrt(300 / steps)}, from 1 to 7. */
    static double rateFactor(int steps) {
        return Math.max(1, Math.min(LARGEST_FACTOR, Math.sqrt((double) ENOUGH / steps)));
    }

    /** As many as 30 steps need, from 1 to 3. */
    static int epochs(int stepsOfAnEpoch) {
        return Math.max(1, Math.min(MOST_EPOCHS, (FEW + stepsOfAnEpoch - 1) / Math.max(1, stepsOfAnEpoch)));
    }
}
