package io.github.fedhds.secure;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.aggregation.MeanUpdate;
import io.github.fedhds.message.AdapterUpdate;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Updates as whole numbers whose sum over all clients fits into 32 bits: of each parameter the difference to the global adapter, clipped to
 * a norm, cut to a greatest change and scaled by the client's weight; then the weight, the weight if there is a loss, and the loss.
 */
final class Quantiser {
    private static final Logger LOGGER = LoggerFactory.getLogger(Quantiser.class);

    /** Losses of more nats a token count as this. */
    private static final double GREATEST_LOSS = 64;

    private static final int OTHER_WORDS = 3;

    /**
     * Greatest change of a parameter, by the root of the mean square of an update that has the norm. A bound of the norm itself would leave
     * few levels for the usual changes.
     */
    private static final double GREATEST_BY_MEAN = 16;

    private final Adapter global;
    private final double norm;
    private final double greatest; // change of a parameter
    private final int greatestWeight;
    private final int levels;
    private final int length;

    /** @param clients most clients of a sum */
    Quantiser(Adapter global, double norm, int greatestWeight, int clients) {
        levels = Integer.MAX_VALUE / clients;
        if (greatestWeight > levels) {
            throw new IllegalArgumentException("the weights of " + clients + " clients of up to " + greatestWeight
                    + " samples do not fit into 32 bits; lower the greatest weight");
        }
        if (global.parameters() > Integer.MAX_VALUE / Integer.BYTES - OTHER_WORDS) {
            throw new IllegalArgumentException("an adapter of " + global.parameters()
                    + " parameters is too large for a secure sum, which has at most 2 GiB");
        }
        this.global = global;
        this.norm = norm;
        this.greatest = norm * Math.min(1, GREATEST_BY_MEAN / Math.sqrt(Math.max(1, global.parameters())));
        this.greatestWeight = greatestWeight;
        this.length = (int) global.parameters() + OTHER_WORDS;
    }

    /** Words of an update. */
    int length() {
        return length;
    }

    /**
     * The words of an update.
     *
     * @throws IllegalArgumentException if the adapter is not finite or of another form than the global one
     */
    int[] words(AdapterUpdate update) {
        Adapter adapter = update.adapter();
        global.differenceInForm(adapter).or(adapter::firstNonFinite).ifPresent(fault -> {
            throw new IllegalArgumentException(
                    "the update of client " + update.client() + " cannot be summed: " + fault);
        });
        double distance = Math.sqrt(global.squaredDistance(adapter));
        if (distance > norm) {
            LOGGER.info(
                    "client {}, round {}: the update of norm {} is clipped to {}, the norm of the secure aggregation",
                    update.client(),
                    update.round(),
                    distance,
                    norm);
        }
        int weight = Math.min(greatestWeight, update.samples());
        int most = (int) ((long) levels * weight / greatestWeight);
        double factor = (distance > norm ? norm / distance : 1) / greatest * weight / greatestWeight * levels;
        int cut = 0;
        int[] words = new int[length];
        int at = 0;
        for (Map.Entry<String, Tensor> named : global.tensors().entrySet()) {
            Tensor from = named.getValue();
            Tensor to = Objects.requireNonNull(adapter.tensors().get(named.getKey()));
            for (int i = 0; i < from.size(); i++) {
                long word = Math.round(factor * ((double) to.get(i) - from.get(i)));
                cut += Math.abs(word) > most + 1L ? 1 : 0;
                words[at++] = (int) Math.max(-most, Math.min(most, word));
            }
        }
        if (cut > 0) {
            LOGGER.info(
                    "client {}, round {}: {} parameters change by more than {}, the most in the secure aggregation, and are cut to it",
                    update.client(),
                    update.round(),
                    cut,
                    greatest);
        }
        words[at++] = weight;
        if (Double.isFinite(update.meanLoss())) {
            words[at++] = weight;
            double share = Math.max(0, Math.min(1, update.meanLoss() / GREATEST_LOSS));
            words[at] = (int) Math.round(share * most);
        }
        return words;
    }

    /**
     * The mean of so many updates.
     *
     * @throws IllegalStateException if the sum cannot be one of so many updates
     */
    MeanUpdate mean(int[] sum, int clients) {
        int at = length - OTHER_WORDS;
        long weight = sum[at++];
        long lossWeight = sum[at++];
        long lossSum = sum[at];
        require(weight >= clients && weight <= (long) clients * greatestWeight, "its weight is " + weight, clients);
        require(lossWeight >= 0 && lossWeight <= weight, "its loss has the weight " + lossWeight, clients);
        double unit = greatest / levels * greatestWeight / weight;
        double rounding = unit * clients / 2 * Math.sqrt(global.parameters());
        double squares = 0;
        for (int i = 0; i < length - OTHER_WORDS; i++) {
            squares += (unit * sum[i]) * (unit * sum[i]);
        }
        require(Math.sqrt(squares) <= norm * (1 + 1e-6) + rounding, "its norm is " + Math.sqrt(squares), clients);
        Map<String, Tensor> mean = new LinkedHashMap<>();
        int[] next = {0};
        global.tensors()
                .forEach((name, from) ->
                        mean.put(name, Tensor.of(from.shape(), i -> (float) (from.get(i) + unit * sum[next[0]++]))));
        double loss = lossWeight == 0 ? Double.NaN : GREATEST_LOSS * lossSum / levels * greatestWeight / lossWeight;
        return new MeanUpdate(new Adapter(mean), weight, loss);
    }

    private static void require(boolean holds, String found, int clients) {
        if (!holds) {
            throw new IllegalStateException("the sum is not that of " + clients + " valid updates, " + found
                    + "; a client has sent something else, or has other settings");
        }
    }
}
