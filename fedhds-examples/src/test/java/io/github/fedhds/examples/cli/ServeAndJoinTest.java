package io.github.fedhds.examples.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.dataset.DataFile;
import io.github.fedhds.examples.JavaProcess;
import io.github.fedhds.peft.PeftFolder;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.setup.FedHds;
import io.github.fedhds.simulation.Federation;
import io.github.fedhds.transformer.LanguageModel;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The commands serve and join in three processes: a client and the server are killed and started again. */
class ServeAndJoinTest extends OnMainJob {
    private static final int ROUNDS = 3;

    private final List<Process> started = new ArrayList<>();
    private int logs;

    @AfterEach
    void stopAll() {
        started.forEach(Process::destroyForcibly);
    }

    private JavaProcess start(String... arguments) throws IOException {
        JavaProcess one = JavaProcess.start(folder.resolve("log-" + logs++), List.of(), Main.class, arguments);
        started.add(one.process());
        return one;
    }

    private JavaProcess join(String client, int port, Path data) throws IOException {
        return start(
                "join",
                "--model",
                shared.resolve("model").toString(),
                "--server",
                "http://127.0.0.1:" + port,
                "--client",
                client,
                "--token-file",
                folder.resolve("state/tokens/" + client + ".token").toString(),
                "--data",
                data.toString());
    }

    private JavaProcess serve(int port) throws IOException {
        return start(
                "serve",
                "--model",
                shared.resolve("model").toString(),
                "--share",
                "0.1",
                "--state",
                folder.resolve("state").toString(),
                "--clients",
                "a,b",
                "--rounds",
                "" + ROUNDS,
                "--step-seconds",
                "60",
                "--port",
                "" + port);
    }

    @Test
    void threeProcesses_withKills_endWithTheBytesOfOne() throws Exception {
        Path a = folder.resolve("a.jsonl");
        Path b = folder.resolve("b.jsonl");
        writeLines(a, 2, 12);
        writeLines(b, 3, 9);
        int port;
        try (ServerSocket free = new ServerSocket(0)) {
            port = free.getLocalPort();
        }
        JavaProcess server = serve(port);
        server.awaitLine("2 clients, begins after round 0 of 3, at http://127.0.0.1:" + port);
        JavaProcess clientA = join("a", port, a);
        clientA.awaitLine("client a with 24 instructions");
        clientA.process().destroyForcibly().waitFor();
        JavaProcess again = join("a", port, a);
        JavaProcess clientB = join("b", port, b);
        server.awaitLine("round 1 of 3: 2 of 2 clients reported");
        server.process().destroyForcibly().waitFor();
        JavaProcess resumed = serve(port);
        assertTrue(resumed.process().waitFor(120, TimeUnit.SECONDS), resumed.said());
        assertEquals(0, resumed.process().exitValue(), resumed.said());
        assertTrue(resumed.said().contains("goes on after round"), resumed.said());
        for (JavaProcess client : List.of(again, clientB)) {
            assertTrue(client.process().waitFor(60, TimeUnit.SECONDS), client.said());
            assertEquals(0, client.process().exitValue(), client.said());
            assertTrue(client.said().contains("the run is over"), client.said());
        }
        Path token = folder.resolve("state/tokens/a.token");
        assertFalse(Files.readString(folder.resolve("state/tokens.json"))
                .contains(Files.readString(token).strip()));
        assertEquals(
                Set.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE),
                Files.getPosixFilePermissions(token));
        try (LanguageModel model = LanguageModel.load(shared.resolve("model"))) {
            Federation one = Federation.builder(
                            FedHds.on(model).recommended(0.1).build())
                    .client(new ClientId("a"), DataFile.readAll(a))
                    .client(new ClientId("b"), DataFile.readAll(b))
                    .activeShare(1)
                    .rounds(ROUNDS)
                    .seed(1)
                    .build();
            one.run();
            assertEquals(
                    one.adapter().digest(),
                    PeftFolder.read(folder.resolve("state/adapter")).adapter().digest());
        }
    }

    @Test
    void wrongOptions_areNamed() throws IOException {
        String model = shared.resolve("model").toString();
        String state = folder.resolve("state").toString();
        Outcome first = command("serve", "--state", state);
        assertTrue(first.status() == 2 && first.err().contains("--clients must name"), first.err());
        Outcome tls = command("serve", "--state", state, "--clients", "a", "--tls", "keys.p12");
        assertTrue(tls.status() == 2 && tls.err().contains("--password-file"), tls.err());
        Path token = Files.writeString(folder.resolve("token"), "x");
        String[] join = {"--client", "a", "--token-file", token.toString(), "--data", "no.jsonl"};
        Outcome address = command("join", with(join, "--server", "localhost:1"));
        assertTrue(address.status() == 2 && address.err().contains("--server must be http://"), address.err());
        Outcome plain = command("join", with(join, "--server", "https://localhost:1"));
        assertTrue(plain.status() == 2 && plain.err().contains("--tls"), plain.err());
        Files.createDirectories(folder.resolve("state"));
        Files.writeString(folder.resolve("state/tokens.json"), "{\"x\": \"00\"}");
        Outcome others = execute("serve", "--model", model, "--state", state, "--clients", "a");
        assertTrue(others.status() == 1 && others.err().contains("is of the clients [x], not of [a]"), others.err());
    }

    private static Outcome command(String name, String... more) {
        List<String> all =
                new ArrayList<>(List.of(name, "--model", shared.resolve("model").toString()));
        all.addAll(List.of(more));
        return execute(all.toArray(new String[0]));
    }
}
