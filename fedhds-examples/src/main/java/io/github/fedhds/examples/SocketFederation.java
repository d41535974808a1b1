package io.github.fedhds.examples;

import io.github.fedhds.ClientSampler;
import io.github.fedhds.FedHdsClient;
import io.github.fedhds.FedHdsServer;
import io.github.fedhds.FedHdsServerBuilder;
import io.github.fedhds.codec.InvalidMessageException;
import io.github.fedhds.codec.MessageCodec;
import io.github.fedhds.dataset.DataFile;
import io.github.fedhds.message.Message;
import io.github.fedhds.message.Receipt;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.secure.MaskedAggregation;
import io.github.fedhds.setup.FedHds;
import io.github.fedhds.setup.FedHdsBuilder;
import io.github.fedhds.state.ServerStore;
import io.github.fedhds.transformer.LanguageModel;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * How does an application transport the messages? Plain sockets between a server process and client processes. Clients
 * poll and send their last answer with each request, so a client that was away needs no special handling. With {@code -Dsecure=true} in
 * all processes the server learns the mean of the adapters only.
 *
 * <pre>{@value #USAGE}</pre>
 */
public final class SocketFederation {
    static final String USAGE = "SocketFederation server PORT MODEL STATE ROUNDS SECONDS CLIENT..."
            + ", or SocketFederation client PORT MODEL DATA CLIENT";

    private SocketFederation() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        boolean serves = args.length > 6 && args[0].equals("server");
        Programs.require(serves || args.length == 5 && args[0].equals("client"), USAGE);
        if (serves) {
            serve(args, List.of(args).stream().skip(6).map(ClientId::new).toList());
        } else {
            takePart(args, new ClientId(args[4]));
        }
    }

    private static FedHds fedHds(LanguageModel model) {
        FedHdsBuilder parts = FedHds.on(model).recommended(0.1).learningRate(1e-3); // must be equal on both sides
        return Boolean.getBoolean("secure")
                ? parts.secureAggregation(MaskedAggregation.defaults()).build()
                : parts.build();
    }

    private static void serve(String[] args, List<ClientId> clients) throws IOException, InterruptedException {
        ServerStore store = ServerStore.open(Path.of(args[3]));
        try (LanguageModel model = LanguageModel.load(Path.of(args[2]));
                ServerStore.Lock lock = store.lock();
                ServerSocket socket = new ServerSocket(Integer.parseInt(args[1]))) {
            FedHdsServerBuilder parts = fedHds(model).server(clients, 1).sampler(ClientSampler.uniform(1));
            store.load().ifPresent(parts::restore);
            FedHdsServer server = parts.build();
            store.save(server.state()); // so that the run's id is on disk before a message is sent
            new Thread(() -> answerClients(socket, server)).start();
            for (int round = server.state().round() + 1; round <= Integer.parseInt(args[4]); round++) {
                server.open();
                waitForClients(server, Integer.parseInt(args[5]));
                server.select();
                waitForClients(server, Integer.parseInt(args[5]));
                while (!server.progress().orElseThrow().isLast()) { // the exchanges of a secure sum
                    server.proceed();
                    waitForClients(server, Integer.parseInt(args[5]));
                }
                System.out.println(server.aggregate());
                store.save(server.state());
            }
        }
    }

    private static void waitForClients(FedHdsServer server, int seconds) throws InterruptedException {
        long end = System.nanoTime() + seconds * 1_000_000_000L;
        while (!server.progress().orElseThrow().isComplete() && System.nanoTime() < end) {
            Thread.sleep(20);
        }
    }

    /** One exchange per connection: reads a client's name and last message, writes the receipt and the next task. */
    private static void answerClients(ServerSocket socket, FedHdsServer server) {
        MessageCodec codec = MessageCodec.of(server.messageLimits());
        while (!socket.isClosed()) {
            try (Socket connection = socket.accept();
                    DataInputStream in = new DataInputStream(connection.getInputStream());
                    DataOutputStream out = new DataOutputStream(connection.getOutputStream())) {
                connection.setSoTimeout(5_000);
                ClientId client = new ClientId(in.readUTF());
                byte[] message = read(in);
                if (message.length > 0) {
                    Receipt receipt = receipt(server, codec, message);
                    System.out.println(receipt);
                    write(out, codec.encode(receipt).toByteArray());
                }
                write(out, bytes(codec, server.messageFor(client)));
            } catch (IOException | IllegalArgumentException e) {
                System.out.println(socket.isClosed() ? "done" : "a client is gone: " + e.getMessage());
            }
        }
    }

    private static Receipt receipt(FedHdsServer server, MessageCodec codec, byte[] message) {
        try {
            return server.accept(codec.decode(message).message());
        } catch (InvalidMessageException e) {
            return e.receipt();
        }
    }

    private static void takePart(String[] args, ClientId id) throws InterruptedException {
        try (LanguageModel model = LanguageModel.load(Path.of(args[2]))) {
            FedHds fedHds = fedHds(model);
            FedHdsClient client = fedHds.client(id)
                    .instructions(DataFile.readAll(Path.of(args[3])))
                    .build();
            MessageCodec codec = fedHds.codec();
            byte[] answer = new byte[0];
            while (true) {
                try (Socket socket = new Socket("localhost", Integer.parseInt(args[1]));
                        DataInputStream in = new DataInputStream(socket.getInputStream());
                        DataOutputStream out = new DataOutputStream(socket.getOutputStream())) {
                    out.writeUTF(id.value());
                    write(out, answer);
                    if (answer.length > 0) { // the receipt, for the client's listener
                        client.answer(codec.decode(read(in)).message());
                    }
                    byte[] next = read(in);
                    answer = next.length == 0
                            ? new byte[0]
                            : bytes(codec, client.answer(codec.decode(next).message()));
                } catch (IOException e) { // the server is offline: sends the same answer again
                    Thread.sleep(200);
                }
                Thread.sleep(answer.length == 0 ? 100 : 0);
            }
        }
    }

    private static byte[] bytes(MessageCodec codec, Optional<? extends Message> message) {
        return message.map(m -> codec.encode(m).toByteArray()).orElse(new byte[0]);
    }

    private static byte[] read(DataInputStream in) throws IOException {
        return in.readNBytes(in.readInt());
    }

    private static void write(DataOutputStream out, byte[] bytes) throws IOException {
        out.writeInt(bytes.length);
        out.write(bytes);
    }
}
