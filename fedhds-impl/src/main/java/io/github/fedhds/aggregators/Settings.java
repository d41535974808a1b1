package io.github.fedhds.aggregators;

/** Checks of settings that several rules have. */
final class Settings {
    /** So that 4f + 3 is still an int. */
    private static final int MOST_ATTACKERS = 500_000_000;

    private Settings() {}

    /** The number of attackers that a rule tolerates. */
    static int attackers(int attackers) {
        if (attackers < 0 || attackers > MOST_ATTACKERS) {
            throw new IllegalArgumentException(
                    "the tolerated attackers f must be from 0 to " + MOST_ATTACKERS + ", was " + attackers);
        }
        return attackers;
    }

    /** A value that is finite and above 0. */
    static double positive(String name, double value) {
        if (!(value > 0) || Double.isInfinite(value)) {
            throw new IllegalArgumentException(name + " must be finite and above 0, was " + value);
        }
        return value;
    }
}
