package io.github.fedhds.examples.cli;

import io.github.fedhds.model.DecoderConfig;
import io.github.fedhds.transformer.LanguageModel;
import java.util.Arrays;

/** How large a model is, by its configuration. */
final class ModelSize {
    private ModelSize() {}

    /** Number of weights. */
    static long parameters(DecoderConfig config) {
        return LanguageModel.tensorShapes(config).values().stream()
                .mapToLong(shape -> Arrays.stream(shape).asLongStream().reduce(1, (a, b) -> a * b))
                .sum();
    }
}
