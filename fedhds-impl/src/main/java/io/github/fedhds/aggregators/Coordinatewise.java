package io.github.fedhds.aggregators;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.BiFunction;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/**
 * Rules that work on one coordinate at a time. They use sorted values, so the order of arrival does not matter. Time
 * O(d n log n).
 */
final class Coordinatewise {
    /** Coordinates that a thread reduces at a time. */
    private static final int RANGE = 1024;

    private Coordinatewise() {}

    /** Values of all updates that are in memory at a time: 32 MB. */
    private static final int VALUES = 1 << 23;

    /** Values of each update that are read at a time, so that those of all updates fit into memory. */
    static int block(int updates, int size) {
        return Math.max(1, Math.min(size, VALUES / Math.max(1, updates)));
    }

    /** Computes each value of the next adapter from the sorted values of all updates. Runs in parallel on the common pool. */
    static Adapter reduce(Adapter form, List<StoredUpdate> updates, ToDoubleFunction<float[]> reduction) {
        int n = updates.size();
        return map(form, (name, tensor) -> {
            int block = block(n, tensor.size());
            float[][] values = new float[n][block];
            float[] reduced = new float[tensor.size()];
            for (int from = 0; from < reduced.length; from += block) {
                int first = from;
                int count = Math.min(block, reduced.length - from);
                IntStream.range(0, n).parallel().forEach(j -> updates.get(j).read(name, first, values[j], count));
                ranges(count).parallel().forEach(range -> {
                    float[] column = new float[n];
                    for (int i = range * RANGE; i < Math.min(count, (range + 1) * RANGE); i++) {
                        for (int j = 0; j < n; j++) {
                            column[j] = values[j][i];
                        }
                        Arrays.sort(column);
                        reduced[first + i] =
                                (float) reduction.applyAsDouble(column) + 0f; // no negative zero, as with FedAvg
                    }
                });
            }
            return Tensor.of(tensor.shape(), i -> reduced[i]);
        });
    }

    private static IntStream ranges(int count) {
        return IntStream.range(0, (count + RANGE - 1) / RANGE);
    }

    /** Replaces each tensor of an adapter. */
    static Adapter map(Adapter form, BiFunction<String, Tensor, Tensor> change) {
        Map<String, Tensor> tensors = new TreeMap<>(form.tensors());
        tensors.replaceAll(change);
        return new Adapter(tensors);
    }

    /** A tensor that must exist in the adapter. */
    static Tensor tensor(Adapter adapter, String name) {
        return Objects.requireNonNull(adapter.tensors().get(name));
    }

    /** Mean of a range of the sorted values. */
    static double mean(float[] sorted, int from, int to) {
        double sum = 0;
        for (int i = from; i < to; i++) {
            sum += sorted[i];
        }
        return sum / (to - from);
    }

    /** The middle value; for an even number, the mean of the two middle values. */
    static double median(float[] sorted) {
        int n = sorted.length;
        return mean(sorted, (n - 1) / 2, n / 2 + 1);
    }

    /** Mean of the given number of values nearest to the median; of two equally near values, the smaller one. */
    static double meanAroundMedian(float[] sorted, int count) {
        double median = median(sorted);
        int from = 0;
        while (from + count < sorted.length && sorted[from + count] - median < median - sorted[from]) {
            from++;
        }
        return mean(sorted, from, from + count);
    }
}
