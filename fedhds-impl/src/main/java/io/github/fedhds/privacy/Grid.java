package io.github.fedhds.privacy;

/**
 * Numbers that are whole multiples of a power of two. A noised number has all its bits from the sum of value and noise, and the
 * lowest of them may tell the value; rounded to a grid of at most a thousandth of the noise, it has none of them.
 *
 * @see <a href="https://doi.org/10.1145/2382196.2382264">Mironov 2012: On significance of the least significant bits</a>
 */
record Grid(double step) {
    /** The grid for noise of a standard deviation. */
    static Grid of(double deviation) {
        return new Grid(Math.scalb(1.0, Math.getExponent(deviation) - 10));
    }

    double round(double value) {
        return Math.rint(value / step) * step;
    }
}
