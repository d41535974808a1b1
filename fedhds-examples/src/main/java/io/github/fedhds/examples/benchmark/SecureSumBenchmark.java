package io.github.fedhds.examples.benchmark;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.aggregation.MeanUpdate;
import io.github.fedhds.aggregation.SecureClient;
import io.github.fedhds.aggregation.SecureServer;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.message.RoundOpening;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.secure.MaskedAggregation;
import java.io.PrintWriter;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * Seconds of a secure sum in which some clients send no vector, by step, all clients on this machine's cores, and the bytes that a client
 * sends, beside those of its vector alone. Checks that the sum is exact.
 */
@Command(
        name = "secure-sum-benchmark",
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        description = "Seconds and bytes of a secure sum with missing clients.")
public final class SecureSumBenchmark implements Callable<Integer> {
    @Option(names = "--clients", description = "number of clients")
    private int clients = 100;

    @Option(names = "--values", description = "values of each client")
    private int values = 1_000_000;

    @Option(names = "--missing", description = "clients that share their secrets and then send nothing")
    private int missing = 30;

    @Option(names = "--degree", description = "neighbours of each client")
    private int degree = 48;

    @Option(names = "--answering", description = "share of a client's neighbours that must answer to the end")
    private double share = 0.52;

    @Option(names = "--seed", description = "of the values and of the missing clients; keys and masks are secret")
    private long seed = 1;

    @Spec
    private CommandSpec spec = CommandSpec.create();

    public static void main(String[] args) {
        System.exit(commandLine().execute(args));
    }

    static CommandLine commandLine() {
        return new CommandLine(new SecureSumBenchmark());
    }

    @Override
    public Integer call() {
        if (missing < 0 || missing >= clients || values < 1) {
            throw new ParameterException(
                    spec.commandLine(), "--missing must be 0 or more and below --clients, --values 1 or more");
        }
        MaskedAggregation sums;
        try {
            sums = MaskedAggregation.defaults().withNeighbours(degree).withAnswering(share);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
        }
        List<ClientId> ids = IntStream.range(0, clients)
                .mapToObj(i -> new ClientId("client-" + i))
                .toList();
        Adapter global = adapter(i -> 0);
        RoundOpening opening = new RoundOpening("benchmark", 1, ids, 0, global, Map.of());
        SecureServer server = sums.server(opening.context());
        Map<ClientId, SecureClient> all = new LinkedHashMap<>();
        long start = System.nanoTime();
        ids.forEach(id -> all.put(id, sums.client(opening.contextOf(id), ids, update(id))));
        line("updates as whole numbers", start);
        start = System.nanoTime();
        all.forEach((id, client) -> server.acceptKeys(id, client.keys()));
        Map<ClientId, byte[]> keys = server.keys();
        Map<ClientId, Map<ClientId, byte[]>> shares = new HashMap<>();
        all.forEach((id, client) -> shares.put(id, client.shares(keys)));
        shares.forEach(server::acceptShares);
        line("keys and shares", start);

        List<ClientId> answering = ids.stream()
                .skip(new SplittableRandom(seed).nextInt(missing + 1))
                .limit(clients - missing)
                .toList();
        start = System.nanoTime();
        answering.parallelStream().forEach(id -> {
            Map<ClientId, byte[]> received;
            synchronized (server) {
                received = server.sharesFor(id);
            }
            byte[] masked = keyed(all, id).masked(received);
            synchronized (server) {
                server.acceptMasked(id, masked);
            }
        });
        line("masked updates", start);
        start = System.nanoTime();
        Set<ClientId> survivors = server.survivors();
        answering.forEach(id -> server.acceptRevealed(id, keyed(all, id).revealed(survivors)));
        MeanUpdate mean = server.mean();
        line("mean of " + answering.size() + " of " + clients + " clients", start);
        double error = error(mean.adapter(), answering);
        long more = keyed(shares, ids.get(0)).values().stream()
                        .mapToLong(b -> b.length)
                        .sum()
                + keyed(keys, ids.get(0)).length
                + 32L * degree;
        PrintWriter out = spec.commandLine().getOut();
        out.printf(
                Locale.ROOT,
                "a client sends %d bytes, %.2f times those of its update alone; largest error of the mean %.1e, of values up to 0.1%n",
                4L * values + more,
                1 + more / (4.0 * values),
                error);
        out.flush();
        return error < 1e-5 ? 0 : 1;
    }

    private Adapter adapter(IntToDoubleFunction value) {
        return new Adapter(Map.of("values", Tensor.of(new int[] {values}, i -> (float) value.applyAsDouble(i))));
    }

    private AdapterUpdate update(ClientId id) {
        SplittableRandom random = new SplittableRandom(seed + id.hashCode());
        return new AdapterUpdate("benchmark", 1, id, adapter(i -> 0.1 * random.nextDouble()), 1, 0);
    }

    private double error(Adapter mean, List<ClientId> answering) {
        double[] exact = new double[values];
        for (ClientId id : answering) {
            Tensor one = keyed(update(id).adapter().tensors(), "values");
            for (int i = 0; i < values; i++) {
                exact[i] += (double) one.get(i) / answering.size();
            }
        }
        Tensor found = keyed(mean.tensors(), "values");
        return IntStream.range(0, values)
                .mapToDouble(i -> Math.abs(found.get(i) - exact[i]))
                .max()
                .orElseThrow();
    }

    private static <K, T> T keyed(Map<K, T> all, K id) {
        return Objects.requireNonNull(all.get(id), () -> "there is none of " + id);
    }

    private void line(String step, long start) {
        spec.commandLine().getOut().printf(Locale.ROOT, "%-32s %6.1f s%n", step, (System.nanoTime() - start) / 1e9);
        spec.commandLine().getOut().flush();
    }
}
