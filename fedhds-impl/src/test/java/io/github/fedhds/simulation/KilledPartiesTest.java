package io.github.fedhds.simulation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import io.github.fedhds.ChildJvm;
import io.github.fedhds.ClientSampler;
import io.github.fedhds.FedHdsClient;
import io.github.fedhds.FedHdsServer;
import io.github.fedhds.FedHdsServerBuilder;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.aggregators.FedOpt;
import io.github.fedhds.codec.MessageCodec;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.message.GroupSelection;
import io.github.fedhds.message.Message;
import io.github.fedhds.message.Receipt;
import io.github.fedhds.message.Refusal;
import io.github.fedhds.message.RoundOpening;
import io.github.fedhds.model.ModelOptions;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.selection.EverySelector;
import io.github.fedhds.setup.FedHds;
import io.github.fedhds.state.ServerStore;
import io.github.fedhds.transformer.LanguageModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A client or a server in a process of its own, killed (SIGKILL on Linux) and started again: the adapter is that of an
 * undisturbed run, bit for bit. Messages travel as bytes.
 */
class KilledPartiesTest {
    private static final int ROUNDS = 2;
    private static final Map<ClientId, List<Instruction>> DATA = TinyFederation.clients(4, 5);
    private static final MessageCodec CODEC = MessageCodec.defaults();

    @TempDir
    @SuppressWarnings("NullAway.Init") // set by JUnit
    static Path models;

    @TempDir
    private Path folder = Path.of("");

    @SuppressWarnings("NullAway.Init") // set before all tests
    private static LanguageModel model;

    @BeforeAll
    static void load() {
        TinyFederation.model(models, 1, 16, 2, 128).close();
        model = load(models);
    }

    @AfterAll
    static void close() {
        model.close();
    }

    private static LanguageModel load(Path models) {
        return LanguageModel.load(models, ModelOptions.defaults().withThreads(1));
    }

    private static FedHds fedHds(LanguageModel of) {
        return FedHds.on(of)
                .epochs(1)
                .template(TinyFederation.SHORT)
                .learningRate(1e-2)
                .fusion(TinyFederation::firstTwo)
                .build();
    }

    private static FedHdsClient client(LanguageModel of, ClientId id) {
        return fedHds(of)
                .client(id)
                .instructions(Objects.requireNonNull(DATA.get(id)))
                .selector(TinyFederation::each)
                .agreedSettings(Map.of()) // the server of these tests has no model to tell of
                .build();
    }

    /** A server whose rule has a state; needs no model. */
    private static FedHdsServerBuilder server() {
        return FedHdsServer.builder()
                .clients(ids())
                .seed(7)
                .sampler(ClientSampler.uniform(1))
                .selector(new EverySelector())
                .aggregator(FedOpt.fedAvgM().build());
    }

    private static FedHdsServer firstServer() {
        Adapter first = fedHds(model).server(ids(), 7).build().globalAdapter();
        return server().runId("killed").initialAdapter(first).build();
    }

    private static List<ClientId> ids() {
        return List.copyOf(new TreeSet<>(DATA.keySet()));
    }

    private static byte[] bytes(Message message) {
        return CODEC.encode(message).toByteArray();
    }

    private static Message message(byte[] bytes) {
        return CODEC.decode(bytes).message();
    }

    /** Answers each message with a client's reply. */
    static final class ClientProcess {
        private ClientProcess() {}

        public static void main(String[] arguments) throws IOException {
            try (LanguageModel own = load(Path.of(arguments[0]))) {
                FedHdsClient client = client(own, new ClientId(arguments[1]));
                ChildJvm.serve((command, input) -> client.answer(message(input.get(0))).stream()
                        .map(KilledPartiesTest::bytes)
                        .toList());
            }
        }
    }

    /** Goes on from the store, and does what it is told to. */
    static final class ServerProcess {
        private ServerProcess() {}

        public static void main(String[] arguments) throws IOException {
            ServerStore store = ServerStore.open(Path.of(arguments[0]));
            ServerStore.Lock lock = store.lock();
            try (lock) {
                FedHdsServer server =
                        server().restore(store.load().orElseThrow()).build();
                ChildJvm.serve((command, input) -> answer(server, store, command, input));
            }
        }

        private static List<byte[]> answer(FedHdsServer server, ServerStore store, String command, List<byte[]> input) {
            return switch (command) {
                case "open" -> List.of(bytes(server.open()));
                case "accept" -> List.of(bytes(server.accept(message(input.get(0)))));
                case "select" ->
                    server.select().values().stream()
                            .map(KilledPartiesTest::bytes)
                            .toList();
                case "aggregate" -> {
                    server.aggregate();
                    yield List.of();
                }
                case "save" -> {
                    store.save(server.state());
                    yield List.of();
                }
                default -> throw new IllegalArgumentException(command);
            };
        }
    }

    /** The adapters after each round of a run in this process. */
    private static List<String> undisturbed() {
        FedHdsServer server = firstServer();
        List<FedHdsClient> clients = ids().stream().map(id -> client(model, id)).toList();
        List<String> digests = new ArrayList<>();
        for (int round = 1; round <= ROUNDS; round++) {
            RoundOpening opening = server.open();
            clients.forEach(client -> server.accept(client.summarise(opening)));
            Map<ClientId, GroupSelection> selections = server.select();
            for (FedHdsClient client : clients) {
                server.accept(client.answer(Objects.requireNonNull(selections.get(client.id())))
                        .orElseThrow());
            }
            digests.add(server.aggregate().adapter().digest());
        }
        assertNotEquals(firstServer().globalAdapter().digest(), digests.get(0));
        assertNotEquals(digests.get(0), digests.get(1));
        return digests;
    }

    private static Message only(List<byte[]> answer) {
        assertEquals(1, answer.size());
        return message(answer.get(0));
    }

    private static ChildJvm startClient(ClientId id) throws IOException {
        return ChildJvm.start(ClientProcess.class, models.toString(), id.value());
    }

    @Test
    void client_killedAfterItsReport_trainsOnceItHasTheOpeningAgain() throws IOException, InterruptedException {
        FedHdsServer server = firstServer();
        FedHdsClient here = client(model, ids().get(0));
        ClientId there = ids().get(1);
        RoundOpening opening = server.open();
        server.accept(here.summarise(opening));
        byte[] report;
        try (ChildJvm process = startClient(there)) {
            report = process.ask("message", bytes(opening)).get(0);
            assertEquals(Receipt.Status.ACCEPTED, server.accept(message(report)).status());
            process.kill();
        }

        Map<ClientId, GroupSelection> selections = server.select();
        server.accept(
                here.answer(Objects.requireNonNull(selections.get(here.id()))).orElseThrow());
        try (ChildJvm process = startClient(there)) {
            byte[] selection = bytes(server.messageFor(there).orElseThrow());
            Receipt forgotten = (Receipt) only(process.ask("message", selection));
            assertEquals(Optional.of(Refusal.UNKNOWN_ROUND), forgotten.refusal());
            server.accept(forgotten);

            byte[] again = bytes(server.messageFor(there).orElseThrow());
            assertEquals(opening, message(again));
            Message sameReport = only(process.ask("message", again));
            assertEquals(message(report), sameReport);
            assertEquals(Receipt.Status.ALREADY_HAD, server.accept(sameReport).status());

            byte[] sameSelection = bytes(server.messageFor(there).orElseThrow());
            assertEquals(message(selection), message(sameSelection));
            Message update = only(process.ask("message", sameSelection));
            assertEquals(Receipt.Status.ACCEPTED, server.accept(update).status());
            process.end();
        }
        assertEquals(undisturbed().get(0), server.aggregate().adapter().digest());
    }

    /**
     * Killed in each step of the first round and while it saves the second. The clients hold receipts of the dead server, and
     * answer again; one of them was started again as well.
     */
    @Test
    void server_killedInAndBetweenRounds_opensTheSameRoundAgain() throws IOException, InterruptedException {
        ServerStore.open(folder).save(firstServer().state());
        List<FedHdsClient> clients =
                new ArrayList<>(ids().stream().map(id -> client(model, id)).toList());
        Map<Integer, Message> openings = new HashMap<>();
        for (String killedAfter : List.of("open", "accept", "select", "aggregate", "save")) {
            try (ChildJvm server = ChildJvm.start(ServerProcess.class, folder.toString())) {
                runRound(server, clients, openings, killedAfter);
                server.kill();
            }
            assertEquals(killedAfter.equals("save") ? 1 : 0, savedRound(), killedAfter);
        }
        clients.set(0, client(model, ids().get(0)));
        try (ChildJvm server = ChildJvm.start(ServerProcess.class, folder.toString())) {
            runRound(server, clients, openings, "aggregate");
            server.send("save");
            server.kill(); // before, in or after the save
        }
        try (ChildJvm server = ChildJvm.start(ServerProcess.class, folder.toString())) {
            if (savedRound() < ROUNDS) {
                runRound(server, clients, openings, "save");
            }
            server.end();
        }
        assertEquals(ROUNDS, savedRound());
        assertEquals(
                undisturbed().get(ROUNDS - 1),
                ServerStore.open(folder).load().orElseThrow().globalAdapter().digest());
    }

    private int savedRound() {
        return ServerStore.open(folder).load().orElseThrow().round();
    }

    /** Carries the messages of a round until a step is done: "accept" is that of the first client's report. */
    private static void runRound(
            ChildJvm server, List<FedHdsClient> clients, Map<Integer, Message> openings, String lastStep)
            throws IOException {
        Message opening = only(server.ask("open"));
        Message before = openings.putIfAbsent(opening.round(), opening);
        assertEquals(before == null ? opening : before, opening, "a round that opens again has an equal opening");
        if (lastStep.equals("open")) {
            return;
        }
        for (FedHdsClient client : clients) {
            accepted(server, client.answer(opening).orElseThrow());
            if (lastStep.equals("accept")) {
                return;
            }
        }
        List<byte[]> selections = server.ask("select");
        assertEquals(clients.size(), selections.size());
        if (lastStep.equals("select")) {
            return;
        }
        for (byte[] bytes : selections) {
            GroupSelection selection = (GroupSelection) message(bytes);
            assertFalse(selection.groups().isEmpty());
            for (FedHdsClient client : clients) {
                if (client.id().equals(selection.client())) {
                    accepted(server, client.answer(selection).orElseThrow());
                }
            }
        }
        server.ask("aggregate");
        if (lastStep.equals("save")) {
            server.ask("save");
        }
    }

    private static void accepted(ChildJvm server, Message message) throws IOException {
        Receipt receipt = (Receipt) only(server.ask("accept", bytes(message)));
        assertEquals(Receipt.Status.ACCEPTED, receipt.status(), receipt::reason);
    }
}
