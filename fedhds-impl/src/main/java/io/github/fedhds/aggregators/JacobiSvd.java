package io.github.fedhds.aggregators;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Singular value decomposition of a small matrix by one-sided Jacobi rotations, in double: rotates pairs of columns
 * until all are orthogonal. A matrix {@code [m, n]} is an array of its n columns. Equal input gives equal bits. Time
 * O(m n²) per sweep; about ten sweeps.
 *
 * @param values n singular values in descending order; values below 1e-15 of the largest are zero
 * @param left n columns of length m: left singular vectors multiplied by their singular values
 * @param right n orthonormal columns of length n, also for singular values of zero
 * @see <a href="https://doi.org/10.1137/0910023">de Rijk 1989, one-sided Jacobi on a vector computer</a>
 */
record JacobiSvd(double[] values, double[][] left, double[][] right) {
    private static final double PRECISION = 0x1p-52;
    private static final double NEGLIGIBLE = 1e-15; // of the largest column: rounding of the others
    private static final int MAX_SWEEPS = 100;

    /**
     * Decomposes a matrix with columns of equal length; does not change it. Values whose squares overflow are not
     * supported.
     */
    static JacobiSvd of(double[][] columns) {
        int n = columns.length;
        double[][] left = new double[n][];
        double[][] right = new double[n][n];
        for (int j = 0; j < n; j++) {
            left[j] = columns[j].clone();
            right[j][j] = 1;
        }
        double[] squares = new double[n];
        boolean turned = n > 1;
        for (int sweep = 0; turned; sweep++) {
            if (sweep == MAX_SWEEPS) {
                throw new ArithmeticException("no singular values after " + sweep + " sweeps; is a value not finite?");
            }
            sort(left, right, squares);
            turned = sweep(left, right, squares);
        }
        sort(left, right, squares);
        double[] values = new double[n];
        for (int j = 0; j < n; j++) {
            if (negligible(squares[j], squares)) {
                left[j] = new double[left[j].length];
            } else {
                values[j] = Math.sqrt(squares[j]);
            }
        }
        return new JacobiSvd(values, left, right);
    }

    private static boolean negligible(double square, double[] squares) {
        return square <= NEGLIGIBLE * NEGLIGIBLE * squares[0];
    }

    /** Sorts columns by descending length, which converges fastest; equal ones keep their order. */
    private static void sort(double[][] left, double[][] right, double[] squares) {
        double[] unsorted =
                Arrays.stream(left).mapToDouble(c -> InnerProduct.of(c, c, 0)).toArray();
        int[] order = IntStream.range(0, left.length)
                .boxed()
                .sorted((i, j) -> Double.compare(unsorted[j], unsorted[i]))
                .mapToInt(Integer::intValue)
                .toArray();
        double[][] oldLeft = left.clone();
        double[][] oldRight = right.clone();
        for (int j = 0; j < order.length; j++) {
            left[j] = oldLeft[order[j]];
            right[j] = oldRight[order[j]];
            squares[j] = unsorted[order[j]];
        }
    }

    private static boolean sweep(double[][] left, double[][] right, double[] squares) {
        boolean turned = false;
        for (int i = 0; i < left.length; i++) {
            for (int j = i + 1; j < left.length; j++) {
                if (negligible(squares[i], squares) || negligible(squares[j], squares)) {
                    continue;
                }
                double product = InnerProduct.of(left[i], left[j], 0);
                if (Math.abs(product) <= PRECISION * left[i].length * Math.sqrt(squares[i]) * Math.sqrt(squares[j])) {
                    continue;
                }
                double zeta = (squares[j] - squares[i]) / (2 * product);
                double tangent = (zeta < 0 ? -1 : 1) / (Math.abs(zeta) + Math.hypot(1, zeta));
                double cosine = 1 / Math.hypot(1, tangent);
                double sine = cosine * tangent;
                turn(left[i], left[j], cosine, sine);
                turn(right[i], right[j], cosine, sine);
                squares[i] -= tangent * product; // anew from the columns before each sweep, so rounding does not add up
                squares[j] += tangent * product;
                turned = true;
            }
        }
        return turned;
    }

    private static void turn(double[] one, double[] other, double cosine, double sine) {
        for (int i = 0; i < one.length; i++) {
            double before = one[i];
            one[i] = cosine * before - sine * other[i];
            other[i] = sine * before + cosine * other[i];
        }
    }
}
