import io.github.fedhds.ClientSampler;
import io.github.fedhds.FedHdsClient;
import io.github.fedhds.FedHdsServer;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.aggregation.Aggregation;
import io.github.fedhds.coreset.Coreset;
import io.github.fedhds.coreset.CoresetSelector;
import io.github.fedhds.coreset.Group;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.message.RoundResult;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.round.RoundContext;
import io.github.fedhds.selection.Selection;
import io.github.fedhds.setup.FedHds;
import io.github.fedhds.transformer.LanguageModel;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/** A host's own transport (two queues), own selector (the first samples) and own aggregator (a plain mean). */
final class Host {
    /** Bytes from the server and bytes to it. */
    record Line(BlockingQueue<byte[]> down, BlockingQueue<byte[]> up) {}

    private Host() {}

    static CoresetSelector first(int count) {
        return (candidates, round) -> candidates.size() == 0
                ? Coreset.empty()
                : new Coreset(List.of(new Group(0, range(candidates.size()), Math.min(count, candidates.size()))));
    }

    private static int[] range(int size) {
        return java.util.stream.IntStream.range(0, size).toArray();
    }

    /** The mean of the adapters; all clients count the same. */
    static final class PlainMean implements Aggregation {
        private final RoundContext round;
        private final Map<Integer, Adapter> updates = new TreeMap<>();

        PlainMean(RoundContext round) {
            this.round = round;
        }

        @Override
        public void accept(AdapterUpdate update) {
            updates.put(round.clients().indexOf(update.client()), update.adapter());
        }

        @Override
        public Adapter finish() {
            Map<String, Tensor> mean = new TreeMap<>(round.globalAdapter().tensors());
            if (!updates.isEmpty()) {
                mean.replaceAll(this::mean);
            }
            return new Adapter(mean);
        }

        private Tensor mean(String name, Tensor form) {
            float[] values = new float[form.size()];
            for (int i = 0; i < values.length; i++) {
                double sum = 0;
                for (Adapter adapter : updates.values()) {
                    sum += adapter.tensors().get(name).get(i);
                }
                values[i] = (float) (sum / updates.size());
            }
            return new Tensor(form.shape(), values);
        }
    }

    static RoundResult oneRound(Path modelFolder, Map<ClientId, List<Instruction>> data) throws InterruptedException {
        try (LanguageModel model = LanguageModel.load(modelFolder)) {
            FedHds fedHds = FedHds.on(model)
                    .selection(Selection.everything().withClient(first(2)))
                    .aggregator((round, state) -> new PlainMean(round))
                    .build();
            FedHdsServer server = fedHds.server(List.copyOf(data.keySet()), 1)
                    .sampler(ClientSampler.uniform(1))
                    .build();
            List<FedHdsClient> clients = data.keySet().stream()
                    .map(id -> fedHds.client(id).instructions(data.get(id)).build())
                    .toList();
            Line line = new Line(new LinkedBlockingQueue<>(), new LinkedBlockingQueue<>());
            server.open();
            for (FedHdsClient client : clients) {
                carry(fedHds, server, client, line);
            }
            server.select();
            for (FedHdsClient client : clients) {
                carry(fedHds, server, client, line);
            }
            return server.aggregate();
        }
    }

    private static void carry(FedHds fedHds, FedHdsServer server, FedHdsClient client, Line line)
            throws InterruptedException {
        line.down()
                .put(fedHds.codec()
                        .encode(server.messageFor(client.id()).orElseThrow())
                        .toByteArray());
        line.up()
                .put(fedHds.codec()
                        .encode(client.answer(fedHds.codec()
                                        .decode(line.down().take())
                                        .message())
                                .orElseThrow())
                        .toByteArray());
        server.accept(fedHds.codec().decode(line.up().take()).message());
    }
}
