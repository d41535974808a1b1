import io.github.fedhds.ClientSampler;
import io.github.fedhds.FedHdsClient;
import io.github.fedhds.FedHdsServer;
import io.github.fedhds.codec.MessageCodec;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.message.Receipt;
import io.github.fedhds.message.RoundResult;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.setup.FedHds;
import io.github.fedhds.transformer.LanguageModel;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

class Example {
    public static void main(String[] args) {
        Map<ClientId, List<Instruction>> data = Map.of(   // each client has its own; here two with two each
                new ClientId("a"), List.of(new Instruction("Opposite?", "hot", "cold"), new Instruction("Plural?", "cat", "cats")),
                new ClientId("b"), List.of(new Instruction("Capital?", "Peru", "Lima"), new Instruction("Sum?", "3 4", "7")));
        RoundResult result = oneRound(Path.of(args[0]), data);            // a folder of a Hugging Face model
        System.out.printf("trained on %d samples, mean loss %.2f%n", result.samples(), result.meanLoss());
    }

    static RoundResult oneRound(Path modelFolder, Map<ClientId, List<Instruction>> data) {
        try (LanguageModel model = LanguageModel.load(modelFolder)) {
            FedHds fedHds = FedHds.on(model).recommended(0.5).build();    // equal in each process; clients check that
            FedHdsServer server = fedHds.server(List.copyOf(data.keySet()), 1).sampler(ClientSampler.uniform(1)).build();
            List<FedHdsClient> clients = data.keySet().stream()
                    .map(id -> fedHds.client(id).instructions(data.get(id)).build()).toList();
            server.open();
            clients.forEach(client -> carry(server, client, fedHds.codec()));   // an opening down, centroids up
            server.select();
            clients.forEach(client -> carry(server, client, fedHds.codec()));   // chosen groups down, an adapter up
            return server.aggregate();                                          // holds the next adapter
        }
    }

    /** Your transport: bytes down, bytes up. Of a client's data, only centroids and the trained adapter leave it. */
    static void carry(FedHdsServer server, FedHdsClient client, MessageCodec codec) {
        server.messageFor(client.id()).ifPresent(message -> {
            byte[] down = codec.encode(message).toByteArray();
            client.answer(codec.decode(down).message()).ifPresent(answer -> {
                byte[] up = codec.encode(answer).toByteArray();
                Receipt receipt = server.accept(codec.decode(up).message());
                System.out.println(client.id() + ": " + receipt.status() + " " + receipt.reason());
            });
        });
    }
}
