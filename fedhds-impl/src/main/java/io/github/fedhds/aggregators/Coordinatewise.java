package io.github.fedhds.aggregators;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.message.AdapterUpdate;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/** Rules that look at one coordinate at a time. Sorted values know no order of arrival. Time O(d n log n). */
final class Coordinatewise {
    private Coordinatewise() {}

    /** Makes one value of all that a coordinate has, sorted and at least one. */
    @FunctionalInterface
    interface Reduction {
        double of(float[] sorted);
    }

    static Adapter reduce(Adapter form, List<AdapterUpdate> updates, Reduction reduction) {
        Map<String, Tensor> tensors = new TreeMap<>();
        float[] column = new float[updates.size()];
        form.tensors().forEach((name, tensor) -> {
            Tensor[] theirs = updates.stream()
                    .map(update ->
                            Objects.requireNonNull(update.adapter().tensors().get(name)))
                    .toArray(Tensor[]::new);
            float[] values = new float[tensor.size()];
            for (int i = 0; i < values.length; i++) {
                for (int j = 0; j < theirs.length; j++) {
                    column[j] = theirs[j].get(i);
                }
                Arrays.sort(column);
                values[i] = (float) reduction.of(column) + 0f; // no negative zero, as with FedAvg
            }
            tensors.put(name, new Tensor(tensor.shape(), values));
        });
        return new Adapter(tensors);
    }

    /** Mean of some neighbours in the order. */
    static double mean(float[] sorted, int from, int to) {
        double sum = 0;
        for (int i = from; i < to; i++) {
            sum += sorted[i];
        }
        return sum / (to - from);
    }

    /** The middle value; of an even number, the mean of the middle two. */
    static double median(float[] sorted) {
        int n = sorted.length;
        return mean(sorted, (n - 1) / 2, n / 2 + 1);
    }

    /** Mean of the given number of values that are nearest to the median; of two equally near, the smaller one. */
    static double meanAroundMedian(float[] sorted, int count) {
        double median = median(sorted);
        int from = 0;
        while (from + count < sorted.length && sorted[from + count] - median < median - sorted[from]) {
            from++;
        }
        return mean(sorted, from, from + count);
    }
}
