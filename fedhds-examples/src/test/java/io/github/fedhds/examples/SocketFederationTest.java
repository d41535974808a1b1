package io.github.fedhds.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import io.github.fedhds.ClientSampler;
import io.github.fedhds.ServerState;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.dataset.DataFile;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.secure.MaskedAggregation;
import io.github.fedhds.setup.FedHds;
import io.github.fedhds.simulation.Federation;
import io.github.fedhds.state.ServerStore;
import io.github.fedhds.transformer.LanguageModel;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A server process and three client processes over sockets: one client is killed after its report and started again, one
 * never answers, and the server is killed between two rounds. The adapter has the bytes of the same federation in one process.
 */
class SocketFederationTest {
    private static final int ROUNDS = 2;
    private static final int SECONDS = 12; // a step's deadline: time for a killed client to come back

    @TempDir
    private Path folder = Path.of("");

    private final List<Process> started = new ArrayList<>();
    private int logs;
    private boolean secure;

    @AfterEach
    void stopAll() {
        started.forEach(Process::destroyForcibly);
    }

    private Path data(String client) throws IOException {
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            JsonObject line = new JsonObject();
            line.addProperty(
                    "instruction", List.of("add", "spell", "NEGATE", "9-digit").get(i % 4));
            line.addProperty("input", i + client + "aZ7#".substring(i % 4));
            line.addProperty("output", "abcdefghij".substring(i % 10));
            lines.add(line.toString());
        }
        return Files.write(folder.resolve(client + ".jsonl"), lines);
    }

    private JavaProcess start(String... arguments) throws IOException {
        JavaProcess one = JavaProcess.start(
                folder.resolve("log-" + logs++), List.of("-Dsecure=" + secure), SocketFederation.class, arguments);
        started.add(one.process());
        return one;
    }

    @Test
    void run_overSocketsWithKills_endsWithTheBytesOfOneProcess() throws Exception {
        Path model = Files.createDirectories(folder.resolve("model"));
        TinyModel.write(model);
        Path a = data("a");
        Path b = data("b");
        Path silent = data("silent");
        int port;
        int nobody;
        try (ServerSocket free = new ServerSocket(0);
                ServerSocket other = new ServerSocket(0)) {
            port = free.getLocalPort();
            nobody = other.getLocalPort();
        }
        String[] serverCommand = {
            "server",
            "" + port,
            model.toString(),
            folder.resolve("state").toString(),
            "" + ROUNDS,
            "" + SECONDS,
            "a",
            "b",
            "silent"
        };
        String[] ofA = {"client", "" + port, model.toString(), a.toString(), "a"};
        JavaProcess clientA = start(ofA);
        start("client", "" + port, model.toString(), b.toString(), "b");
        start("client", "" + nobody, model.toString(), silent.toString(), "silent");
        JavaProcess server = start(serverCommand);
        server.awaitLine("Optional[a]", "CENTROIDS", "ACCEPTED");
        clientA.process().destroyForcibly().waitFor();
        start(ofA);
        server.awaitLine("RoundResult[round=1");
        server.process().destroyForcibly().waitFor();
        JavaProcess again = start(serverCommand);
        assertTrue(again.process().waitFor(120, TimeUnit.SECONDS), () -> again.said());
        assertEquals(0, again.process().exitValue(), () -> again.said());

        ServerState state = ServerStore.open(folder.resolve("state")).load().orElseThrow();
        assertEquals(ROUNDS, state.round());
        assertEquals(inOneProcess(model, a, b).digest(), state.globalAdapter().digest(), () -> again.said());
        assertTrue(again.said().contains("updates=2"), () -> again.said());
    }

    @Test
    void secureRun_overSockets_endsWithTheBytesOfOneProcess() throws Exception {
        Path model = Files.createDirectories(folder.resolve("model"));
        TinyModel.write(model);
        int port;
        try (ServerSocket free = new ServerSocket(0)) {
            port = free.getLocalPort();
        }
        secure = true;
        List<String> clients = List.of("a", "b", "c");
        for (String client : clients) {
            start("client", "" + port, model.toString(), data(client).toString(), client);
        }
        JavaProcess server = start(
                "server",
                "" + port,
                model.toString(),
                folder.resolve("state").toString(),
                "" + ROUNDS,
                "60",
                "a",
                "b",
                "c");
        assertTrue(server.process().waitFor(120, TimeUnit.SECONDS), () -> server.said());
        ServerState state = ServerStore.open(folder.resolve("state")).load().orElseThrow();
        assertTrue(server.said().contains("REVEALED_SHARES"), () -> server.said());
        assertFalse(server.said().contains("Optional[UPDATE]"), () -> server.said());
        try (LanguageModel loaded = LanguageModel.load(model)) {
            FedHds fedHds = FedHds.on(loaded)
                    .recommended(0.1)
                    .learningRate(1e-3)
                    .secureAggregation(MaskedAggregation.defaults())
                    .build();
            Federation.Builder parts = Federation.builder(fedHds)
                    .rounds(ROUNDS)
                    .seed(1)
                    .serverSettings(one -> one.sampler(ClientSampler.uniform(1)));
            for (String client : clients) {
                parts.client(new ClientId(client), DataFile.readAll(folder.resolve(client + ".jsonl")));
            }
            Federation federation = parts.build();
            federation.run();
            assertEquals(federation.adapter().digest(), state.globalAdapter().digest(), () -> server.said());
        }
    }

    private static Adapter inOneProcess(Path folder, Path a, Path b) {
        try (LanguageModel model = LanguageModel.load(folder)) {
            FedHds fedHds = FedHds.on(model).recommended(0.1).learningRate(1e-3).build();
            Federation federation = Federation.builder(fedHds)
                    .client(new ClientId("a"), DataFile.readAll(a))
                    .client(new ClientId("b"), DataFile.readAll(b))
                    .client(new ClientId("silent"), SocketFederationTest::never)
                    .failedClients(1)
                    .rounds(ROUNDS)
                    .seed(1)
                    .serverSettings(server -> server.sampler(ClientSampler.uniform(1)))
                    .build();
            federation.run();
            return federation.adapter();
        }
    }

    private static List<Instruction> never() {
        throw new IllegalStateException("this client never answers");
    }
}
