package io.github.fedhds.peft;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.internal.LoraNames;
import io.github.fedhds.lora.LoraConfig;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;
import java.util.function.ToIntFunction;

/**
 * Gives the modules of an adapter one rank and one scale, where PEFT's {@code rank_pattern} and {@code alpha_pattern} or a
 * GGUF file mix them: A and B get rows and columns of zeros, and B is multiplied by the ratio of the scales. The change
 * of each weight stays the same, but for the rounding of B. So one form serves all programs: vLLM ignores the patterns
 * without a word.
 */
final class UniformRank {
    private UniformRank() {}

    /**
     * The adapter with the rank of the configuration.
     *
     * @param rank rank of a module, at most that of the configuration
     * @param scale scale of a module's B A
     * @throws IllegalArgumentException if a tensor has another rank than its module
     */
    static Adapter of(
            LoraConfig config,
            Map<String, Tensor> tensors,
            ToIntFunction<String> rank,
            ToDoubleFunction<String> scale) {
        tensors.forEach((name, tensor) -> { // all of them before a tensor is made, so that no rank is only claimed
            int own = rank.applyAsInt(LoraNames.module(name));
            if (own < 1 || own > config.rank() || rankOf(tensor, name.endsWith(LoraNames.A)) != own) {
                throw new IllegalArgumentException("tensor " + name + " has shape " + Arrays.toString(tensor.shape())
                        + ", the rank of its module is " + own);
            }
        });
        Map<String, Tensor> uniform = new TreeMap<>();
        tensors.forEach((name, tensor) -> {
            boolean isA = name.endsWith(LoraNames.A);
            double factor = isA ? 1 : scale.applyAsDouble(LoraNames.module(name)) / config.scale();
            uniform.put(name, padded(tensor, isA, config.rank(), factor));
        });
        return new Adapter(uniform);
    }

    /** The rank of an A or a B; 0 if it is no matrix. */
    static int rankOf(Tensor tensor, boolean isA) {
        int[] shape = tensor.shape();
        return shape.length == 2 ? shape[isA ? 0 : 1] : 0;
    }

    private static Tensor padded(Tensor tensor, boolean isA, int rank, double factor) {
        int rows = tensor.shape()[0];
        int columns = tensor.shape()[1];
        int wide = isA ? columns : rank;
        int high = isA ? rank : rows;
        float[] values = new float[Math.multiplyExact(high, wide)];
        for (int row = 0; row < rows; row++) {
            for (int column = 0; column < columns; column++) {
                values[row * wide + column] = (float) (factor * tensor.get(row * columns + column));
            }
        }
        return new Tensor(new int[] {high, wide}, values);
    }
}
