package io.github.fedhds.examples.benchmark;

import io.github.fedhds.round.ClientId;
import io.github.fedhds.secure.SumClient;
import io.github.fedhds.secure.SumServer;
import io.github.fedhds.secure.SumSettings;
import java.io.PrintWriter;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
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
        if (missing < 0 || missing >= clients) {
            throw new ParameterException(spec.commandLine(), "--missing must be 0 or more and below --clients");
        }
        List<ClientId> ids = IntStream.range(0, clients)
                .mapToObj(i -> new ClientId("client-" + i))
                .toList();
        SumSettings settings;
        try {
            settings = new SumSettings("benchmark", 1, ids, degree, share, 2, values);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
        }
        SumServer server = new SumServer(settings);
        Map<ClientId, SumClient> all = new LinkedHashMap<>();
        long start = System.nanoTime();
        ids.forEach(id -> all.put(id, new SumClient(settings, id, new SecureRandom())));
        all.forEach((id, client) -> server.accept(id, client.keys()));
        var keys = server.keys();
        Map<ClientId, Map<ClientId, byte[]>> shares = new HashMap<>();
        all.forEach((id, client) -> shares.put(id, client.shares(keys)));
        shares.forEach(server::acceptShares);
        line("keys and shares", start);

        List<ClientId> answering = ids.stream()
                .skip(new SplittableRandom(seed).nextInt(missing + 1))
                .limit(clients - missing)
                .toList();
        int[] expected = new int[values];
        start = System.nanoTime();
        answering.parallelStream().forEach(id -> {
            int[] exact =
                    new SplittableRandom(seed + ids.indexOf(id)).ints(values).toArray();
            Map<ClientId, byte[]> received;
            synchronized (server) {
                received = server.sharesFor(id);
            }
            int[] masked = keyed(all, id).masked(exact, received);
            synchronized (server) {
                server.acceptMasked(id, masked);
                Arrays.setAll(expected, i -> expected[i] + exact[i]);
            }
        });
        line("masked vectors", start);
        start = System.nanoTime();
        answering.forEach(id -> server.acceptRevealed(id, keyed(all, id).reveal(server.arrived())));
        boolean exact = Arrays.equals(expected, server.sum());
        line("sum of " + answering.size() + " of " + clients + " clients", start);
        long more = keyed(shares, ids.get(0)).values().stream()
                        .mapToLong(b -> b.length)
                        .sum()
                + 96
                + 32L * degree;
        PrintWriter out = spec.commandLine().getOut();
        out.printf(
                Locale.ROOT,
                "a client sends %d bytes, %.2f times those of its vector alone; the sum is %s%n",
                4L * values + more,
                1 + more / (4.0 * values),
                exact ? "exact" : "WRONG");
        out.flush();
        return exact ? 0 : 1;
    }

    private static <T> T keyed(Map<ClientId, T> all, ClientId id) {
        return Objects.requireNonNull(all.get(id), () -> "client " + id);
    }

    private void line(String step, long start) {
        spec.commandLine().getOut().printf(Locale.ROOT, "%-32s %6.1f s%n", step, (System.nanoTime() - start) / 1e9);
        spec.commandLine().getOut().flush();
    }
}
