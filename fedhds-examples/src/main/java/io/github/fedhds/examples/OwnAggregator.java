package io.github.fedhds.examples;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.aggregation.Aggregation;
import io.github.fedhds.dataset.Dataset;
import io.github.fedhds.dataset.Partitions;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.round.RoundContext;
import io.github.fedhds.setup.FedHds;
import io.github.fedhds.simulation.Federation;
import io.github.fedhds.transformer.LanguageModel;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/**
 * How do I write my own aggregation? The mean of the adapters, in which all clients have equal weight, regardless of
 * their number of samples.
 *
 * <pre>OwnAggregator MODEL DATA</pre>
 *
 * MODEL is a Hugging Face folder, DATA a file of JSON lines whose instructions name their task (each task is one
 * client).
 */
public final class OwnAggregator {
    private OwnAggregator() {}

    public static void main(String[] args) {
        Programs.require(args.length == 2, "OwnAggregator MODEL DATA");
        System.out.println(run(Path.of(args[0]), Path.of(args[1])));
    }

    static Adapter run(Path modelFolder, Path data) {
        try (LanguageModel model = LanguageModel.load(modelFolder)) {
            FedHds fedHds = FedHds.on(model)
                    .recommended(0.05)
                    .aggregator((round, state) -> new PlainMean(round))
                    .build();
            Federation federation = Federation.builder(fedHds)
                    .clients(Partitions.byTask(Dataset.load(data, 1).training()))
                    .activeShare(1)
                    .build();
            federation.run();
            return federation.adapter();
        }
    }

    /** One round. Updates may arrive in any order, so it sums them in the order of the round's clients. */
    static final class PlainMean implements Aggregation {
        private final RoundContext round;
        private final Map<Integer, Adapter> updates = new TreeMap<>(); // by the client's index in the round

        PlainMean(RoundContext round) {
            this.round = round;
        }

        @Override
        public void accept(AdapterUpdate update) {
            updates.put(round.clients().indexOf(update.client()), update.adapter());
        }

        @Override
        public Adapter finish() {
            Map<String, Tensor> mean = new TreeMap<>(round.globalAdapter().tensors()); // unchanged without updates
            if (!updates.isEmpty()) {
                mean.replaceAll((name, tensor) -> mean(name, tensor));
            }
            return new Adapter(mean);
        }

        private Tensor mean(String name, Tensor form) {
            float[] values = new float[form.size()];
            for (int i = 0; i < values.length; i++) {
                double sum = 0;
                for (Adapter adapter : updates.values()) {
                    sum += Objects.requireNonNull(adapter.tensors().get(name)).get(i);
                }
                values[i] = (float) (sum / updates.size());
            }
            return new Tensor(form.shape(), values);
        }
    }
}
