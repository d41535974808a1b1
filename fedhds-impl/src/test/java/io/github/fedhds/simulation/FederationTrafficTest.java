package io.github.fedhds.simulation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.ServerListener;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.codec.MessageCodec;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.message.CentroidReport;
import io.github.fedhds.message.GroupSelection;
import io.github.fedhds.message.Message;
import io.github.fedhds.message.Receipt;
import io.github.fedhds.message.RoundOpening;
import io.github.fedhds.monitoring.RoundReport;
import io.github.fedhds.monitoring.Traffic;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.selection.EverySelector;
import io.github.fedhds.training.TrainingResult;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What a federation says that its messages weigh. */
class FederationTrafficTest extends OnTinyModel {
    /** Of three clients two have instructions, and one of these an adapter that no message can hold. */
    @Test
    void traffic_ofARound_isThatOfItsMessagesInTheirByteForm() {
        Map<ClientId, Long> up = new HashMap<>();
        Map<ClientId, Long> down = new HashMap<>();
        MessageCodec codec = MessageCodec.defaults();
        Federation federation = Federation.builder(fedHds())
                .clients(TinyFederation.clients(3, 0, 4))
                .activeShare(1)
                .clientSettings(client -> TinyFederation.light(client)
                        .selector(new EverySelector())
                        .trainer((list, round) -> {
                            boolean bad = round.client().equals(Optional.of(TinyFederation.id(2)));
                            Adapter adapter = round.globalAdapter();
                            return new TrainingResult(bad ? withNaN(adapter) : adapter, list.size(), new double[] {1});
                        }))
                .serverSettings(server -> server.selector(new EverySelector()).listener(new ServerListener() {
                    @Override
                    public void opened(RoundOpening opening) {
                        opening.clients().forEach(id -> add(down, id, opening));
                    }

                    @Override
                    public void received(CentroidReport report, Receipt receipt) {
                        add(up, report.client(), report);
                        add(down, report.client(), receipt);
                    }

                    @Override
                    public void selected(int round, Map<ClientId, GroupSelection> selections) {
                        selections.forEach((id, selection) -> add(down, id, selection));
                    }

                    @Override
                    public void received(AdapterUpdate update, Receipt receipt) {
                        if (receipt.counts()) {
                            add(up, update.client(), update);
                        }
                        add(down, update.client(), receipt);
                    }

                    private void add(Map<ClientId, Long> sums, ClientId client, Message message) {
                        sums.merge(client, codec.encode(message).bytes(), Long::sum);
                    }
                }))
                .build();
        RoundReport report = federation.run().get(0);
        assertEquals(1, report.result().updates());
        for (int client = 0; client < 3; client++) {
            ClientId id = TinyFederation.id(client);
            Traffic.Count count = federation.traffic().of(1, id);
            assertEquals(up.get(id), count.bytesUp(), "up, client " + client);
            assertEquals(down.get(id), count.bytesDown(), "down, client " + client);
        }
        assertEquals(
                up.values().stream().mapToLong(n -> n).sum(), report.bytes().toServer());
        assertEquals(
                down.values().stream().mapToLong(n -> n).sum(), report.bytes().toClients());
        assertTrue(report.bytes().toServer() > 4 * federation.adapter().parameters());
        assertEquals(federation.adapter().digest(), report.adapterSha256());
    }

    private static Adapter withNaN(Adapter adapter) {
        Map<String, Tensor> tensors = new HashMap<>();
        adapter.tensors().forEach((name, tensor) -> tensors.put(name, Tensor.of(tensor.shape(), i -> Float.NaN)));
        return new Adapter(tensors);
    }
}
