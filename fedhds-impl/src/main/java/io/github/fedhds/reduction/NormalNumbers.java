package io.github.fedhds.reduction;

/**
 * Standard normal numbers that are computed from where they stand, in no order: a table of any size that is never stored.
 * Every machine computes the same bits, for the arithmetic is IEEE's and the functions are {@code StrictMath}'s. Not for
 * secrets. Immutable.
 *
 * @see <a href="https://doi.org/10.1145/2660193.2660195">Steele, Lea, Flood 2014: the mixing function</a>
 * @see <a href="https://doi.org/10.1214/aoms/1177706645">Box, Muller 1958: two normal numbers from a radius and an angle</a>
 */
final class NormalNumbers {
    private static final long GOLDEN_GAMMA = 0x9e3779b97f4a7c15L;

    private final long seed;

    NormalNumbers(long seed) {
        this.seed = mix(seed);
    }

    /** The radius of the pair at columns {@code even} and {@code even + 1} of a row: root of -2 log of 0 < u <= 1. */
    double radius(int row, int even) {
        double u = ((bits(row, even) >>> 11) + 1) * 0x1p-53;
        return Math.sqrt(-2 * StrictMath.log(u));
    }

    /** The pair's angle, 0 to before 2 pi; its cosine goes to the even column, its sine to the odd one. */
    double angle(int row, int even) {
        return 2 * Math.PI * ((bits(row, even + 1) >>> 11) * 0x1p-53);
    }

    private long bits(int row, int column) {
        long key = mix(seed + GOLDEN_GAMMA * (row + 1L));
        return mix(key + GOLDEN_GAMMA * (column + 1L));
    }

    private static long mix(long z) {
        z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
        z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
        return z ^ (z >>> 31);
    }
}
