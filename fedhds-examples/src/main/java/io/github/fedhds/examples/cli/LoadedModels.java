package io.github.fedhds.examples.cli;

import io.github.fedhds.setup.ModelPool;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The tuned model and, if there is one, the model of the features, each loaded on every device. To be closed. */
final class LoadedModels implements AutoCloseable {
    private final ModelPool models;
    private final @Nullable ModelPool features;

    /** Loads what the options name; there is a {@code --model}. */
    LoadedModels(InputOptions input, ComputeOptions compute) {
        models = ModelPool.load(input.model.orElseThrow(), input.ofModel(compute.ofModel()), compute.devices);
        try {
            features = input.featureModel
                    .map(folder -> ModelPool.load(folder, compute.ofModel(), compute.devices))
                    .orElse(null);
        } catch (RuntimeException | Error e) {
            models.close();
            throw e;
        }
    }

    /** The tuned model. */
    ModelPool models() {
        return models;
    }

    /** The model of the features; empty: the tuned model. */
    Optional<ModelPool> features() {
        return Optional.ofNullable(features);
    }

    @Override
    public void close() {
        try (models;
                features) {
            // Both are closed, whatever the other one throws.
        }
    }
}
