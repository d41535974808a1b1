package io.github.fedhds.reduction;

import io.github.fedhds.FedHdsException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Matrix products and eigenvectors of symmetric matrices in double, by ND4J: the one class that meets it. Arrays come and
 * go as {@code double[]}; off-heap memory lives only inside a call. Matrices below that have no other order are symmetric,
 * so rows and columns are the same. Stateless, safe for many threads.
 */
final class DenseAlgebra {
    private static final Logger LOG = LoggerFactory.getLogger(DenseAlgebra.class);
    /** Up to this order all eigenvectors are computed at once; above it, the leading ones are iterated for. */
    private static final int SMALL = 400;
    /** Columns iterated beside the wanted ones; they speed the convergence, as in Halko et al. 2011. */
    private static final int OVERSAMPLING = 30;

    private static final int STEPS = 80;
    /** Above this order rough eigenvectors take less time by iteration than all exact ones. */
    private static final int ROUGH_FROM = 200;

    /** Of the largest eigenvalue. */
    private static final double RESIDUAL = 1e-10;

    /** Up to this order the products with few columns take longer than the matrix. */
    private static final int RANDOMISED_FROM = 1000;

    private static final int RANDOMISED_OVERSAMPLING = 10; // this and the steps are scikit-learn's defaults
    private static final int RANDOMISED_STEPS = 8;
    private static final double RANDOMISED_RESIDUAL = 1e-6;

    private static String backend = "";

    private DenseAlgebra() {}

    /**
     * Largest eigenvalues, falling, with their vectors.
     *
     * @param values {@code [k]}
     * @param vectors {@code [k][m]}, each of length one
     */
    record Eigen(double[] values, double[][] vectors) {}

    /** Name of ND4J's backend in use and of its BLAS, such as {@code CPU (OPENBLAS)}. Loads ND4J on the first call. */
    static synchronized String backend() {
        if (backend.isEmpty()) {
            backend = load();
            LOG.info("dense linear algebra by ND4J, backend {}", backend);
        }
        return backend;
    }

    /** Loads ND4J, quietly unless the host asked otherwise. */
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

    /** A symmetric matrix, known by what it does. */
    @FunctionalInterface
    interface SymmetricOperator {
        /** The matrix times {@code count} columns, one after the other in {@code columns}. */
        double[] times(double[] columns, int count);
    }

    /** A symmetric sum of products {@code A Aᵀ}, kept off the heap until taken. */
    static final class GramSum implements AutoCloseable {
        /** Above this order the lower half is computed alone, in strips of rows up to the diagonal. */
        private static final int WHOLE = 512;

        private static final int STRIPS = 12;

        private final int order;
        private final int strips;
        private final List<INDArray> flat = new ArrayList<>();

        /** Starts at zero; {@code order * order} must be an array's length. */
        GramSum(int order) {
            backend();
            this.order = order;
            this.strips = order <= WHOLE ? 1 : STRIPS;
            for (int s = 0; s < strips; s++) {
                flat.add(Nd4j.zeros(DataType.DOUBLE, (long) (start(s + 1) - start(s)) * start(s + 1)));
            }
        }

        private int start(int strip) {
            return (int) ((long) order * strip / strips);
        }

        /** Adds {@code A Aᵀ} of {@code A}, {@code [order, columns]}, row by row in {@code values}. */
        void add(double[] values, int columns) {
            try (INDArray rows = Nd4j.createFromArray(values)) {
                for (int s = 0; s < strips; s++) {
                    INDArray a = part(rows, start(s), start(s + 1), columns);
                    INDArray b = part(rows, 0, start(s + 1), columns);
                    INDArray sum = flat.get(s).reshape('f', start(s + 1) - start(s), start(s + 1));
                    Nd4j.gemm(a, b, sum, false, true, 1, 1);
                }
            }
        }

        /** The sum, {@code [order, order]}, exactly symmetric. */
        double[] toArray() {
            double[] all = new double[order * order];
            for (int s = 0; s < strips; s++) {
                double[] columns = flat.get(s).data().asDouble();
                int from = start(s);
                int height = start(s + 1) - from;
                for (int i = from; i < from + height; i++) {
                    for (int j = 0; j <= i; j++) {
                        double product = columns[j * height + i - from];
                        all[i * order + j] = product;
                        all[j * order + i] = product;
                    }
                }
            }
            return all;
        }

        @Override
        public void close() {
            flat.forEach(INDArray::close);
        }
    }

    /** Inner products of some rows of a matrix with all of them; the matrix is kept off the heap until closed. */
    static final class RowProducts implements AutoCloseable {
        private final int rows;
        private final int columns;
        private final INDArray flat;

        /** Of {@code [rows, columns]} values. */
        RowProducts(double[] values, int rows, int columns) {
            backend();
            this.rows = rows;
            this.columns = columns;
            this.flat = Nd4j.createFromArray(values);
        }

        /** Of rows {@code from} to before {@code to}: {@code [to - from, rows]}. */
        double[] of(int from, int to) {
            int height = to - from;
            try (INDArray result = Nd4j.zeros(DataType.DOUBLE, (long) rows * height)) {
                INDArray a = part(flat, 0, rows, columns);
                INDArray b = part(flat, from, to, columns);
                Nd4j.gemm(a, b, result.reshape('f', rows, height), false, true, 1, 0); // column by column: row by row
                return result.data().asDouble();
            }
        }

        @Override
        public void close() {
            flat.close();
        }
    }

    /** A sum of products {@code A (Aᵀ V)} of given columns V, kept off the heap until taken. */
    static final class GramImage implements AutoCloseable {
        private final int order;
        private final INDArray flatVectors;
        private final INDArray flat;
        private final INDArray vectors;
        private final INDArray image;

        /** Starts at zero; {@code vectors} holds {@code count} columns of {@code order} numbers one after the other. */
        GramImage(double[] vectors, int order, int count) {
            backend();
            this.order = order;
            this.flatVectors = Nd4j.createFromArray(vectors);
            this.vectors = flatVectors.reshape('f', order, count);
            this.flat = Nd4j.zeros(DataType.DOUBLE, (long) order * count);
            this.image = flat.reshape('f', order, count);
        }

        /** Adds the part of {@code A}, {@code [order, columns]}, row by row in {@code values}. */
        void add(double[] values, int columns) {
            try (INDArray rows = Nd4j.createFromArray(values);
                    INDArray flatInner = Nd4j.zeros(DataType.DOUBLE, columns * vectors.size(1))) {
                INDArray a = rows.reshape('c', order, columns);
                INDArray inner = flatInner.reshape('f', columns, vectors.size(1));
                Nd4j.gemm(a, vectors, inner, true, false, 1, 0);
                Nd4j.gemm(a, inner, image, false, false, 1, 1);
            }
        }

        /** The sum, column after column. */
        double[] toArray() {
            return flat.data().asDouble();
        }

        @Override
        public void close() {
            flat.close();
            flatVectors.close();
        }
    }

    /** A sum of products {@code A Bᵀ}, kept off the heap until taken. */
    static final class ProductSum implements AutoCloseable {
        private final int rows;
        private final int others;
        private final INDArray flat;
        private final INDArray sum; // B Aᵀ by columns: A Bᵀ by rows

        /** Starts at zero; {@code rows * others} must be an array's length. */
        ProductSum(int rows, int others) {
            backend();
            this.rows = rows;
            this.others = others;
            this.flat = Nd4j.zeros(DataType.DOUBLE, (long) rows * others);
            this.sum = flat.reshape('f', others, rows);
        }

        /** Adds the part of {@code A}, {@code [rows, columns]}, and of {@code B}, {@code [others, columns]}. */
        void add(double[] a, double[] b, int columns) {
            try (INDArray flatA = Nd4j.createFromArray(a);
                    INDArray flatB = Nd4j.createFromArray(b)) {
                Nd4j.gemm(
                        flatB.reshape('c', others, columns), flatA.reshape('c', rows, columns), sum, false, true, 1, 1);
            }
        }

        /** The sum, {@code [rows, others]}, row by row. */
        double[] toArray() {
            return flat.data().asDouble();
        }

        @Override
        public void close() {
            flat.close();
        }
    }

    /** Rows {@code from} to before {@code to} of a matrix that lies row by row in {@code flat}. */
    private static INDArray part(INDArray flat, int from, int to, int columns) {
        return flat.get(NDArrayIndex.interval((long) from * columns, (long) to * columns))
                .reshape('c', to - from, columns);
    }

    /**
     * The k largest eigenvalues of a symmetric matrix that has no large negative ones, with vectors.
     *
     * @param matrix {@code [m, m]}, left as it is
     * @param k 1..m
     * @param exact to rounding; otherwise about as scikit-learn's randomised PCA, a start for t-SNE
     */
    static Eigen leading(double[] matrix, int m, int k, boolean exact) {
        backend();
        if (m == 1) {
            return new Eigen(new double[] {matrix[0]}, new double[][] {{1}});
        }
        int block = k + (exact ? OVERSAMPLING : RANDOMISED_OVERSAMPLING);
        if (m > (exact ? SMALL : ROUGH_FROM) && block < m / 4) {
            try (INDArray flat = Nd4j.createFromArray(matrix)) {
                INDArray a = flat.reshape('f', m, m);
                SubspaceIteration.Result found = new SubspaceIteration(
                                (columns, count) -> product(a, columns, m, count), m, k, block)
                        .run(exact ? STEPS : RANDOMISED_STEPS, exact ? RESIDUAL : RANDOMISED_RESIDUAL, 7);
                if (found.converged() || !exact) {
                    return found.eigen();
                }
            }
        }
        return full(matrix, m, k);
    }

    /**
     * The k largest eigenvalues of a matrix that need not be at hand, about as scikit-learn's randomised solver finds them.
     *
     * @param k with which {@link #worthRandomising} holds
     */
    static Eigen randomised(SymmetricOperator matrix, int m, int k, long seed) {
        return new SubspaceIteration(matrix, m, k, k + RANDOMISED_OVERSAMPLING)
                .run(RANDOMISED_STEPS, RANDOMISED_RESIDUAL, seed)
                .eigen();
    }

    /** Whether few eigenvalues of a matrix of order m are found sooner without the matrix. */
    static boolean worthRandomising(int m, int k) {
        return m > RANDOMISED_FROM && k + RANDOMISED_OVERSAMPLING < m / 4;
    }

    /** By LAPACK, all of them. */
    static Eigen full(double[] matrix, int m, int k) {
        try (INDArray flat = Nd4j.createFromArray(matrix);
                INDArray values = Nd4j.create(DataType.DOUBLE, m)) {
            INDArray a = flat.reshape('f', m, m); // overwritten by the vectors, column by column
            int info = Nd4j.getBlasWrapper().lapack().syev('V', 'U', a, values);
            if (info != 0) {
                throw new FedHdsException(
                        "the eigen-decomposition of a " + m + " x " + m + " matrix failed, code " + info);
            }
            double[] rising = values.data().asDouble();
            double[] columns = flat.data().asDouble();
            double[] largest = new double[k];
            double[][] vectors = new double[k][];
            for (int c = 0; c < k; c++) {
                int from = m - 1 - c;
                largest[c] = rising[from];
                vectors[c] = Arrays.copyOfRange(columns, from * m, (from + 1) * m);
            }
            return new Eigen(largest, vectors);
        }
    }

    private static double[] product(INDArray a, double[] columns, int m, int count) {
        try (INDArray flat = Nd4j.createFromArray(columns);
                INDArray result = Nd4j.zeros(DataType.DOUBLE, (long) m * count)) {
            Nd4j.gemm(a, flat.reshape('f', m, count), result.reshape('f', m, count), false, false, 1, 0);
            return result.data().asDouble();
        }
    }
}
