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

/**
 * Rules that work on one coordinate at a time. They use sorted values, so the order of arrival does not matter. Time
 * O(d n log n).
 */
final class Coordinatewise {
    private Coordinatewise() {}

    /** Computes each value of the next adapter from the sorted values of all updates. */
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
