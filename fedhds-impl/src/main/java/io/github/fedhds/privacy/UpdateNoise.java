package io.github.fedhds.privacy;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.release.UpdateRelease;
import io.github.fedhds.training.TrainingCounts;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;

/**
 * Gaussian noise on a client's update (local differential privacy): the difference between the trained adapter and the round's global
 * one is clipped to a norm, noise is added to every parameter, and the result is rounded to a grid. Loss, counts and number of samples
 * are left out of the message: every client has the same weight.
 *
 * <p>What is promised: two updates differ by at most twice the norm, whatever the client's instructions. Immutable, safe for many
 * threads.
 *
 * @param norm greatest Euclidean norm of a difference over all parameters, above 0
 * @param deviation standard deviation of each parameter's noise, above 0
 */
public record UpdateNoise(double norm, double deviation) {
    public UpdateNoise {
        if (!(norm > 0 && norm < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("norm must be above 0 and finite, was " + norm);
        }
        if (!(deviation > 0 && deviation < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("deviation of the noise must be above 0 and finite, was " + deviation);
        }
    }

    /** The noise with which so many updates spend a whole budget. */
    public static UpdateNoise spending(PrivacyBudget budget, double norm, int updates) {
        return new UpdateNoise(norm, budget.noise(2 * norm, updates));
    }

    /** Sensitivity by standard deviation, see {@link GaussianPrivacy}. */
    public double mu() {
        return 2 * norm / deviation;
    }

    /** The role for a client; each client has its own ledger. */
    public UpdateRelease with(PrivacyLedger ledger) {
        return with(ledger, new BoundWatch());
    }

    /** The same, with a count of the updates that are clipped. */
    public UpdateRelease with(PrivacyLedger ledger, BoundWatch watch) {
        Objects.requireNonNull(ledger, "ledger");
        Objects.requireNonNull(watch, "watch");
        return (exact, round) -> {
            String name =
                    "update of client " + exact.client() + " in round " + exact.round() + " of run " + exact.runId()
                            + " to selection "
                            + exact.selectionDigest();
            byte[] released =
                    ledger.release(name, mu(), source -> noised(exact.adapter(), round.globalAdapter(), source, watch));
            return new AdapterUpdate(
                    exact.runId(),
                    exact.round(),
                    exact.client(),
                    adapter(round.globalAdapter(), released),
                    1,
                    Double.NaN,
                    TrainingCounts.NONE,
                    exact.selectionDigest());
        };
    }

    private byte[] noised(Adapter trained, Adapter global, NoiseSource source, BoundWatch watch) {
        double length = Math.sqrt(global.squaredDistance(trained));
        watch.update(length, norm);
        boolean finite = Double.isFinite(length); // a diverged training counts as none: NaN would pass the noise
        double factor = !finite ? 0 : length > norm ? norm / length : 1;
        ByteBuffer bytes = ByteBuffer.allocate(Math.toIntExact(Float.BYTES * global.parameters()));
        Grid grid = Grid.of(deviation);
        global.tensors().forEach((name, from) -> {
            float[] start = from.toArray();
            float[] end =
                    Objects.requireNonNull(trained.tensors().get(name), name).toArray();
            double[] noise = new double[start.length];
            source.fill(noise);
            for (int i = 0; i < start.length; i++) {
                double difference = finite ? factor * ((double) end[i] - start[i]) : 0;
                bytes.putFloat((float) grid.round(difference + deviation * noise[i]));
            }
        });
        return bytes.array();
    }

    private static Adapter adapter(Adapter global, byte[] differences) {
        ByteBuffer bytes = ByteBuffer.wrap(differences);
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        global.tensors().forEach((name, from) -> {
            float[] values = from.toArray();
            for (int i = 0; i < values.length; i++) {
                values[i] += bytes.getFloat();
            }
            tensors.put(name, new Tensor(from.shape(), values));
        });
        return new Adapter(tensors);
    }
}
