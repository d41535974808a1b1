package io.github.fedhds.fusion;

import io.github.fedhds.FedHdsException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
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

    private static final int ITERATIONS = 80;
    private static final int ROUGH_ITERATIONS = 10;
    /** Of the largest eigenvalue. */
    private static final double RESIDUAL = 1e-10;

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
                            + " classifier?",
                    e);
        }
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
        int block = k + OVERSAMPLING;
        if (m > SMALL && block < m / 4) {
            Optional<Eigen> found = iterate(matrix, m, k, block, exact);
            if (found.isPresent()) {
                return found.get();
            }
        }
        return full(matrix, m, k);
    }

    private static Eigen full(double[] matrix, int m, int k) {
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

    /** Subspace iteration with a Rayleigh-Ritz step each time (Halko, Martinsson, Tropp 2011); empty when too slow. */
    private static Optional<Eigen> iterate(double[] matrix, int m, int k, int block, boolean exact) {
        Random random = new Random(7);
        double[] basis = random.doubles((long) m * block, -1, 1).toArray();
        try (INDArray flat = Nd4j.createFromArray(matrix)) {
            INDArray a = flat.reshape('f', m, m);
            for (int step = 0; step < ITERATIONS; step++) {
                orthonormalise(basis, m, block);
                double[] image = product(a, basis, m, block);
                double[] projected = new double[block * block];
                for (int i = 0; i < block; i++) {
                    for (int j = 0; j < block; j++) {
                        projected[i * block + j] = dot(basis, i * m, image, j * m, m);
                    }
                }
                Eigen ritz = full(projected, block, block);
                basis = rotate(basis, ritz, m, block);
                image = rotate(image, ritz, m, block);
                double worst = 0;
                for (int c = 0; c < k; c++) {
                    double lambda = ritz.values()[c];
                    double square = 0;
                    for (int i = 0; i < m; i++) {
                        double r = image[c * m + i] - lambda * basis[c * m + i];
                        square += r * r;
                    }
                    worst = Math.max(worst, Math.sqrt(square));
                }
                if (worst <= RESIDUAL * Math.abs(ritz.values()[0]) || (!exact && step == ROUGH_ITERATIONS)) {
                    double[][] vectors = new double[k][];
                    for (int c = 0; c < k; c++) {
                        vectors[c] = Arrays.copyOfRange(basis, c * m, (c + 1) * m);
                    }
                    return Optional.of(new Eigen(Arrays.copyOf(ritz.values(), k), vectors));
                }
                basis = image;
            }
        }
        return Optional.empty();
    }

    private static double[] product(INDArray a, double[] columns, int m, int count) {
        try (INDArray flat = Nd4j.createFromArray(columns);
                INDArray result = Nd4j.zeros(DataType.DOUBLE, (long) m * count)) {
            Nd4j.gemm(a, flat.reshape('f', m, count), result.reshape('f', m, count), false, false, 1, 0);
            return result.data().asDouble();
        }
    }

    /** Columns turned into the Ritz vectors' frame. */
    private static double[] rotate(double[] columns, Eigen ritz, int m, int block) {
        double[] turned = new double[columns.length];
        for (int c = 0; c < block; c++) {
            for (int b = 0; b < block; b++) {
                addScaled(turned, c * m, ritz.vectors()[c][b], columns, b * m, m);
            }
        }
        return turned;
    }

    /** Gram-Schmidt, each column twice; a column that depends on those before becomes zero. */
    private static void orthonormalise(double[] columns, int m, int count) {
        for (int c = 0; c < count; c++) {
            double before = Math.sqrt(dot(columns, c * m, columns, c * m, m));
            for (int pass = 0; pass < 2; pass++) {
                for (int b = 0; b < c; b++) {
                    addScaled(columns, c * m, -dot(columns, b * m, columns, c * m, m), columns, b * m, m);
                }
            }
            double length = Math.sqrt(dot(columns, c * m, columns, c * m, m));
            double scale = length > 1e-14 * before ? 1 / length : 0;
            for (int i = 0; i < m; i++) {
                columns[c * m + i] *= scale;
            }
        }
    }

    private static double dot(double[] a, int fromA, double[] b, int fromB, int length) {
        double sum = 0;
        for (int i = 0; i < length; i++) {
            sum += a[fromA + i] * b[fromB + i];
        }
        return sum;
    }

    private static void addScaled(double[] a, int fromA, double factor, double[] b, int fromB, int length) {
        for (int i = 0; i < length; i++) {
            a[fromA + i] += factor * b[fromB + i];
        }
    }
}
