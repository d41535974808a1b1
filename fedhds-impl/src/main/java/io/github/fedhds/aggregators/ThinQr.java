package io.github.fedhds.aggregators;

/**
 * QR decomposition by Householder reflections, in double. A matrix {@code [m, n]} is an array of its n columns. With k
 * = min(m, n), Q has k orthonormal columns of length m for any rank, r has n columns of length k with zeros below the
 * diagonal, and Q r is the matrix. Time O(m n k). Q is never created; it is the product of the reflections.
 *
 * @param rows m
 * @param reflectors k vectors v of length one with m elements, zero before their index: the reflection of x is x - 2
 *     (v x) v
 * @param r n columns
 */
record ThinQr(int rows, double[][] reflectors, double[][] r) {
    /** Decomposes a matrix with columns of equal length; does not change it. */
    static ThinQr of(double[][] columns, int rows) {
        int n = columns.length;
        int k = Math.min(rows, n);
        double[][] work = new double[n][];
        for (int j = 0; j < n; j++) {
            work[j] = columns[j].clone();
        }
        double[][] reflectors = new double[k][];
        double[][] r = new double[n][k];
        for (int j = 0; j < n; j++) {
            if (j < k) {
                reflectors[j] = reflector(work[j], j);
                for (int c = j; c < n; c++) {
                    reflect(reflectors[j], work[c], j);
                }
            }
            System.arraycopy(work[j], 0, r[j], 0, Math.min(j + 1, k)); // below lies rounding only
            work[j] = new double[0]; // its room is the reflector's now
        }
        return new ThinQr(rows, reflectors, r);
    }

    /**
     * The reflector of a column, of length one and zero before {@code from}: it maps the rest of the column to a
     * single element. All zero if there is nothing to reflect.
     */
    private static double[] reflector(double[] column, int from) {
        double[] v = new double[column.length];
        double norm = Math.sqrt(InnerProduct.of(column, column, from));
        if (norm == 0) {
            return v;
        }
        for (int i = from; i < v.length; i++) {
            v[i] = column[i] / norm;
        }
        v[from] += v[from] < 0 ? -1 : 1; // away from cancellation
        double length = Math.sqrt(InnerProduct.of(v, v, from));
        for (int i = from; i < v.length; i++) {
            v[i] /= length;
        }
        return v;
    }

    private static void reflect(double[] v, double[] column, int from) {
        double twice = 2 * InnerProduct.of(v, column, from);
        for (int i = from; i < v.length; i++) {
            column[i] -= twice * v[i];
        }
    }

    /** Q times a vector of length k. Time O(m k). */
    double[] timesQ(double[] vector) {
        double[] product = new double[rows];
        System.arraycopy(vector, 0, product, 0, reflectors.length);
        for (int j = reflectors.length - 1; j >= 0; j--) {
            reflect(reflectors[j], product, j);
        }
        return product;
    }
}
