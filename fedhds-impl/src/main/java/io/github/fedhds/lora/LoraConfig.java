package io.github.fedhds.lora;

import io.github.fedhds.transformer.AdapterForm;
import java.util.HashSet;
import java.util.List;

/**
 * The form of a LoRA adapter: a linear layer's output {@code W x} becomes {@code W x + scale B A x}. Immutable, safe
 * for many threads.
 *
 * @param rank rows of A and columns of B, 1 or more; 8 by default
 * @param alpha numerator of the scale, finite and above 0; 16 by default
 * @param dropout probability that training drops an element of x in {@code A x}, from 0 to below 1; 0.05 by default
 * @param targetModules the adapted modules, each once, as in {@link AdapterForm} and PEFT: ends of names ({@code
 *     q_proj}), patterns for whole names, or {@code all-linear}, the default: all linear layers of attention and
 *     feed-forward network, in every model family
 * @param rsLora whether the scale is {@code alpha / sqrt(rank)} instead of {@code alpha / rank}; false by default
 * @see <a href="https://arxiv.org/abs/2106.09685">Hu et al. 2021, section 4.1</a>
 * @see <a href="https://arxiv.org/abs/2312.03732">Kalajdzievski 2023, rank-stabilized scale</a>
 */
public record LoraConfig(int rank, double alpha, double dropout, List<String> targetModules, boolean rsLora) {
    private static final LoraConfig DEFAULTS = new LoraConfig(8, 16, 0.05, List.of(AdapterForm.ALL_LINEAR), false);

    public LoraConfig {
        if (rank < 1) {
            throw new IllegalArgumentException("rank must be 1 or more, was " + rank);
        }
        if (!(alpha > 0) || Double.isInfinite(alpha)) {
            throw new IllegalArgumentException("alpha must be finite and above 0, was " + alpha);
        }
        if (!(dropout >= 0 && dropout < 1)) {
            throw new IllegalArgumentException("dropout must be 0 or more and below 1, was " + dropout);
        }
        targetModules = List.copyOf(targetModules);
        if (targetModules.isEmpty() || targetModules.stream().anyMatch(String::isBlank)) {
            throw new IllegalArgumentException("targetModules must name at least one layer, was " + targetModules
                    + "; all-linear stands for every linear layer of a model");
        }
        targetModules.forEach(AdapterForm::checkTarget);
        if (new HashSet<>(targetModules).size() != targetModules.size()) {
            throw new IllegalArgumentException("targetModules must name each layer once, was " + targetModules);
        }
    }

    /**
     * Rank 8, alpha 16, dropout 0.05, on all linear layers of a block (seven in LLaMA, four in GPT-2), as in the FedHDS
     * paper.
     */
    public static LoraConfig defaults() {
        return DEFAULTS;
    }

    /** The factor of {@code B A x}: {@code alpha / rank}, with rsLoRA {@code alpha / sqrt(rank)}. */
    public double scale() {
        return alpha / (rsLora ? Math.sqrt(rank) : rank);
    }

    /** The form of the adapter, without the settings that only training uses. */
    public AdapterForm form() {
        return new AdapterForm(targetModules, rank, scale());
    }

    /** The same with another rank. */
    public LoraConfig withRank(int newRank) {
        return new LoraConfig(newRank, alpha, dropout, targetModules, rsLora);
    }

    /** The same with another alpha. */
    public LoraConfig withAlpha(double newAlpha) {
        return new LoraConfig(rank, newAlpha, dropout, targetModules, rsLora);
    }

    /** The same with another dropout. */
    public LoraConfig withDropout(double newDropout) {
        return new LoraConfig(rank, alpha, newDropout, targetModules, rsLora);
    }

    /** The same with other target modules. */
    public LoraConfig withTargetModules(List<String> newTargetModules) {
        return new LoraConfig(rank, alpha, dropout, newTargetModules, rsLora);
    }

    /** The same with or without the rank-stabilized scale. */
    public LoraConfig withRsLora(boolean newRsLora) {
        return new LoraConfig(rank, alpha, dropout, targetModules, newRsLora);
    }

    /** True if a layer of this full name, such as {@code model.layers.0.self_attn.q_proj}, is adapted. */
    public boolean targets(String module) {
        return targetModules.stream().anyMatch(target -> AdapterForm.matches(target, module));
    }
}
