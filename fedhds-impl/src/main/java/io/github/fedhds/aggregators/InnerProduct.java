package io.github.fedhds.aggregators;

/** Inner product of vectors in double, with four partial sums, so that additions need not wait for each other. */
final class InnerProduct {
    private InnerProduct() {}

    /** Inner product of the elements from an index. Equal input gives equal bits. */
    static double of(double[] one, double[] other, int from) {
        double a = 0;
        double b = 0;
        double c = 0;
        double d = 0;
        int i = from;
        for (; i < one.length - 3; i += 4) {
            a += one[i] * other[i];
            b += one[i + 1] * other[i + 1];
            c += one[i + 2] * other[i + 2];
            d += one[i + 3] * other[i + 3];
        }
        for (; i < one.length; i++) {
            a += one[i] * other[i];
        }
        return a + b + (c + d);
    }
}
