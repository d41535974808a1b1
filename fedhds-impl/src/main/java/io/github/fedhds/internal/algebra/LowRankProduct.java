package io.github.fedhds.internal.algebra;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A sum of products B A of low rank, brought to the nearest product of another rank (in the Frobenius norm) without ever
 * being written out: both stacked factors are decomposed by QR, and the small matrix between them by an SVD. With R the sum
 * of the ranks: time O((in + out) R² + R³), memory about 40 (in + out) R bytes. For one thread.
 */
public final class LowRankProduct {
    private final int inputs;
    private final int outputs;
    private final List<double[]> a = new ArrayList<>(); // rows of A
    private final List<double[]> b = new ArrayList<>(); // columns of B

    /** A sum of products {@code [outputs, inputs]}: zero. */
    public LowRankProduct(int inputs, int outputs) {
        this.inputs = inputs;
        this.outputs = outputs;
    }

    /** Adds the outer product of a column of B and a row of A. */
    public void add(double[] columnOfB, double[] rowOfA) {
        b.add(columnOfB);
        a.add(rowOfA);
    }

    /**
     * The nearest product.
     *
     * @param a rows of length one, orthogonal to each other as far as {@code in} allows; the orthogonal ones with their
     *     first largest element above zero
     * @param b columns, of the lengths of the singular values
     * @param lost sum of the squares of the singular values left out
     * @param all sum of the squares of all
     */
    public record Nearest(double[][] a, double[][] b, double lost, double all) {}

    /** Q with orthonormal columns, and R; of a matrix that is wider than high Q is the identity. */
    private record Qr(Matrix q, Matrix r) implements AutoCloseable {
        static Qr of(List<double[]> columns, int rows) {
            int n = columns.size();
            Matrix matrix = Matrix.ofColumns(concatenated(columns, rows), rows, n);
            if (n > rows) {
                double[] identity = new double[rows * rows];
                for (int i = 0; i < rows; i++) {
                    identity[i * rows + i] = 1;
                }
                return new Qr(Matrix.ofColumns(identity, rows, rows), matrix);
            }
            Matrix r = Matrix.zeros(n, n);
            Nd4j.getBlasWrapper().lapack().geqrf(matrix.values, r.values);
            return new Qr(matrix, r);
        }

        private static double[] concatenated(List<double[]> columns, int rows) {
            double[] all = new double[rows * columns.size()];
            for (int c = 0; c < columns.size(); c++) {
                System.arraycopy(columns.get(c), 0, all, c * rows, rows);
            }
            return all;
        }

        @Override
        public void close() {
            q.close();
            r.close();
        }
    }

    /**
     * Of the rank given. Rows of A that the sum leaves open are drawn at random, orthogonal to the others while there is
     * room, with columns of zero in B: as in a fresh adapter they add nothing, but can learn.
     */
    public Nearest nearest(int rank, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        while (a.size() < rank) {
            a.add(random.doubles(inputs, -1, 1).toArray());
            b.add(new double[outputs]);
        }
        int n = Math.min(inputs, a.size());
        int m = Math.min(outputs, b.size());
        try (Qr qrOfA = Qr.of(a, inputs);
                Qr qrOfB = Qr.of(b, outputs);
                Matrix core = Matrix.zeros(m, n);
                Matrix singular = Matrix.zeros(Math.min(m, n), 1);
                Matrix u = Matrix.zeros(m, m);
                Matrix v = Matrix.zeros(n, n);
                Matrix left = Matrix.zeros(outputs, m);
                Matrix right = Matrix.zeros(inputs, n)) {
            core.addProduct(qrOfB.r(), false, qrOfA.r(), true);
            Nd4j.getBlasWrapper()
                    .lapack()
                    .gesvd(core.values, singular.values.reshape(Math.min(m, n)), u.values, v.values);
            left.addProduct(qrOfB.q(), false, u, false);
            right.addProduct(qrOfA.q(), false, v, true); // LAPACK gives the transpose of v
            double[] values = singular.toArray();
            double noise = values[0] * Math.max(m, n) * Math.ulp(1.0);
            double[] columnsOfB = left.toArray();
            double[] rowsOfA = right.toArray();
            double[][] nextA = new double[rank][];
            double[][] nextB = new double[rank][outputs];
            for (int i = 0; i < rank; i++) {
                double[] row = i < n
                        ? Arrays.copyOfRange(rowsOfA, i * inputs, (i + 1) * inputs)
                        : unit(random.doubles(inputs, -1, 1).toArray());
                double sign = i < n && largest(row) < 0 ? -1 : 1;
                nextA[i] = Arrays.stream(row).map(x -> sign * x).toArray();
                if (i < values.length && values[i] > noise) {
                    for (int j = 0; j < outputs; j++) {
                        nextB[i][j] = sign * values[i] * columnsOfB[i * outputs + j];
                    }
                }
            }
            double[] squares = Arrays.stream(values).map(x -> x * x).toArray();
            double lost = Arrays.stream(squares).skip(rank).sum();
            return new Nearest(nextA, nextB, lost, Arrays.stream(squares).sum());
        }
    }

    private static double[] unit(double[] row) {
        double length = Math.sqrt(Arrays.stream(row).map(x -> x * x).sum());
        return Arrays.stream(row).map(x -> x / length).toArray();
    }

    private static double largest(double[] row) {
        double largest = 0;
        for (double value : row) {
            if (Math.abs(value) > Math.abs(largest)) {
                largest = value;
            }
        }
        return largest;
    }
}
