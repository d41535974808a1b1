package io.github.fedhds.internal.algebra;

/**
 * Centred rows X, {@code [n, d]}, for products. Holds native memory until it is closed. Vectors are stored one after the
 * other. Not safe for many threads.
 */
public interface LoadedRows extends AutoCloseable {
    /** Products of each row with some vectors: {@code [count, d]} to {@code [count, n]}. */
    double[] times(double[] vectors, int count);

    /** Products of each column with some vectors: {@code [count, n]} to {@code [count, d]}. */
    double[] transposedTimes(double[] vectors, int count);

    /** The Gram matrix of the columns times some vectors, {@code [count, d]}, in one pass over the rows. */
    double[] columnGramTimes(double[] vectors, int count);

    /** Inner products of all columns, {@code [d, d]}. Time O(n d²). */
    double[] columnGram();

    /** Inner products of all rows, {@code [n, n]}, symmetric. Time O(n² d). */
    double[] rowGram();

    /** Inner products of some rows with all rows, {@code [to - from, n]}. Time O((to - from) n d). */
    double[] products(int from, int to);

    @Override
    void close();
}
