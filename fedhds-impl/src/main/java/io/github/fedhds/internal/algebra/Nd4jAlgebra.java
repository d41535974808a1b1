package io.github.fedhds.internal.algebra;

import io.github.fedhds.FedHdsException;
import java.util.Arrays;
import org.nd4j.linalg.factory.Nd4j;

/** ND4J, on the backend of the class path. Computes in double always. */
final class Nd4jAlgebra implements LinearAlgebra {
    private static final Nd4jAlgebra INSTANCE = new Nd4jAlgebra();

    private final String name = Matrix.backend();

    static Nd4jAlgebra instance() {
        return INSTANCE;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public LoadedRows load(CentredSource source, boolean single) {
        return new Nd4jRows(source);
    }

    @Override
    public LoadedMatrix load(double[] values, int order) {
        Matrix a = Matrix.ofColumns(values, order, order);
        return new LoadedMatrix() {
            @Override
            public double[] times(double[] vectors, int count) {
                try (Matrix b = Matrix.ofColumns(vectors, order, count);
                        Matrix product = Matrix.zeros(order, count)) {
                    product.addProduct(a, false, b, false);
                    return product.toArray();
                }
            }

            @Override
            public void close() {
                a.close();
            }
        };
    }

    @Override
    public Eigen eigen(double[] values, int order, int k) {
        try (Matrix a = Matrix.ofColumns(values, order, order); // overwritten by the vectors
                Matrix found = Matrix.zeros(order, 1)) {
            int info = Nd4j.getBlasWrapper().lapack().syev('V', 'U', a.values, found.values.reshape(order));
            if (info != 0) {
                throw new FedHdsException(
                        "the eigen-decomposition of a " + order + " x " + order + " matrix failed, code " + info);
            }
            double[] rising = found.toArray();
            double[] columns = a.toArray();
            double[] largest = new double[k];
            double[][] vectors = new double[k][];
            for (int c = 0; c < k; c++) {
                int from = order - 1 - c;
                largest[c] = rising[from];
                vectors[c] = Arrays.copyOfRange(columns, from * order, (from + 1) * order);
            }
            return new Eigen(largest, vectors);
        }
    }
}
