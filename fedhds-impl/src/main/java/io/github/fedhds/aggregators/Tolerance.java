package io.github.fedhds.aggregators;

/** The number of attackers that a rule is built for. */
final class Tolerance {
    /** So that 4f + 3 is still an int. */
    private static final int MOST = 500_000_000;

    private Tolerance() {}

    static void check(int attackers) {
        if (attackers < 0 || attackers > MOST) {
            throw new IllegalArgumentException(
                    "the tolerated attackers f must be from 0 to " + MOST + ", was " + attackers);
        }
    }
}
