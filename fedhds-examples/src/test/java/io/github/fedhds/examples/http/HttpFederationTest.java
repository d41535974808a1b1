package io.github.fedhds.examples.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.github.fedhds.ClientSampler;
import io.github.fedhds.FedHdsClient;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.FedHdsServer;
import io.github.fedhds.examples.TinyModel;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.message.RoundResult;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.setup.FedHds;
import io.github.fedhds.simulation.Federation;
import io.github.fedhds.transformer.LanguageModel;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A federation over HTTP, and requests that do not belong to it. */
class HttpFederationTest {
    private static final List<ClientId> CLIENTS = List.of(new ClientId("a"), new ClientId("b"));
    private static final String PASSWORD = "changeit";

    @TempDir
    private static Path shared = Path.of("");

    private static FedHds fedHds;
    private static LanguageModel model;

    private final Map<ClientId, String> tokens = Tokens.create(CLIENTS);
    private final AtomicBoolean goOn = new AtomicBoolean(true);
    private final List<Thread> threads = new ArrayList<>();
    private FedHdsServer federation;
    private HttpFederationServer server;

    @BeforeAll
    static void load() throws IOException {
        TinyModel.write(shared);
        model = LanguageModel.load(shared);
        fedHds = FedHds.on(model).recommended(0.5).build();
    }

    @AfterAll
    static void closeModel() {
        model.close();
    }

    @BeforeEach
    void start() {
        federation = fedHds.server(CLIENTS, 1).sampler(ClientSampler.uniform(1)).build();
        server = server(new InetSocketAddress("127.0.0.1", 0), Optional.empty());
    }

    @AfterEach
    void stop() throws InterruptedException {
        goOn.set(false);
        for (Thread thread : threads) {
            thread.interrupt();
            thread.join();
        }
        server.close();
    }

    private HttpFederationServer server(InetSocketAddress address, Optional<SSLContext> tls) {
        Map<ClientId, String> hashes = new LinkedHashMap<>();
        tokens.forEach((client, token) -> hashes.put(client, Tokens.hash(token)));
        HttpFederationServer.Builder parts = HttpFederationServer.builder(
                        federation, fedHds.codec(), Tokens.ofHashes(hashes))
                .address(address)
                .bytesPerSecond(2000);
        return tls.map(parts::tls).orElse(parts).start();
    }

    private static List<Instruction> instructions(ClientId client) {
        List<Instruction> all = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            all.add(new Instruction("add " + client + i % 3, "" + i, "abcdefghijkl".substring(i)));
        }
        return all;
    }

    private void takePart(ClientId id, URI address, Optional<SSLContext> tls) {
        FedHdsClient client = fedHds.client(id).instructions(instructions(id)).build();
        HttpFederationClient.Builder parts = HttpFederationClient.builder(
                        client, fedHds.codec(), address, tokens.getOrDefault(id, ""))
                .inMemory(id.value().equals("a") ? 0 : 1_000_000)
                .poll(Duration.ofMillis(20));
        HttpFederationClient carrier = tls.map(parts::tls).orElse(parts).build();
        Thread thread = new Thread(() -> {
            try {
                carrier.run(goOn::get);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        thread.start();
        threads.add(thread);
    }

    private RoundResult round() throws InterruptedException {
        federation.open();
        await();
        federation.select();
        await();
        return federation.aggregate();
    }

    private void await() throws InterruptedException {
        long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        while (!federation.progress().orElseThrow().isComplete()) {
            assertTrue(System.nanoTime() < end, "the clients did not answer: " + federation.progress());
            Thread.sleep(5);
        }
    }

    /** The adapter that the same federation has in one process. */
    private static String expected(int rounds) {
        Map<ClientId, List<Instruction>> data = new LinkedHashMap<>();
        CLIENTS.forEach(client -> data.put(client, instructions(client)));
        Federation one = Federation.builder(fedHds)
                .clients(data)
                .activeShare(1)
                .rounds(rounds)
                .seed(1)
                .build();
        one.run();
        return one.adapter().digest();
    }

    @Test
    void rounds_overHttp_giveTheBytesOfOneProcess() throws InterruptedException {
        CLIENTS.forEach(client -> takePart(client, server.address(), Optional.empty()));
        assertEquals(2, round().updates());
        assertEquals(expected(2), round().adapter().digest());
    }

    @Test
    void progress_namesTheClientsThatAreMissing() throws Exception {
        try (ProgressServer shown = new ProgressServer(federation, 3, 0)) {
            HttpClient http = HttpClient.newHttpClient();
            HttpRequest page = HttpRequest.newBuilder(shown.address()).build();
            HttpRequest json = HttpRequest.newBuilder(shown.address().resolve("progress.json"))
                    .build();
            assertTrue(http.send(page, BodyHandlers.ofString()).body().contains("No round is open."));
            federation.open();
            takePart(CLIENTS.get(0), server.address(), Optional.empty());
            while (federation.progress().orElseThrow().answered().isEmpty()) {
                Thread.sleep(5);
            }
            JsonObject now = JsonParser.parseString(
                            http.send(json, BodyHandlers.ofString()).body())
                    .getAsJsonObject();
            assertEquals("reports", now.get("step").getAsString());
            assertEquals("a", now.getAsJsonArray("answered").get(0).getAsString());
            assertEquals("b", now.getAsJsonArray("missing").get(0).getAsString());
            String html = http.send(page, BodyHandlers.ofString()).body();
            assertTrue(html.contains("<h2>Round 1: reports</h2>"), html);
            assertTrue(html.contains("<tr><th>missing</th><td>1</td><td>b</td></tr>"), html);
            takePart(CLIENTS.get(1), server.address(), Optional.empty());
            await();
            federation.select();
            await();
            shown.closed(federation.aggregate());
            JsonObject over = JsonParser.parseString(
                            http.send(json, BodyHandlers.ofString()).body())
                    .getAsJsonObject();
            assertFalse(over.has("step"));
            assertEquals(
                    2,
                    over.getAsJsonArray("results")
                            .get(0)
                            .getAsJsonObject()
                            .get("updates")
                            .getAsInt());
        }
    }

    @Test
    void server_thatIsAway_isAskedAgain() throws InterruptedException {
        URI address = server.address();
        federation.open();
        server.close();
        CLIENTS.forEach(client -> takePart(client, address, Optional.empty()));
        Thread.sleep(300);
        server = server(new InetSocketAddress("127.0.0.1", address.getPort()), Optional.empty());
        await();
        federation.select();
        await();
        assertEquals(expected(1), federation.aggregate().adapter().digest());
    }

    private HttpRequest.Builder request(String token) {
        return HttpRequest.newBuilder(server.address().resolve(Protocol.PATH))
                .header("Authorization", "Bearer " + token)
                .header("Content-Type", Protocol.CONTENT_TYPE)
                .header(Protocol.VERSION_HEADER, "1")
                .header(Protocol.TIME_HEADER, String.valueOf(Instant.now().getEpochSecond()))
                .header(Protocol.NONCE_HEADER, Protocol.random(16));
    }

    private static HttpResponse<String> send(HttpRequest.Builder request) {
        try {
            return HttpClient.newHttpClient().send(request.build(), BodyHandlers.ofString());
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private void assertRefused(int status, String reason, HttpRequest.Builder request) {
        HttpResponse<String> response = send(request);
        assertEquals(status, response.statusCode(), response.body());
        assertTrue(response.body().contains(reason), response.body());
    }

    private String token() {
        return tokens.getOrDefault(CLIENTS.get(0), "");
    }

    @Test
    void requestsThatDoNotBelong_areRefused_andTheRoundGoesOn() throws InterruptedException {
        String token = token();
        assertRefused(401, "no token of a client", request("stranger"));
        assertRefused(401, "no token", HttpRequest.newBuilder(server.address().resolve(Protocol.PATH)));
        assertRefused(
                426, "version 1 of the protocol, the client 2", request(token).setHeader(Protocol.VERSION_HEADER, "2"));
        assertRefused(404, Protocol.PATH, request(token).uri(server.address().resolve("/v1/other")));
        assertRefused(405, "GET asks", request(token).DELETE());
        assertRefused(
                415,
                "was text/plain",
                request(token).setHeader("Content-Type", "text/plain").POST(BodyPublishers.ofString("x")));
        assertRefused(409, "differ by more than 300 seconds", request(token).setHeader(Protocol.TIME_HEADER, "1000"));
        assertRefused(400, "seconds since 1970", request(token).setHeader(Protocol.TIME_HEADER, "now"));
        assertRefused(400, "1 to 64 characters", request(token).setHeader(Protocol.NONCE_HEADER, "x".repeat(65)));
        HttpRequest.Builder once = request(token);
        assertEquals(204, send(once).statusCode());
        assertRefused(409, "was sent before", once);
        CLIENTS.forEach(client -> takePart(client, server.address(), Optional.empty()));
        assertEquals(expected(1), round().adapter().digest());
    }

    /** A body whose length is not told before. */
    @Test
    void bodyBeyondTheLimit_isNotReadOn() throws IOException {
        BodyStream body = new BodyStream(new ByteArrayInputStream(new byte[20]), 10, 0);
        assertEquals(10, body.readNBytes(10).length);
        BodyStream.Unread unread = assertThrows(BodyStream.Unread.class, body::read);
        assertEquals(413, unread.refusal().status());
    }

    @Test
    void bytesThatAreNoMessage_haveAReceipt() {
        HttpResponse<String> response = send(request(token()).POST(BodyPublishers.ofString("no message")));
        assertEquals(200, response.statusCode());
        assertEquals(
                Protocol.CONTENT_TYPE,
                response.headers().firstValue("Content-Type").orElse(""));
    }

    @Test
    void messageOfAnotherClient_isRefused() {
        federation.open();
        FedHdsClient b = fedHds.client(CLIENTS.get(1))
                .instructions(instructions(CLIENTS.get(1)))
                .build();
        byte[] bytes = fedHds.codec()
                .encode(b.summarise(federation.opening().orElseThrow()))
                .toByteArray();
        assertRefused(
                403,
                "the token is of client a, the message of b",
                request(token()).POST(BodyPublishers.ofByteArray(bytes)));
        assertFalse(federation.progress().orElseThrow().isComplete());
    }

    @Test
    void clientThatIsRefused_saysWhy() {
        FedHdsClient client = fedHds.client(CLIENTS.get(0))
                .instructions(instructions(CLIENTS.get(0)))
                .build();
        HttpFederationClient carrier = HttpFederationClient.builder(client, fedHds.codec(), server.address(), "wrong")
                .build();
        String message = String.valueOf(assertThrows(FedHdsException.class, () -> carrier.run(() -> true))
                .getMessage());
        assertTrue(message.startsWith("client a is refused by http://127.0.0.1:"), message);
        assertTrue(message.contains("401") && message.contains("no token of a client"), message);
    }

    private String head(long length) {
        return "POST " + Protocol.PATH + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + length
                + "\r\nAuthorization: Bearer " + token() + "\r\nContent-Type: " + Protocol.CONTENT_TYPE + "\r\n"
                + Protocol.VERSION_HEADER + ": 1\r\n" + Protocol.NONCE_HEADER + ": n\r\n" + Protocol.TIME_HEADER + ": "
                + Instant.now().getEpochSecond() + "\r\n\r\n";
    }

    /** Refused by its length, before a byte of it comes. */
    @Test
    void bodyThatIsTooLarge_isRefused() throws IOException {
        URI address = server.address();
        try (Socket socket = new Socket(address.getHost(), address.getPort())) {
            String head = head(federation.messageLimits().bytes() + 1);
            socket.getOutputStream().write(head.getBytes(StandardCharsets.US_ASCII));
            String answer = new String(socket.getInputStream().readNBytes(12), StandardCharsets.US_ASCII);
            assertEquals("HTTP/1.1 413", answer);
        }
    }

    /** One byte each tenth of a second keeps a thread of the server, but not for long. */
    @Test
    void bodyThatTrickles_isRefused() throws IOException, InterruptedException {
        URI address = server.address();
        try (Socket socket = new Socket(address.getHost(), address.getPort())) {
            OutputStream out = socket.getOutputStream();
            out.write(head(100_000).getBytes(StandardCharsets.US_ASCII));
            StringBuilder answer = new StringBuilder();
            for (int i = 0; i < 100 && answer.isEmpty(); i++) {
                out.write(i < 8 ? (i == 1 ? 1 : 0) : 'x'); // a head of 256 bytes
                out.flush();
                Thread.sleep(100);
                while (socket.getInputStream().available() > 0) {
                    answer.append((char) socket.getInputStream().read());
                }
            }
            assertTrue(answer.toString().startsWith("HTTP/1.1 408"), answer.toString());
        }
    }

    /** Keys and certificates as keytool makes them. */
    private static final class Keys {
        private final Path folder;

        Keys(Path folder) {
            this.folder = folder;
        }

        void create(String name, String subject) {
            keytool(
                    "-genkeypair",
                    "-alias",
                    name,
                    "-keyalg",
                    "EC",
                    "-dname",
                    subject,
                    "-ext",
                    "SAN=IP:127.0.0.1",
                    "-keystore",
                    store(name));
            keytool("-exportcert", "-alias", name, "-keystore", store(name), "-file", folder.resolve(name) + ".cer");
        }

        void trust(String who, String other) {
            keytool(
                    "-importcert",
                    "-noprompt",
                    "-alias",
                    other,
                    "-file",
                    folder.resolve(other) + ".cer",
                    "-keystore",
                    store(who + "-trusts"));
        }

        private String store(String name) {
            return folder.resolve(name + ".p12").toString();
        }

        private static void keytool(String... arguments) {
            List<String> command = new ArrayList<>(List.of(
                    Path.of(System.getProperty("java.home"), "bin", "keytool").toString()));
            command.addAll(List.of(arguments));
            command.addAll(List.of("-storepass", PASSWORD, "-storetype", "PKCS12"));
            try {
                Process process =
                        new ProcessBuilder(command).redirectErrorStream(true).start();
                String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
                assertEquals(0, process.waitFor(), said);
            } catch (IOException | InterruptedException e) {
                throw new AssertionError(e);
            }
        }

        SSLContext context(String name) throws Exception {
            KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            keys.init(read(store(name)), PASSWORD.toCharArray());
            TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            trust.init(read(store(name + "-trusts")));
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
            return context;
        }

        private static KeyStore read(String file) throws Exception {
            KeyStore store = KeyStore.getInstance("PKCS12");
            try (InputStream in = Files.newInputStream(Path.of(file))) {
                store.load(in, PASSWORD.toCharArray());
            }
            return store;
        }
    }

    @Test
    void tls_wantsACertificateOfTheTokensClient(@TempDir Path folder) throws Exception {
        Keys keys = new Keys(folder);
        keys.create("server", "CN=localhost");
        for (String name : List.of("a", "b", "stranger")) {
            keys.create(name, "CN=" + name);
            keys.trust(name, "server");
        }
        keys.trust("server", "a");
        keys.trust("server", "b");
        server.close();
        server = server(new InetSocketAddress("127.0.0.1", 0), Optional.of(keys.context("server")));
        assertEquals("https", server.address().getScheme());
        SSLContext ofB = keys.context("b");
        HttpResponse<String> other = HttpClient.newBuilder()
                .sslContext(ofB)
                .build()
                .send(request(token()).build(), BodyHandlers.ofString());
        assertEquals(403, other.statusCode());
        assertTrue(other.body().contains("the token is of client a, the certificate of CN=b"), other.body());
        HttpClient stranger =
                HttpClient.newBuilder().sslContext(keys.context("stranger")).build();
        assertThrows(IOException.class, () -> stranger.send(request(token()).build(), BodyHandlers.ofString()));
        takePart(CLIENTS.get(0), server.address(), Optional.of(keys.context("a")));
        takePart(CLIENTS.get(1), server.address(), Optional.of(ofB));
        assertEquals(expected(1), round().adapter().digest());
    }
}
