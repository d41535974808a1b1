package io.github.fedhds.examples;

import io.github.fedhds.ClientSampler;
import io.github.fedhds.FedHdsClient;
import io.github.fedhds.FedHdsServer;
import io.github.fedhds.codec.MessageCodec;
import io.github.fedhds.dataset.Dataset;
import io.github.fedhds.dataset.Partitions;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.message.Receipt;
import io.github.fedhds.message.RoundResult;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.setup.FedHds;
import io.github.fedhds.transformer.LanguageModel;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * What is one round? One server and one client per task, in one process; all messages are passed as bytes.
 *
 * <pre>OneRound MODEL DATA</pre>
 *
 * MODEL is a Hugging Face folder; DATA is a file of JSON lines whose instructions name their task, or a folder of
 * Natural Instructions.
 */
public final class OneRound {
    private OneRound() {}

    public static void main(String[] args) {
        Programs.require(args.length == 2, "OneRound MODEL DATA");
        System.out.println(run(Path.of(args[0]), Path.of(args[1])));
    }

    static RoundResult run(Path modelFolder, Path dataPath) {
        Map<ClientId, List<Instruction>> data =
                Partitions.byTask(Dataset.load(dataPath, 1).training());
        try (LanguageModel model = LanguageModel.load(modelFolder)) {
            FedHds fedHds = FedHds.on(model).recommended(0.05).build();
            FedHdsServer server = fedHds.server(List.copyOf(data.keySet()), 1)
                    .sampler(ClientSampler.uniform(1))
                    .build();
            List<FedHdsClient> clients = data.entrySet().stream()
                    .map(one -> fedHds.client(one.getKey())
                            .instructions(one.getValue())
                            .build())
                    .toList();
            server.open();
            clients.forEach(client -> exchange(server, client, fedHds.codec())); // opening, then centroids
            server.select();
            clients.forEach(client -> exchange(server, client, fedHds.codec())); // chosen groups, then adapter
            return server.aggregate();
        }
    }

    /** The transport: the server's message to the client, and the client's answer to the server. */
    private static void exchange(FedHdsServer server, FedHdsClient client, MessageCodec codec) {
        server.messageFor(client.id()).ifPresent(message -> {
            byte[] toClient = codec.encode(message).toByteArray();
            client.answer(codec.decode(toClient).message()).ifPresent(answer -> {
                byte[] toServer = codec.encode(answer).toByteArray();
                Receipt receipt = server.accept(codec.decode(toServer).message());
                System.out.println((client.id() + ": " + receipt.status() + " " + receipt.reason()).strip());
            });
        });
    }
}
