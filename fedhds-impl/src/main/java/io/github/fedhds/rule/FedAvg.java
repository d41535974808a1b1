package io.github.fedhds.rule;

import io.github.fedhds.RoundContext;
import io.github.fedhds.aggregation.Aggregation;
import io.github.fedhds.aggregation.Aggregator;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.training.Adapter;
import io.github.fedhds.training.Tensor;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The mean of the clients' adapters, weighted by their samples or equally. It is the float nearest to the exact mean, so
 * the order of the updates changes no bit; a mean of zero is positive zero. Keeps one accumulator of usually 24 bytes a
 * parameter (80 at most), however many updates come. Keeps no state; safe for many threads, each aggregation for one.
 *
 * @see <a href="https://arxiv.org/abs/1602.05629">McMahan et al. 2017, algorithm 1</a>
 */
public final class FedAvg implements Aggregator {
    private final boolean bySamples;

    private FedAvg(boolean bySamples) {
        this.bySamples = bySamples;
    }

    /** Each client counts as often as it has samples: the paper's rule. */
    public static FedAvg bySamples() {
        return new FedAvg(true);
    }

    /** Each client counts once. */
    public static FedAvg equally() {
        return new FedAvg(false);
    }

    @Override
    public Aggregation open(RoundContext round) {
        return new Mean(round.globalAdapter());
    }

    @Override
    public String toString() {
        return bySamples ? "FedAvg[by samples]" : "FedAvg[equally]";
    }

    private final class Mean implements Aggregation {
        private final Adapter global;
        private final Map<String, ExactMean> means = new TreeMap<>();
        private boolean any;
        private boolean finished;

        private Mean(Adapter global) {
            this.global = global;
            global.tensors().forEach((name, tensor) -> means.put(name, new ExactMean(tensor.size())));
        }

        @Override
        public void accept(AdapterUpdate update) {
            requireOpen();
            Optional<String> fault = global.differenceInForm(update.adapter()).or(update.adapter()::firstNonFinite);
            if (fault.isPresent()) {
                throw new IllegalArgumentException("update of client " + update.client() + ": " + fault.get());
            }
            if (update.samples() < 1) {
                throw new IllegalArgumentException(
                        "update of client " + update.client() + ": samples must be 1 or more, was " + update.samples());
            }
            Map<String, Tensor> tensors = update.adapter().tensors();
            int weight = bySamples ? update.samples() : 1;
            means.forEach((name, mean) -> mean.add(Objects.requireNonNull(tensors.get(name)), weight));
            any = true;
        }

        @Override
        public Adapter finish() {
            requireOpen();
            finished = true;
            if (!any) {
                return global;
            }
            Map<String, Tensor> tensors = new TreeMap<>();
            global.tensors().forEach((name, tensor) -> {
                ExactMean mean = Objects.requireNonNull(means.remove(name)); // let go as soon as its mean is there
                tensors.put(name, new Tensor(tensor.shape(), mean.mean()));
            });
            return new Adapter(tensors);
        }

        private void requireOpen() {
            if (finished) {
                throw new IllegalStateException("this aggregation is finished; open one for the next round");
            }
        }
    }
}
