package io.github.fedhds.simulation;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.message.RoundResult;
import io.github.fedhds.monitoring.RoundListener;
import io.github.fedhds.monitoring.RoundReport;
import io.github.fedhds.monitoring.internal.RoundJson;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.selection.EverySelector;
import io.github.fedhds.training.TrainingResult;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Clients whose work throws: they drop out, up to a number, and the round is that of the others. */
class FailedClientsTest extends OnTinyModel {
    private final List<String> told = new ArrayList<>();

    /** Clients 0 to 5 of 3 to 8 samples; some cannot read their data, some cannot train. */
    private Federation.Builder federation(Set<Integer> unreadable, Set<Integer> untrainable) {
        Federation.Builder builder = Federation.builder(fedHds())
                .activeShare(1)
                .clientSettings(client -> TinyFederation.light(client)
                        .selector(new EverySelector())
                        .trainer((list, round) -> {
                            if (is(untrainable, round.client().orElseThrow())) {
                                throw new UnsupportedOperationException("cannot train");
                            }
                            return new TrainingResult(round.globalAdapter(), list.size(), new double[] {1});
                        }))
                .serverSettings(server -> server.selector(new EverySelector()))
                .listener(new RoundListener() {
                    @Override
                    public void failed(int round, ClientId client, RuntimeException failure) {
                        told.add(round + " " + client + " " + failure.getMessage());
                    }
                });
        for (Map.Entry<ClientId, List<Instruction>> client :
                TinyFederation.clients(3, 4, 5, 6, 7, 8).entrySet()) {
            Supplier<List<Instruction>> data = () -> {
                if (is(unreadable, client.getKey())) {
                    throw new UnsupportedOperationException("no such file");
                }
                return client.getValue();
            };
            builder.client(client.getKey(), data);
        }
        return builder;
    }

    private static boolean is(Set<Integer> clients, ClientId id) {
        return clients.stream().map(TinyFederation::id).anyMatch(id::equals);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void run_someClientsFail_isTheRoundOfTheOthers(int parallel) {
        Federation federation = federation(Set.of(1), Set.of(0, 4))
                .parallelClients(parallel)
                .failedClients(3)
                .rounds(2)
                .build();
        List<RoundReport> reports = federation.run();
        for (RoundReport report : reports) {
            RoundResult result = report.result();
            assertEquals(6, result.clients());
            assertEquals(5, result.reports());
            assertEquals(3, result.updates());
            assertEquals(5 + 6 + 8, result.samples());
            assertEquals(IntStream.of(0, 1, 4).mapToObj(TinyFederation::id).toList(), report.failedClients());
            assertEquals(report, RoundJson.read(RoundJson.of(report)));
        }
        assertEquals(2, reports.get(1).round(), "no round was abandoned");
        assertEquals(
                List.of(
                        "1 client 1 no such file",
                        "1 client 0 cannot train",
                        "1 client 4 cannot train",
                        "2 client 1 no such file",
                        "2 client 0 cannot train",
                        "2 client 4 cannot train"),
                told);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void run_oneFailureTooMany_endsWithIt(int parallel) {
        Federation federation = federation(Set.of(1), Set.of(0, 4))
                .parallelClients(parallel)
                .failedClients(2)
                .build();
        assertFails(UnsupportedOperationException.class, federation::run, "cannot train");
        assertEquals(2, told.size());
    }

    @Test
    void run_everyClientOfAStepFails_endsHoweverManyMayFail() {
        Set<Integer> all = Set.of(0, 1, 2, 3, 4, 5);
        Federation unreadable = federation(all, Set.of()).failedClients(99).build();
        assertFails(UnsupportedOperationException.class, unreadable::run, "no such file");
        assertEquals(5, told.size());
        Federation untrainable = federation(Set.of(2), all).failedClients(99).build();
        assertFails(UnsupportedOperationException.class, untrainable::run, "cannot train");
        Federation alone =
                federation(all, Set.of()).failedClients(1).activeShare(0.1).build();
        assertFails(UnsupportedOperationException.class, alone::run, "no such file");
        assertFails(
                IllegalArgumentException.class,
                () -> federation(all, all).failedClients(-1),
                "failedClients must be 0 or more, was -1");
    }

    @Test
    void run_anError_endsTheRunHoweverManyMayFail() {
        Error failure = new OutOfMemoryError("of the heap");
        Federation federation = federation(Set.of(), Set.of())
                .failedClients(6)
                .clientSettings(client -> TinyFederation.light(client)
                        .selector(new EverySelector())
                        .trainer((list, round) -> {
                            throw failure;
                        }))
                .build();
        assertSame(failure, assertThrows(FedHdsException.class, federation::run).getCause());
    }
}
