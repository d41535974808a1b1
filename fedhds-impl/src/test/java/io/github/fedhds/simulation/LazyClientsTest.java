package io.github.fedhds.simulation;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.message.Receipt;
import io.github.fedhds.monitoring.RoundListener;
import io.github.fedhds.monitoring.RoundReport;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.selection.EverySelector;
import io.github.fedhds.training.LocalTrainer;
import io.github.fedhds.training.TrainingResult;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Clients whose instructions come when a round names them, and how much of a round is held at a time. */
class LazyClientsTest extends OnTinyModel {
    private static Federation.Builder builder() {
        return Federation.builder(fedHds())
                .serverSettings(server -> server.selector(new EverySelector()))
                .clientSettings(client -> TinyFederation.light(client)
                        .selector(new EverySelector())
                        .trainer((list, round) ->
                                new TrainingResult(round.globalAdapter(), list.size(), new double[] {1})));
    }

    @Test
    void run_clientsFromSuppliers_areLoadedInTheirRoundsOnly() {
        Map<ClientId, List<Instruction>> data = TinyFederation.clients(3, 4, 5, 6, 7, 8, 9, 3, 4, 5);
        List<ClientId> loaded = Collections.synchronizedList(new ArrayList<>());
        Federation.Builder lazy = builder().activeShare(0.3).rounds(4).parallelClients(2);
        data.forEach((id, list) -> lazy.client(id, () -> {
            loaded.add(id);
            return list;
        }));
        List<RoundReport> reports = lazy.build().run();
        List<ClientId> named = reports.stream()
                .flatMap(report -> report.clients().stream())
                .sorted(java.util.Comparator.comparing(ClientId::value))
                .toList();
        loaded.sort(java.util.Comparator.comparing(ClientId::value));
        assertEquals(12, named.size());
        assertEquals(named, loaded, "once a round that names the client, and no other");

        List<RoundReport> eager =
                builder().activeShare(0.3).rounds(4).clients(data).build().run();
        assertEquals(TinyFederation.withoutSeconds(eager), TinyFederation.withoutSeconds(reports));
    }

    @Test
    @SuppressWarnings("NullAway") // what a host without null checks may do
    void run_supplierThatFails_endsTheRun() {
        Federation broken = builder()
                .client(TinyFederation.id(1), () -> {
                    throw new UnsupportedOperationException("no such file");
                })
                .build();
        assertFails(UnsupportedOperationException.class, broken::run, "no such file");
        Federation nothing = builder().client(TinyFederation.id(1), () -> null).build();
        assertFails(FedHdsException.class, nothing::run, "the supplier of client client 1 returned null");
    }

    /** The first client is slow, so that the others get as far ahead as they may. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void run_slowFirstClient_holdsAtMostTwiceAsManyUpdatesAsRun(int parallel) {
        AtomicInteger held = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        LocalTrainer trainer = (list, round) -> {
            if (round.client().orElseThrow().equals(TinyFederation.id(0))) {
                try {
                    Thread.sleep(200);
                } catch (InterruptedException e) {
                    throw new AssertionError(e);
                }
            }
            most.accumulateAndGet(held.incrementAndGet(), Math::max);
            return new TrainingResult(round.globalAdapter(), list.size(), new double[] {1});
        };
        List<ClientId> order = new ArrayList<>();
        builder()
                .clients(TinyFederation.clients(3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3))
                .activeShare(1)
                .parallelClients(parallel)
                .clientSettings(client -> TinyFederation.light(client)
                        .selector(new EverySelector())
                        .trainer(trainer))
                .listener(new RoundListener() {
                    @Override
                    public void received(AdapterUpdate update, Receipt receipt) {
                        held.decrementAndGet();
                        order.add(update.client());
                    }
                })
                .build()
                .run();
        assertEquals(12, order.size());
        assertEquals(TinyFederation.id(0), order.get(0));
        assertTrue(most.get() <= 2 * parallel, () -> most.get() + " updates were held");
        assertTrue(parallel == 1 || most.get() > parallel, () -> "only " + most.get() + " got ahead");
    }
}
