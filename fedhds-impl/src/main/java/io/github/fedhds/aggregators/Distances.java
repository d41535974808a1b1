package io.github.fedhds.aggregators;

import io.github.fedhds.adapter.Adapter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** Squared Euclidean distances between whole adapters, and Krum's scores from them. Time O(n² d), once. */
final class Distances {
    private final double[][] squared;

    /** Runs in parallel on the common pool; each sum is in the order of the values, so that its bits do not depend on that. */
    Distances(List<StoredUpdate> updates, Adapter form) {
        int n = updates.size();
        squared = new double[n][n];
        form.tensors().forEach((name, tensor) -> {
            int block = Coordinatewise.block(n, tensor.size());
            float[][] values = new float[n][block];
            for (int from = 0; from < tensor.size(); from += block) {
                int first = from;
                int count = Math.min(block, tensor.size() - from);
                IntStream.range(0, n).parallel().forEach(i -> updates.get(i).read(name, first, values[i], count));
                IntStream.range(0, n).parallel().forEach(i -> addTo(squared[i], i, values, count));
            }
        });
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < i; j++) {
                squared[j][i] = squared[i][j];
            }
        }
    }

    /** Adds the squared differences of a block to the sums of a row; four sums at a time, because each waits for its last addition. */
    private static void addTo(double[] sums, int row, float[][] values, int count) {
        float[] ours = values[row];
        int j = 0;
        for (; j + 4 <= row; j += 4) {
            float[] a = values[j];
            float[] b = values[j + 1];
            float[] c = values[j + 2];
            float[] d = values[j + 3];
            double sumA = sums[j];
            double sumB = sums[j + 1];
            double sumC = sums[j + 2];
            double sumD = sums[j + 3];
            for (int i = 0; i < count; i++) {
                double own = ours[i];
                double toA = a[i] - own;
                double toB = b[i] - own;
                double toC = c[i] - own;
                double toD = d[i] - own;
                sumA += toA * toA;
                sumB += toB * toB;
                sumC += toC * toC;
                sumD += toD * toD;
            }
            sums[j] = sumA;
            sums[j + 1] = sumB;
            sums[j + 2] = sumC;
            sums[j + 3] = sumD;
        }
        for (; j < row; j++) {
            float[] other = values[j];
            double sum = sums[j];
            for (int i = 0; i < count; i++) {
                double difference = other[i] - (double) ours[i];
                sum += difference * difference;
            }
            sums[j] = sum;
        }
    }

    /**
     * The members in ascending order of score, the sum of their smallest squared distances to other members.
     *
     * @param nearest number of distances in the sum; at least one, if there is one
     * @return members; equal scores keep the members' order
     */
    List<Integer> byScore(List<Integer> members, int nearest) {
        double[] scores = new double[squared.length];
        for (int i : members) {
            double[] row = members.stream()
                    .filter(j -> j != i)
                    .mapToDouble(j -> squared[i][j])
                    .sorted()
                    .toArray();
            scores[i] = Arrays.stream(row, 0, Math.min(row.length, Math.max(1, nearest)))
                    .reduce(0, Double::sum);
        }
        List<Integer> order = new ArrayList<>(members);
        order.sort((i, j) -> Double.compare(scores[i], scores[j]));
        return order;
    }
}
