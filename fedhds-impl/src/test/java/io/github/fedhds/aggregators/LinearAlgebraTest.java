package io.github.fedhds.aggregators;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** QR and singular values of random, deficient, graded, tiny and huge matrices. */
class LinearAlgebraTest {
    private static final double TOLERANCE = 1e-13;
    private static final double TINY = 1e-290; // for what is zero

    /** n columns of length m; of a rank, where it is below both. */
    private static double[][] matrix(Random random, int m, int n, int rank, double scale) {
        double[][] columns = new double[n][m];
        for (int k = 0; k < rank; k++) {
            double[] left = random.doubles(m, -1, 1).toArray();
            double[] right = random.doubles(n, -1, 1).toArray();
            double size = scale * Math.pow(10, -random.nextInt(6));
            for (int j = 0; j < n; j++) {
                for (int i = 0; i < m; i++) {
                    columns[j][i] += size * left[i] * right[j];
                }
            }
        }
        return columns;
    }

    private static double dot(double[] one, double[] other) {
        double sum = 0;
        for (int i = 0; i < one.length; i++) {
            sum += one[i] * other[i];
        }
        return sum;
    }

    private static double norm(double[][] columns) {
        return Math.sqrt(Arrays.stream(columns).mapToDouble(c -> dot(c, c)).sum());
    }

    private static void assertOrthonormal(double[][] columns) {
        for (int i = 0; i < columns.length; i++) {
            for (int j = 0; j <= i; j++) {
                assertEquals(i == j ? 1 : 0, dot(columns[i], columns[j]), TOLERANCE);
            }
        }
    }

    private static void assertNear(double[][] expected, double[][] actual) {
        double bound = TOLERANCE * norm(expected) + TINY;
        for (int j = 0; j < expected.length; j++) {
            assertArrayEquals(expected[j], actual[j], bound);
        }
    }

    /** The k columns of Q. */
    private static double[][] q(ThinQr qr, int k) {
        double[][] q = new double[k][];
        for (int j = 0; j < k; j++) {
            double[] unit = new double[k];
            unit[j] = 1;
            q[j] = qr.timesQ(unit);
        }
        return q;
    }

    private static void check(double[][] columns, int m) {
        double[][] before = Arrays.stream(columns).map(double[]::clone).toArray(double[][]::new);
        ThinQr qr = ThinQr.of(columns, m);
        assertOrthonormal(q(qr, Math.min(m, columns.length)));
        double[][] product = Arrays.stream(qr.r()).map(qr::timesQ).toArray(double[][]::new);
        assertNear(columns, product);
        for (int j = 0; j < columns.length; j++) {
            for (int i = j + 1; i < qr.r()[j].length; i++) {
                assertEquals(0, qr.r()[j][i]);
            }
        }

        JacobiSvd svd = JacobiSvd.of(columns);
        int n = columns.length;
        assertOrthonormal(svd.right());
        double[][] restored = new double[n][m];
        for (int k = 0; k < n; k++) {
            assertTrue(svd.values()[k] >= 0 && (k == 0 || svd.values()[k] <= svd.values()[k - 1]), "falling");
            double length = Math.sqrt(dot(svd.left()[k], svd.left()[k]));
            assertEquals(svd.values()[k], length, TOLERANCE * svd.values()[0] + TINY);
            for (int l = 0; l < k; l++) {
                double bound = TOLERANCE * svd.values()[k] * svd.values()[l] + TINY;
                assertEquals(0, dot(svd.left()[k], svd.left()[l]), bound);
            }
            for (int j = 0; j < n; j++) {
                for (int i = 0; i < m; i++) {
                    restored[j][i] += svd.left()[k][i] * svd.right()[k][j];
                }
            }
        }
        assertNear(columns, restored);
        assertEquals(
                norm(columns),
                Math.sqrt(Arrays.stream(svd.values()).map(s -> s * s).sum()),
                TOLERANCE * norm(columns) + TINY);
        assertTrue(Arrays.deepEquals(before, columns), "the matrix is left as it is");
    }

    @Test
    void decompositions_randomMatrices_areOrthogonalAndGiveTheMatrixBack() {
        Random random = new Random(11);
        for (int trial = 0; trial < 300; trial++) {
            int m = 1 + random.nextInt(25);
            int n = 1 + random.nextInt(25);
            int rank = random.nextInt(4) == 0 ? random.nextInt(3) : Math.min(m, n);
            double scale = trial % 5 == 0 ? 1e-40 : trial % 7 == 0 ? 1e60 : 1;
            check(matrix(random, m, n, rank, scale), m);
        }
    }

    @Test
    void decompositions_asLargeAsAFewClientsRanks() {
        check(matrix(new Random(1), 150, 120, 40, 1), 150);
        check(matrix(new Random(2), 60, 120, 60, 1e-6), 60);
    }

    /** Columns of very different lengths, nearly one line: rotations cancel most of what they turn. */
    @Test
    void decompositions_gradedAndNearlyDependent() {
        Random random = new Random(4);
        for (double apart : new double[] {1e-4, 1e-9, 1e-15}) {
            double[] line = random.doubles(90, -1, 1).toArray();
            double[][] columns = new double[60][90];
            for (int j = 0; j < 60; j++) {
                double length = Math.pow(10, -(j * 7 % 60) / 4.0);
                for (int i = 0; i < 90; i++) {
                    columns[j][i] = length * (line[i] + apart * random.nextGaussian());
                }
            }
            check(columns, 90);
        }
    }

    @Test
    void decompositions_edges() {
        check(new double[5][3], 3); // zero
        check(new double[][] {{3, 4}}, 2); // one column
        check(new double[][] {{3}, {4}, {0}}, 1); // one row
        check(new double[][] {{1, 2}, {1, 2}, {-1, -2}}, 2); // copies
        check(new double[][] {{0, 0}, {0, 0}, {1e-300, 0}}, 2); // whose square underflows
        double[][] identity = new double[6][6];
        for (int i = 0; i < 6; i++) {
            identity[i][i] = 1;
        }
        check(identity, 6); // all values equal
    }

    @Test
    void singularValues_knownMatrix() {
        JacobiSvd svd = JacobiSvd.of(new double[][] {{3, 4}, {0, 5}}); // 3 sqrt 5 and sqrt 5
        assertArrayEquals(new double[] {3 * Math.sqrt(5), Math.sqrt(5)}, svd.values(), 1e-14);
    }
}
