package io.github.fedhds.internal.algebra;

import io.github.fedhds.FedHdsException;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** ND4J's matrix of doubles in off-heap memory, freed on close. Not safe for many threads. */
final class Matrix implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Matrix.class);
    private static String backend = "";

    private final INDArray flat;
    final INDArray values;

    private Matrix(INDArray flat, char order, int rows, int columns) {
        this.flat = flat;
        this.values = flat.reshape(order, rows, columns);
    }

    /** A matrix of zeros. */
    public static Matrix zeros(int rows, int columns) {
        backend();
        return new Matrix(Nd4j.zeros(DataType.DOUBLE, (long) rows * columns), 'f', rows, columns);
    }

    /** Copies values in row-major order. */
    public static Matrix ofRows(double[] values, int rows, int columns) {
        backend();
        return new Matrix(Nd4j.createFromArray(values), 'c', rows, columns);
    }

    /** Copies values in column-major order. */
    public static Matrix ofColumns(double[] values, int rows, int columns) {
        backend();
        return new Matrix(Nd4j.createFromArray(values), 'f', rows, columns);
    }

    /** Rows {@code from} to before {@code to} of a matrix from {@link #ofRows}: a view, which need not be closed. */
    public Matrix rows(int from, int to) {
        long columns = values.size(1);
        INDArray part = flat.get(NDArrayIndex.interval(from * columns, to * columns));
        return new Matrix(part, 'c', to - from, (int) columns);
    }

    /** Adds the product of two matrices, each optionally transposed, to a matrix from {@link #zeros}. */
    public void addProduct(Matrix a, boolean transposeA, Matrix b, boolean transposeB) {
        Nd4j.gemm(a.values, b.values, values, transposeA, transposeB, 1, 1);
    }

    /** A copy of the values: row-major if created by {@link #ofRows}, else column-major. */
    public double[] toArray() {
        return flat.data().asDouble();
    }

    @Override
    public void close() {
        flat.close();
    }

    /**
     * Name of ND4J's backend and of its BLAS, such as {@code CPU (OPENBLAS)}. Loads ND4J on the first call.
     *
     * @throws FedHdsException if there is none
     */
    public static synchronized String backend() {
        if (backend.isEmpty()) {
            backend = load();
            LOG.info("dense linear algebra by ND4J, backend {}", backend);
        }
        return backend;
    }

    /** Loads ND4J, without its log output unless the application enabled it. */
    private static String load() {
        String announce = "org.nd4j.log.initialization";
        if (System.getProperty(announce) == null) {
            System.setProperty(announce, "false");
        }
        try {
            var environment = Nd4j.getExecutioner().getEnvironmentInformation();
            return environment.get("backend") + " (" + environment.get("blas.vendor") + ")";
        } catch (RuntimeException | LinkageError e) {
            throw new FedHdsException(
                    "ND4J found no backend; is org.nd4j:nd4j-native on the class path, also with this platform's"
                            + " classifier, and can its libraries be copied to .javacpp/cache in the home folder? The"
                            + " system property org.bytedeco.javacpp.cachedir sets another folder",
                    e);
        }
    }
}
