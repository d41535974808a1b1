package io.github.fedhds.aggregators;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import io.github.fedhds.SharedFolders;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.aggregation.Aggregator;
import io.github.fedhds.internal.json.JsonFile;
import io.github.fedhds.internal.safetensors.SafetensorsFile;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.round.ClientId;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Every rule of the file against Flower's, round after round, with the settings that the file names in words. */
@Tag("golden")
class AggregationGoldenTest {
    private static final Pattern NUMBER = Pattern.compile("\\d+(\\.\\d+)?(e-?\\d+)?");

    private static Aggregator rule(String name, JsonObject parameters, int clients) {
        List<Double> p = numbers(parameters, name.equals("fedyogi") ? "fedadam" : name); // "the same"
        return switch (name) {
            case "fedavg" -> FedAvg.bySamples();
            case "fedavgm" ->
                FedOpt.fedAvgM().learningRate(p.get(0)).beta1(p.get(1)).build();
            case "fedadam" ->
                FedOpt.fedAdam()
                        .learningRate(p.get(0))
                        .beta1(p.get(1))
                        .beta2(p.get(2))
                        .tau(p.get(3))
                        .build();
            case "fedyogi" ->
                FedOpt.fedYogi()
                        .learningRate(p.get(0))
                        .beta1(p.get(1))
                        .beta2(p.get(2))
                        .tau(p.get(3))
                        .build();
            case "fedadagrad" ->
                FedOpt.fedAdagrad().learningRate(p.get(0)).tau(p.get(1)).build();
            case "median" -> new CoordinateMedian();
            case "trimmed_mean" -> TrimmedMean.of((int) (p.get(0) * clients), clients);
            case "krum" -> Krum.of(p.get(0).intValue(), clients);
            case "multi_krum" -> Krum.multi(p.get(0).intValue(), p.get(1).intValue(), clients);
            case "bulyan" -> Bulyan.of(p.get(0).intValue(), clients);
            default -> throw new AssertionError("the golden file has a rule of which this test knows nothing: " + name);
        };
    }

    private static List<Double> numbers(JsonObject parameters, String name) {
        List<Double> numbers = new ArrayList<>();
        if (parameters.has(name)) {
            Matcher matcher = NUMBER.matcher(parameters.get(name).getAsString());
            while (matcher.find()) {
                numbers.add(Double.valueOf(matcher.group()));
            }
        }
        return numbers;
    }

    private static Adapter read(SafetensorsFile file, String prefix, Set<String> names) {
        Map<String, Tensor> tensors = new TreeMap<>();
        names.forEach(name -> tensors.put(name, file.readTensor(prefix + name)));
        return new Adapter(tensors);
    }

    @Test
    void finish_everyRuleAndRound_agreesWithFlower() {
        Path folder = SharedFolders.golden().resolve("aggregate");
        JsonObject golden = JsonFile.readObject(folder.resolve("aggregate.json"), 1 << 20);
        int rounds = golden.get("rounds").getAsInt();
        int clients = golden.get("clients").getAsInt();
        List<ClientId> registered = IntStream.range(0, clients)
                .mapToObj(client -> new ClientId("c" + client)) // c10 after c9: the text of an id means nothing
                .toList();
        try (SafetensorsFile file = SafetensorsFile.open(folder.resolve("aggregate.safetensors"))) {
            Set<String> rules = new TreeSet<>();
            Set<String> names = new TreeSet<>();
            for (String tensor : file.names()) {
                String rule = tensor.substring(0, tensor.indexOf('.'));
                if (rule.equals("start")) {
                    names.add(tensor.substring("start.".length()));
                } else if (!rule.equals("update")) {
                    rules.add(rule);
                }
            }
            assertTrue(rules.size() > 1 && rounds > 1 && !names.isEmpty(), "the file holds cases");
            for (String name : rules) {
                Aggregator rule = rule(name, golden.getAsJsonObject("parameters"), clients);
                Adapter global = read(file, "start.", names);
                Adapter state = Adapter.empty();
                double worst = 0;
                for (int number = 0; number < rounds; number++) {
                    List<AdapterUpdate> updates = new ArrayList<>();
                    for (int client = 0; client < clients; client++) {
                        int samples = golden.getAsJsonArray("weights")
                                .get(number)
                                .getAsJsonArray()
                                .get(client)
                                .getAsInt();
                        Adapter adapter = read(file, "update." + number + "." + client + ".", names);
                        updates.add(AggregatorContract.update(
                                number + 1, registered.get(client).value(), adapter, samples));
                    }
                    AggregatorContract.Result result = AggregatorContract.run(
                            rule, AggregatorContract.round(number + 1, global, registered), state, updates);
                    global = result.adapter();
                    state = result.state();
                    Adapter expected = read(file, name + "." + number + ".", names);
                    assertEquals(Optional.empty(), expected.differenceInForm(global));
                    for (String tensor : names) {
                        Tensor theirs =
                                Objects.requireNonNull(expected.tensors().get(tensor));
                        Tensor ours = Objects.requireNonNull(global.tensors().get(tensor));
                        for (int i = 0; i < ours.size(); i++) {
                            double difference = Math.abs((double) ours.get(i) - theirs.get(i));
                            worst = Math.max(worst, difference);
                            // float32
                            assertTrue(difference <= 1e-5, name + ", round " + number + ": off by " + difference);
                        }
                    }
                }
                System.out.printf("golden %-12s largest difference %.1e%n", name, worst);
            }
        }
    }
}
