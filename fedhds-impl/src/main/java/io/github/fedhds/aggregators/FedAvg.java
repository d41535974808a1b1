package io.github.fedhds.aggregators;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.aggregation.Aggregation;
import io.github.fedhds.aggregation.Aggregator;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.round.RoundContext;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.TreeMap;

/**
 * The mean of the clients' adapters, weighted by their number of samples or equally. It is the float nearest to the
 * exact mean, so the order of the updates changes no bit; a mean of zero is positive zero. Memory: usually 24 bytes
 * per parameter (80 at most), independent of the number of updates. Tolerates no attackers: a single one can move the
 * mean arbitrarily. Has no state. Immutable, safe for many threads; each aggregation for one thread.
 *
 * @see <a href="https://arxiv.org/abs/1602.05629">McMahan et al. 2017, algorithm 1</a>
 */
public final class FedAvg implements Aggregator {
    private final int most;

    private FedAvg(int most) {
        this.most = most;
    }

    /** Weights each client by its number of samples, as in the paper. The number is the client's claim. */
    public static FedAvg bySamples() {
        return new FedAvg(Integer.MAX_VALUE);
    }

    /**
     * Weights each client by its number of samples, up to a maximum, so that a client cannot dominate by a false
     * claim.
     *
     * @param most largest weight, 1 or more
     */
    public static FedAvg bySamplesUpTo(int most) {
        if (most < 1) {
            throw new IllegalArgumentException("a client counts at least once; most must be 1 or more, was " + most);
        }
        return new FedAvg(most);
    }

    /** Weights all clients equally. */
    public static FedAvg equally() {
        return new FedAvg(1);
    }

    /** The weight of an update, 1 or more. */
    int weight(AdapterUpdate update) {
        return Math.min(most, update.samples());
    }

    @Override
    public OptionalInt greatestWeight() {
        return OptionalInt.of(most);
    }

    @Override
    public Aggregation open(RoundContext round, Adapter state) {
        return new Mean(round.globalAdapter(), state);
    }

    @Override
    public String toString() {
        return switch (most) {
            case 1 -> "FedAvg[equally]";
            case Integer.MAX_VALUE -> "FedAvg[by samples]";
            default -> "FedAvg[by samples up to " + most + "]";
        };
    }

    private final class Mean extends RuleRound {
        private final Map<String, ExactMean> means = new TreeMap<>();

        private Mean(Adapter global, Adapter state) {
            super(FedAvg.this, global, state);
            global.tensors().forEach((name, tensor) -> means.put(name, new ExactMean(tensor.size())));
        }

        @Override
        void add(AdapterUpdate update) {
            means.forEach((name, mean) -> mean.add(Coordinatewise.tensor(update.adapter(), name), weight(update)));
        }

        @Override
        Adapter next() {
            return Coordinatewise.map(global, (name, tensor) -> {
                ExactMean mean = Objects.requireNonNull(means.remove(name)); // let go as soon as its mean is there
                return new Tensor(tensor.shape(), mean.mean());
            });
        }
    }
}
