package io.github.fedhds.examples.benchmark;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.aggregation.Aggregation;
import io.github.fedhds.aggregation.Aggregator;
import io.github.fedhds.aggregators.Bulyan;
import io.github.fedhds.aggregators.CoordinateMedian;
import io.github.fedhds.aggregators.ExactLoraAveraging;
import io.github.fedhds.aggregators.FedAvg;
import io.github.fedhds.aggregators.FedOpt;
import io.github.fedhds.aggregators.Krum;
import io.github.fedhds.aggregators.NormClipping;
import io.github.fedhds.aggregators.TrimmedMean;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.round.RoundContext;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Server time per round of each aggregation rule: one line per rule, the best time of some runs. */
@Command(
        name = "aggregation-benchmark",
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        description = "Time of a round of each aggregation rule, on random adapters of square modules.")
public final class AggregationBenchmark implements Callable<Integer> {
    @Option(names = "--clients", description = "updates of a round, 3 or more")
    private int clients = 24;

    @Option(names = "--modules", description = "adapted modules")
    private int modules = 8;

    @Option(names = "--width", description = "inputs and outputs of a module")
    private int width = 2048;

    @Option(names = "--rank", description = "rank of all adapters")
    private int rank = 8;

    @Option(names = "--repeats", description = "runs of which the best counts")
    private int repeats = 3;

    @Option(
            names = "--rules",
            split = ",",
            showDefaultValue = Visibility.NEVER,
            description = "beginnings of the names of the rules to run, such as Krum (default: all)")
    private List<String> names = List.of("");

    @Option(
            names = "--streamed",
            description = "make each update when the rule takes it, so that nothing but the rule holds updates")
    private boolean streamed;

    @Option(
            names = "--on-disk",
            showDefaultValue = Visibility.NEVER,
            description = "folder in which the robust rules keep the updates (default: in memory)")
    private Optional<Path> disk = Optional.empty();

    @Spec
    private CommandSpec spec = CommandSpec.create();

    public static void main(String[] args) {
        System.exit(commandLine().execute(args));
    }

    static CommandLine commandLine() {
        return new CommandLine(new AggregationBenchmark());
    }

    @Override
    public Integer call() {
        if (clients < 3 || modules < 1 || width < 1 || rank < 1 || repeats < 1) {
            throw new ParameterException(
                    spec.commandLine(), "--clients must be 3 or more, the other options must be 1 or more");
        }
        Adapter global = adapter(new SplittableRandom(1));
        IntFunction<AdapterUpdate> made =
                i -> new AdapterUpdate("run", 1, new ClientId("c" + i), adapter(new SplittableRandom(2 + i)), 1 + i, 0);
        List<AdapterUpdate> held = streamed
                ? List.of()
                : IntStream.range(0, clients).mapToObj(made).toList();
        IntFunction<AdapterUpdate> updates = streamed ? made : held::get;
        PrintWriter out = spec.commandLine().getOut();
        out.println(clients + " clients, " + global.parameters() + " parameters each");
        for (Aggregator rule : rules()) {
            if (names.stream().noneMatch(rule.toString()::startsWith)) {
                continue;
            }
            double best = Double.POSITIVE_INFINITY;
            for (int run = 0; run < repeats; run++) {
                long start = System.nanoTime();
                Aggregation aggregation =
                        rule.open(new RoundContext("run", 1, Optional.empty(), 1, global, Map.of()), Adapter.empty());
                for (int i = 0; i < clients; i++) {
                    aggregation.accept(updates.apply(i));
                }
                aggregation.finish();
                best = Math.min(best, (System.nanoTime() - start) / 1e9);
            }
            out.println(String.format(Locale.ROOT, "%s: %.3f s", rule, best));
            out.flush();
        }
        return 0;
    }

    private List<Aggregator> rules() {
        int krum = (clients - 3) / 2;
        if (disk.isPresent()) {
            Path folder = disk.get();
            return List.of(
                    new CoordinateMedian().onDisk(folder),
                    TrimmedMean.of((clients - 1) / 2).onDisk(folder),
                    Krum.of(krum).onDisk(folder),
                    Krum.multi(krum, clients - krum - 2).onDisk(folder),
                    Bulyan.of((clients - 3) / 4).onDisk(folder));
        }
        return List.of(
                FedAvg.bySamples(),
                FedOpt.fedAdam().build(),
                NormClipping.of(1, FedAvg.bySamples()),
                new CoordinateMedian(),
                TrimmedMean.of((clients - 1) / 2),
                Krum.of(krum),
                Krum.multi(krum, clients - krum - 2),
                Bulyan.of((clients - 3) / 4),
                ExactLoraAveraging.alpha(2.0 * rank).maxRank(rank).build());
    }

    private Adapter adapter(SplittableRandom random) {
        Map<String, Tensor> tensors = new TreeMap<>();
        for (int i = 0; i < modules; i++) {
            tensors.put("layers." + i + ".lora_A", tensor(random, rank, width));
            tensors.put("layers." + i + ".lora_B", tensor(random, width, rank));
        }
        return new Adapter(tensors);
    }

    private static Tensor tensor(SplittableRandom random, int rows, int columns) {
        float[] values = new float[rows * columns];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (random.nextDouble() / 10 - 0.05);
        }
        return new Tensor(new int[] {rows, columns}, values);
    }
}
