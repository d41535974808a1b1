package io.github.fedhds.internal.algebra;

/** A symmetric matrix in native memory, freed on close. */
public interface LoadedMatrix extends AutoCloseable {
    /**
     * The matrix times some vectors.
     *
     * @param vectors {@code [count, order]}, one vector after the other, as is the result
     */
    double[] times(double[] vectors, int count);

    @Override
    void close();
}
