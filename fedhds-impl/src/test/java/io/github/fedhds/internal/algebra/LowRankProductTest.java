package io.github.fedhds.internal.algebra;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Singular values and vectors of random, deficient, graded, tiny and huge matrices. */
class LowRankProductTest {
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

    /** The matrix as B, the identity as A; at its own rank, and at half of it. */
    private static void check(double[][] columns, int m) {
        double[][] before = Arrays.stream(columns).map(double[]::clone).toArray(double[][]::new);
        int n = columns.length;
        LowRankProduct.Nearest svd = product(columns, m).nearest(n, 1);
        assertTrue(Arrays.deepEquals(before, columns), "the matrix is left as it is");
        assertOrthonormal(svd.a());
        assertNear(columns, restored(svd, m));
        double square = norm(columns) * norm(columns);
        double last = Double.POSITIVE_INFINITY;
        for (int k = 0; k < n; k++) {
            double length = Math.sqrt(dot(svd.b()[k], svd.b()[k]));
            assertTrue(length <= last * (1 + TOLERANCE), "falling");
            last = length;
            for (int l = 0; l < k; l++) {
                assertEquals(0, dot(svd.b()[k], svd.b()[l]), TOLERANCE * square + TINY);
            }
        }
        assertEquals(square, svd.all(), TOLERANCE * square + TINY);
        assertEquals(0, svd.lost());

        LowRankProduct.Nearest half = product(columns, m).nearest((n + 1) / 2, 1);
        double[][] missing = restored(half, m);
        for (int j = 0; j < n; j++) {
            for (int i = 0; i < m; i++) {
                missing[j][i] -= columns[j][i];
            }
        }
        assertEquals(half.lost(), norm(missing) * norm(missing), TOLERANCE * square + TINY);
    }

    private static LowRankProduct product(double[][] columns, int m) {
        int n = columns.length;
        LowRankProduct product = new LowRankProduct(n, m);
        for (int j = 0; j < n; j++) {
            double[] unit = new double[n];
            unit[j] = 1;
            product.add(columns[j], unit);
        }
        return product;
    }

    private static double[][] restored(LowRankProduct.Nearest nearest, int m) {
        double[][] columns = new double[nearest.a()[0].length][m];
        for (int k = 0; k < nearest.a().length; k++) {
            for (int j = 0; j < columns.length; j++) {
                for (int i = 0; i < m; i++) {
                    columns[j][i] += nearest.b()[k][i] * nearest.a()[k][j];
                }
            }
        }
        return columns;
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
        LowRankProduct.Nearest svd = product(new double[][] {{3, 4}, {0, 5}}, 2).nearest(2, 1);
        assertEquals(3 * Math.sqrt(5), Math.sqrt(dot(svd.b()[0], svd.b()[0])), 1e-14);
        assertEquals(Math.sqrt(5), Math.sqrt(dot(svd.b()[1], svd.b()[1])), 1e-14);
    }
}
