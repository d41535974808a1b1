package io.github.fedhds.training;

/**
 * Counts of left-out and cut samples of a training, or their sums over clients.
 *
 * @param skippedNonFinite steps left out because their loss or gradient was NaN or infinite
 * @param skippedTooLong instructions left out because their answer does not fit the longest sample
 * @param cutPrompts instructions whose prompt was cut to fit
 */
public record TrainingCounts(int skippedNonFinite, int skippedTooLong, int cutPrompts) {
    /** Nothing was left out or cut. */
    public static final TrainingCounts NONE = new TrainingCounts(0, 0, 0);

    public TrainingCounts {
        if (skippedNonFinite < 0 || skippedTooLong < 0 || cutPrompts < 0) {
            throw new IllegalArgumentException("counts must be 0 or more, was skippedNonFinite " + skippedNonFinite
                    + ", skippedTooLong " + skippedTooLong + ", cutPrompts " + cutPrompts);
        }
    }

    /** The sums of both; limited to the largest int. */
    public TrainingCounts plus(TrainingCounts other) {
        return new TrainingCounts(
                sum(skippedNonFinite, other.skippedNonFinite),
                sum(skippedTooLong, other.skippedTooLong),
                sum(cutPrompts, other.cutPrompts));
    }

    private static int sum(int a, int b) {
        return (int) Math.min(Integer.MAX_VALUE, (long) a + b);
    }

    /** A readable text of what was left out; empty if nothing was. */
    public String describe() {
        StringBuilder text = new StringBuilder();
        append(text, skippedTooLong, "sample", " too long");
        append(text, skippedNonFinite, "step", " with a loss or gradient that is not finite");
        append(text, cutPrompts, "prompt", " cut");
        return text.toString();
    }

    private static void append(StringBuilder text, int count, String unit, String what) {
        if (count > 0) {
            text.append(text.isEmpty() ? "" : ", ").append(count).append(' ').append(unit);
            text.append(count == 1 ? "" : "s").append(what);
        }
    }
}
