package io.github.fedhds.aggregators;

/**
 * QR decomposition by Householder reflections, in double. A matrix {@code [m, n]} is an array of its n columns; with
 * k = min(m, n), Q has k orthonormal columns of length m whatever the rank, r has n columns of length k, zero below the
 * diagonal, and the matrix is their product. Time O(m n k); Q itself is never made, it is the product of the reflections.
 *
 * @param rows m
 * @param reflectors k vectors v of length one, of m numbers, zero before the place of their index: v turns x into
 *     x - 2 (v x) v
 * @param r n columns
 */
record ThinQr(int rows, double[][] reflectors, double[][] r) {
    /** Of columns of one length; the matrix is left as it is. */
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

    /** Of length one and zero before {@code from}: its reflection keeps of the column's rest one number. All zero: none. */
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
