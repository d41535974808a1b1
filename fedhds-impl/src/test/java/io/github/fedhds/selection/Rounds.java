package io.github.fedhds.selection;

import io.github.fedhds.FedHdsClient;
import io.github.fedhds.FedHdsServer;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.aggregation.Aggregation;
import io.github.fedhds.coreset.CoresetSelector;
import io.github.fedhds.feature.FeatureMatrix;
import io.github.fedhds.feature.Points;
import io.github.fedhds.fusion.Fusion;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.message.GroupSelection;
import io.github.fedhds.message.RoundOpening;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.training.TrainingResult;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;

/** One round through the client and server of the api, with given points in place of model and fusion. */
final class Rounds {
    private Rounds() {}

    /** Which samples each client trained on, by its number, in the order of training; clients without any are left out. */
    static Map<Integer, List<Integer>> trainedOn(
            List<Points> samples, CoresetSelector onClients, CoresetSelector onServer) {
        List<ClientId> registered = IntStream.range(0, samples.size())
                .mapToObj(c -> new ClientId("client-" + c))
                .toList();
        FedHdsServer server = FedHdsServer.builder()
                .clients(registered)
                .sampler((all, round) -> all)
                .selector(onServer)
                .aggregator((round, state) -> new Unchanged(round.globalAdapter()))
                .initialAdapter(Adapter.empty())
                .build();
        RoundOpening opening = server.open();
        Map<Integer, List<Integer>> trained = new TreeMap<>();
        List<FedHdsClient> clients = new ArrayList<>();
        for (int c = 0; c < samples.size(); c++) {
            Points points = samples.get(c);
            int number = c;
            FedHdsClient client = FedHdsClient.builder(registered.get(c))
                    .instructions(IntStream.range(0, points.size())
                            .mapToObj(i -> new Instruction(Integer.toString(i), "", "answer"))
                            .toList())
                    .featureExtractor((list, round) -> new FeatureMatrix(list.size(), 1, 1, new float[list.size()]))
                    .fusion(Fusion.of(points.dimensions(), (features, round) -> points))
                    .selector(onClients)
                    .trainer((list, round) -> {
                        trained.put(
                                number,
                                list.stream()
                                        .map(one -> Integer.valueOf(one.instruction()))
                                        .toList());
                        return new TrainingResult(round.globalAdapter(), list.size(), new double[] {1});
                    })
                    .build();
            clients.add(client);
            if (!server.accept(client.summarise(opening)).counts()) {
                throw new AssertionError("report of client " + c + " was refused");
            }
        }
        Map<ClientId, GroupSelection> selections = server.select();
        for (FedHdsClient client : clients) {
            GroupSelection selection = selections.get(client.id());
            if (selection != null) {
                client.train(selection).ifPresent(server::accept);
            }
        }
        return trained;
    }

    private record Unchanged(Adapter adapter) implements Aggregation {
        @Override
        public void accept(AdapterUpdate update) {}

        @Override
        public Adapter finish() {
            return adapter;
        }
    }
}
