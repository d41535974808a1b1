package io.github.fedhds.aggregation;

import io.github.fedhds.adapter.Adapter;
import java.util.Objects;

/**
 * What a server learns of the updates of a secure sum.
 *
 * @param adapter mean of the clients' adapters, weighted by samples
 * @param samples sum of the weights
 * @param meanLoss mean training loss in nats a token, weighted likewise; NaN if no client reported one
 */
public record MeanUpdate(Adapter adapter, long samples, double meanLoss) {
    public MeanUpdate {
        Objects.requireNonNull(adapter, "adapter");
        if (samples < 1) {
            throw new IllegalArgumentException("samples must be 1 or more, was " + samples);
        }
    }
}
