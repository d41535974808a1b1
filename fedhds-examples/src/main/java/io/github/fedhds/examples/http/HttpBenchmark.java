package io.github.fedhds.examples.http;

import io.github.fedhds.ClientSampler;
import io.github.fedhds.FedHdsServer;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.aggregators.FedAvg;
import io.github.fedhds.codec.MessageCodec;
import io.github.fedhds.message.Centroid;
import io.github.fedhds.message.CentroidReport;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.selection.EverySelector;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * Requests that an {@link HttpFederationServer} answers in a second: each client has a connection and sends its report of ten centroids again
 * and again, which is decoded, checked and answered with a receipt each time. Server and clients share the machine.
 */
@Command(
        name = "http-benchmark",
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        description = "Requests that the HTTP server answers in a second.")
public final class HttpBenchmark implements Callable<Integer> {
    private static final int CENTROIDS = 10;

    @Option(names = "--clients", description = "clients, each with a connection and a thread")
    private int clients = 200;

    @Option(names = "--requests", description = "requests of each client, after as many that only warm up")
    private int requests = 100;

    @Spec
    private CommandSpec spec = CommandSpec.create();

    public static void main(String[] args) {
        System.exit(commandLine().execute(args));
    }

    static CommandLine commandLine() {
        return new CommandLine(new HttpBenchmark());
    }

    @Override
    public Integer call() throws Exception {
        if (clients < 1 || requests < 1) {
            throw new ParameterException(spec.commandLine(), "every number must be 1 or more");
        }
        List<ClientId> ids = IntStream.range(0, clients)
                .mapToObj(i -> new ClientId("client " + i))
                .toList();
        Map<ClientId, String> tokens = Tokens.create(ids);
        FedHdsServer federation = FedHdsServer.builder()
                .clients(ids)
                .sampler(ClientSampler.uniform(1))
                .selector(new EverySelector())
                .aggregator(FedAvg.bySamples())
                .initialAdapter(new Adapter(Map.of("lora_A", new Tensor(new int[] {8, 16}, new float[128]))))
                .build();
        String run = federation.open().runId();
        MessageCodec codec = MessageCodec.of(federation.messageLimits());
        Map<ClientId, String> hashes = tokens.entrySet().stream()
                .collect(Collectors.toMap(Map.Entry::getKey, token -> Tokens.hash(token.getValue())));
        ExecutorService threads = Executors.newFixedThreadPool(clients);
        try (HttpFederationServer server = HttpFederationServer.builder(federation, codec, Tokens.ofHashes(hashes))
                .start()) {
            List<Connection> connections = new ArrayList<>();
            for (ClientId id : ids) {
                CentroidReport report = new CentroidReport(run, 1, id, centroids());
                connections.add(new Connection(
                        server.address(),
                        Objects.requireNonNull(tokens.get(id)),
                        codec.encode(report).toByteArray()));
            }
            all(threads, connections);
            long start = System.nanoTime();
            int answered = all(threads, connections);
            double seconds = (System.nanoTime() - start) / 1e9;
            for (Connection connection : connections) {
                connection.socket.close();
            }
            int asked = clients * requests;
            spec.commandLine()
                    .getOut()
                    .println(String.format(
                            Locale.ROOT,
                            "%d clients, %d requests: %.2f s, %.0f a second, %d failed",
                            clients,
                            asked,
                            seconds,
                            asked / seconds,
                            asked - answered));
            return answered == asked ? 0 : 1;
        } finally {
            threads.shutdownNow();
        }
    }

    private static List<Centroid> centroids() {
        return IntStream.range(0, CENTROIDS)
                .mapToObj(group -> new Centroid(group, new double[] {group, -group}))
                .toList();
    }

    private int all(ExecutorService threads, List<Connection> connections) throws Exception {
        List<Callable<Integer>> work = new ArrayList<>();
        connections.forEach(connection -> work.add(() -> {
            int answered = 0;
            for (int i = 0; i < requests; i++) {
                answered += connection.send() == Protocol.OK ? 1 : 0;
            }
            return answered;
        }));
        int answered = 0;
        for (Future<Integer> one : threads.invokeAll(work)) {
            answered += one.get();
        }
        return answered;
    }

    /** A connection that is kept, without the cost of a whole HTTP client on the machine that is measured. */
    private static final class Connection {
        private final Socket socket;
        private final InputStream in;
        private final String token;
        private final byte[] body;

        Connection(URI server, String token, byte[] body) throws IOException {
            socket = new Socket(server.getHost(), server.getPort());
            socket.setTcpNoDelay(true);
            in = new BufferedInputStream(socket.getInputStream());
            this.token = token;
            this.body = body;
        }

        /** The status of the answer. */
        int send() throws IOException {
            String head = "POST " + Protocol.PATH + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + body.length
                    + "\r\nAuthorization: Bearer " + token + "\r\nContent-Type: " + Protocol.CONTENT_TYPE + "\r\n"
                    + Protocol.VERSION_HEADER + ": " + Protocol.VERSION + "\r\n" + Protocol.NONCE_HEADER + ": "
                    + Protocol.random(16) + "\r\n" + Protocol.TIME_HEADER + ": "
                    + Instant.now().getEpochSecond() + "\r\n\r\n";
            byte[] bytes = head.getBytes(StandardCharsets.US_ASCII);
            byte[] whole = new byte[bytes.length + body.length];
            System.arraycopy(bytes, 0, whole, 0, bytes.length);
            System.arraycopy(body, 0, whole, bytes.length, body.length);
            socket.getOutputStream().write(whole);
            int status = Integer.parseInt(line().split(" ")[1]);
            int length = 0;
            for (String header = line(); !header.isEmpty(); header = line()) {
                if (header.toLowerCase(Locale.ROOT).startsWith("content-length:")) {
                    length = Integer.parseInt(
                            header.substring(header.indexOf(':') + 1).strip());
                }
            }
            in.skipNBytes(length);
            return status;
        }

        private String line() throws IOException {
            StringBuilder line = new StringBuilder();
            for (int c = in.read(); c != '\n'; c = in.read()) {
                if (c < 0) {
                    throw new IOException("the server closed the connection");
                }
                if (c != '\r') {
                    line.append((char) c);
                }
            }
            return line.toString();
        }
    }
}
