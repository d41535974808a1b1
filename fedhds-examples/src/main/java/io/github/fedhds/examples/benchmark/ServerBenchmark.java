package io.github.fedhds.examples.benchmark;

import io.github.fedhds.ClientSampler;
import io.github.fedhds.FedHdsServer;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.aggregators.FedAvg;
import io.github.fedhds.codec.MessageCodec;
import io.github.fedhds.coreset.CoresetSelector;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.message.Centroid;
import io.github.fedhds.message.CentroidReport;
import io.github.fedhds.message.GroupSelection;
import io.github.fedhds.message.Message;
import io.github.fedhds.message.MessageLimits;
import io.github.fedhds.message.Receipt;
import io.github.fedhds.message.RoundOpening;
import io.github.fedhds.message.RoundResult;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.selection.EverySelector;
import io.github.fedhds.selection.HdbscanSelector;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * Speed of one server object, the best of some rounds: small messages, each sent twice by parallel threads, as records
 * and as bytes to decode, and a whole round with the paper's selection over the clients' centroids. Adapters have 1,024
 * parameters unless said otherwise, centroids two coordinates; no network.
 */
@Command(
        name = "server-benchmark",
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        description = "Messages that a server decides in a second, and the time of a round of many clients.")
public final class ServerBenchmark implements Callable<Integer> {
    @Option(names = "--clients", description = "clients of a round")
    private int clients = 2000;

    @Option(
            names = "--registered",
            showDefaultValue = Visibility.NEVER,
            description = "clients of the run, of which --clients are drawn (default: as many)")
    private Optional<Integer> all = Optional.empty();

    @Option(names = "--parameters", description = "parameters of an adapter in the whole round, a multiple of 128")
    private int parameters = 1024;

    @Option(names = "--whole-round", description = "only time whole rounds")
    private boolean onlyRound;

    @Option(names = "--centroids", description = "centroids of a client")
    private int centroids = 10;

    @Option(names = "--threads", description = "threads that bring messages")
    private int threads = 2;

    @Option(names = "--rounds", description = "rounds of which the best counts; the first ones only warm up")
    private int rounds = 10;

    @Spec
    private CommandSpec spec = CommandSpec.create();

    private final MessageCodec codec = MessageCodec.defaults();
    private final List<ClientId> registered = new ArrayList<>();

    public static void main(String[] args) {
        System.exit(commandLine().execute(args));
    }

    static CommandLine commandLine() {
        return new CommandLine(new ServerBenchmark());
    }

    @Override
    public Integer call() throws Exception {
        int count = all.orElse(clients);
        if (clients < 1 || centroids < 1 || threads < 1 || rounds < 1 || count < clients || parameters < 128) {
            throw new ParameterException(
                    spec.commandLine(),
                    "every number must be 1 or more, --registered at least --clients, --parameters 128 or more");
        }
        long start = System.nanoTime();
        for (int i = 0; i < count; i++) {
            registered.add(new ClientId("client " + i));
        }
        if (onlyRound) {
            print("%d clients named in %.1f s", count, since(start));
            wholeRound();
            return 0;
        }
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        try {
            messages(pool, "records", message -> () -> message);
            messages(pool, "bytes decoded", message -> {
                byte[] bytes = codec.encode(message).toByteArray();
                return () -> codec.decode(bytes).message();
            });
        } finally {
            pool.shutdown();
        }
        wholeRound();
        return 0;
    }

    private FedHdsServer server(CoresetSelector selector) {
        Adapter initial = adapter(0);
        MessageLimits limits = MessageLimits.forAdapter(initial);
        return FedHdsServer.builder()
                .messageLimits(limits.withClients(Math.max(limits.clients(), clients)))
                .clients(registered)
                .sampler(ClientSampler.uniform(clients / (double) registered.size()))
                .selector(selector)
                .aggregator(FedAvg.bySamples())
                .initialAdapter(initial)
                .build();
    }

    private Adapter adapter(float value) {
        int width = onlyRound ? parameters / 16 : 64;
        Tensor.Values values = i -> value + (i % 512) * 1e-3f;
        return new Adapter(Map.of(
                "q_proj.lora_A", Tensor.of(new int[] {8, width}, values),
                "q_proj.lora_B", Tensor.of(new int[] {width, 8}, values)));
    }

    private List<CentroidReport> reports(RoundOpening opening) {
        List<CentroidReport> reports = new ArrayList<>();
        for (ClientId client : opening.clients()) {
            RandomGenerator random = opening.contextOf(client).random("centroids");
            List<Centroid> points = new ArrayList<>();
            for (int group = 0; group < centroids; group++) {
                points.add(new Centroid(group, new double[] {random.nextGaussian(), random.nextGaussian()}));
            }
            reports.add(new CentroidReport(opening.runId(), opening.round(), client, points));
        }
        return reports;
    }

    private List<AdapterUpdate> updates(RoundOpening opening, Map<ClientId, GroupSelection> selections) {
        return selections.values().stream()
                .filter(selection -> !selection.groups().isEmpty())
                .map(selection -> update(opening, selection))
                .toList();
    }

    private AdapterUpdate update(RoundOpening opening, GroupSelection selection) {
        ClientId client = selection.client();
        float drawn = (float) opening.contextOf(client).random("training").nextDouble();
        int samples = selection.groups().size();
        return new AdapterUpdate(opening.runId(), opening.round(), client, adapter(drawn), samples, 1);
    }

    /** Transport form of a client's message, and how the server side decodes it. */
    private interface Carrier {
        Supplier<Message> carry(Message message);
    }

    private void messages(ExecutorService pool, String form, Carrier carrier) throws Exception {
        FedHdsServer server = server(new EverySelector());
        double best = Double.POSITIVE_INFINITY;
        long decided = 0;
        for (int i = 0; i < rounds; i++) {
            RoundOpening opening = server.open();
            List<Callable<Receipt>> reports = twice(server, carrier, reports(opening));
            double seconds = bring(pool, reports);
            List<Callable<Receipt>> updates = twice(server, carrier, updates(opening, server.select()));
            seconds += bring(pool, updates);
            server.aggregate();
            decided = reports.size() + updates.size();
            best = Math.min(best, seconds);
        }
        print(
                "%d messages (%s), half of them copies, on %d threads: %.4f s, %.0f a second",
                decided, form, threads, best, decided / best);
    }

    private static List<Callable<Receipt>> twice(
            FedHdsServer server, Carrier carrier, List<? extends Message> messages) {
        List<Callable<Receipt>> all = new ArrayList<>();
        for (Message message : messages) {
            Supplier<Message> carried = carrier.carry(message);
            all.add(() -> server.accept(carried.get()));
            all.add(() -> server.accept(carried.get()));
        }
        return all;
    }

    /** Thread i delivers messages i, i + threads, and so on. */
    private double bring(ExecutorService pool, List<Callable<Receipt>> messages) throws Exception {
        List<Callable<Integer>> shares = new ArrayList<>();
        for (int thread = 0; thread < threads; thread++) {
            int offset = thread;
            shares.add(() -> {
                int counted = 0;
                for (int i = offset; i < messages.size(); i += threads) {
                    counted += messages.get(i).call().isRefused() ? 0 : 1;
                }
                return counted;
            });
        }
        long start = System.nanoTime();
        int counted = 0;
        for (Future<Integer> share : pool.invokeAll(shares)) {
            counted += share.get();
        }
        double seconds = (System.nanoTime() - start) / 1e9;
        if (counted != messages.size()) {
            throw new IllegalStateException(messages.size() - counted + " messages were refused");
        }
        return seconds;
    }

    private void wholeRound() {
        FedHdsServer server = server(HdbscanSelector.forServer());
        double best = Double.POSITIVE_INFINITY;
        String parts = "";
        for (int i = 0; i < rounds; i++) {
            long start = System.nanoTime();
            RoundOpening opening = server.open();
            double opened = since(start);
            List<CentroidReport> reports = reports(opening); // the clients' work
            start = System.nanoTime();
            reports.forEach(server::accept);
            double reported = since(start);
            start = System.nanoTime();
            Map<ClientId, GroupSelection> selections = server.select();
            double selected = since(start);
            double updated = 0;
            for (GroupSelection selection : selections.values()) {
                if (!selection.groups().isEmpty()) {
                    AdapterUpdate update = update(opening, selection); // the client's work
                    start = System.nanoTime();
                    server.accept(update);
                    updated += since(start);
                }
            }
            start = System.nanoTime();
            RoundResult result = server.aggregate();
            double averaged = since(start);
            double all = opened + reported + selected + updated + averaged;
            if (all < best) {
                best = all;
                parts = String.format(
                        Locale.ROOT,
                        "opening %.4f, reports %.4f, choice of %d of %d groups %.4f, %d updates %.4f, mean %.4f",
                        opened,
                        reported,
                        result.chosen(),
                        result.centroids(),
                        selected,
                        result.updates(),
                        updated,
                        averaged);
            }
        }
        print("a round of %d clients with %d centroids each: %.4f s (%s)", clients, centroids, best, parts);
    }

    private static double since(long start) {
        return (System.nanoTime() - start) / 1e9;
    }

    private void print(String format, Object... values) {
        spec.commandLine().getOut().println(String.format(Locale.ROOT, format, values));
        spec.commandLine().getOut().flush();
    }
}
