package io.github.fedhds.rule;

/**
 * Thin QR decomposition by Householder reflections, in double. A matrix {@code [m, n]} is an array of its n columns; with
 * k = min(m, n), q has k orthonormal columns of length m whatever the rank, r has n columns of length k, zero below the
 * diagonal, and the matrix is their product. Time O(m n k).
 */
record ThinQr(double[][] q, double[][] r) {
    /** Of columns of one length; the matrix is left as it is. */
    static ThinQr of(double[][] columns, int rows) {
        int n = columns.length;
        int k = Math.min(rows, n);
        double[][] work = new double[n][];
        for (int j = 0; j < n; j++) {
            work[j] = columns[j].clone();
        }
        double[][] reflectors = new double[k][];
        for (int j = 0; j < k; j++) {
            reflectors[j] = reflector(work[j], j);
            for (int c = j; c < n; c++) {
                reflect(reflectors[j], work[c], j);
            }
        }
        double[][] r = new double[n][k];
        for (int j = 0; j < n; j++) {
            System.arraycopy(work[j], 0, r[j], 0, Math.min(j + 1, k)); // below lies rounding only
        }
        double[][] q = new double[k][rows];
        for (int j = 0; j < k; j++) {
            q[j][j] = 1;
            for (int i = j; i >= 0; i--) { // later reflections begin below row j and leave this column alone
                reflect(reflectors[i], q[j], i);
            }
        }
        return new ThinQr(q, r);
    }

    /** Of length one and zero before {@code from}: its reflection keeps of the column's rest one number. All zero: none. */
    private static double[] reflector(double[] column, int from) {
        double[] v = new double[column.length];
        double norm = norm(column, from);
        if (norm == 0) {
            return v;
        }
        for (int i = from; i < v.length; i++) {
            v[i] = column[i] / norm;
        }
        v[from] += v[from] < 0 ? -1 : 1; // away from cancellation
        double length = norm(v, from);
        for (int i = from; i < v.length; i++) {
            v[i] /= length;
        }
        return v;
    }

    private static double norm(double[] column, int from) {
        double sum = 0;
        for (int i = from; i < column.length; i++) {
            sum += column[i] * column[i];
        }
        return Math.sqrt(sum);
    }

    private static void reflect(double[] v, double[] column, int from) {
        double dot = 0;
        for (int i = from; i < v.length; i++) {
            dot += v[i] * column[i];
        }
        for (int i = from; i < v.length; i++) {
            column[i] -= 2 * dot * v[i];
        }
    }

    /** Q times a vector of length k. */
    double[] timesQ(double[] vector) {
        double[] product = new double[q.length == 0 ? 0 : q[0].length];
        for (int j = 0; j < q.length; j++) {
            double factor = vector[j];
            double[] column = q[j];
            for (int i = 0; i < product.length; i++) {
                product[i] += factor * column[i];
            }
        }
        return product;
    }
}
