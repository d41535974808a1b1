package io.github.fedhds.aggregators;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.message.AdapterUpdate;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.BiFunction;
import java.util.function.ToDoubleFunction;

/** Rules that look at one coordinate at a time. Sorted values know no order of arrival. Time O(d n log n). */
final class Coordinatewise {
    private Coordinatewise() {}

    /** Makes each value of the next adapter from all values that the updates have there, sorted. */
    static Adapter reduce(Adapter form, List<AdapterUpdate> updates, ToDoubleFunction<float[]> reduction) {
        float[] column = new float[updates.size()];
        return map(form, (name, tensor) -> {
            List<Tensor> theirs = updates.stream()
                    .map(update -> tensor(update.adapter(), name))
                    .toList();
            return Tensor.of(tensor.shape(), i -> {
                for (int j = 0; j < column.length; j++) {
                    column[j] = theirs.get(j).get(i);
                }
                Arrays.sort(column);
                return (float) reduction.applyAsDouble(column) + 0f; // no negative zero, as with FedAvg
            });
        });
    }

    /** An adapter with another tensor for each name. */
    static Adapter map(Adapter form, BiFunction<String, Tensor, Tensor> change) {
        Map<String, Tensor> tensors = new TreeMap<>(form.tensors());
        tensors.replaceAll(change);
        return new Adapter(tensors);
    }

    /** A tensor that the adapter has. */
    static Tensor tensor(Adapter adapter, String name) {
        return Objects.requireNonNull(adapter.tensors().get(name));
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
