package io.github.fedhds.reduction;

import io.github.fedhds.internal.Workers;
import java.util.Arrays;

/**
 * The exact nearest other rows of each row by Euclidean distance; of equal distances the lower row comes first.
 *
 * @param count neighbours per row, 1 to n - 1
 * @param rows {@code [n, count]}, the nearest first
 * @param squares squared distances, in float as in scikit-learn
 */
record Neighbours(int count, int[] rows, float[] squares) {
    /** Compares all pairs; time O(n² d). */
    static Neighbours among(SquaredDistances distances, int count, Workers workers) {
        int n = distances.rows();
        Neighbours found = new Neighbours(count, new int[Math.multiplyExact(n, count)], new float[n * count]);
        distances.forEachRow(workers, found::select);
        return found;
    }

    /** Keeps a buffer of the nearest rows so far, reduced to {@code count} whenever it is full. */
    private void select(int i, float[] row) {
        long[] nearest = new long[4 * count]; // the square's bits, then the row: sorts by both
        int size = 0;
        long bound = Long.MAX_VALUE;
        for (int j = 0; j < row.length; j++) {
            long key = (long) Float.floatToRawIntBits(row[j]) << 32 | j;
            if (key < bound && j != i) {
                nearest[size++] = key;
                if (size == nearest.length) {
                    Arrays.sort(nearest);
                    size = count;
                    bound = nearest[count - 1];
                }
            }
        }
        Arrays.sort(nearest, 0, size);
        for (int e = 0; e < count; e++) {
            rows[i * count + e] = (int) nearest[e];
            squares[i * count + e] = Float.intBitsToFloat((int) (nearest[e] >>> 32));
        }
    }
}
