package io.github.fedhds.examples.cli;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.monitoring.RoundListener;
import io.github.fedhds.monitoring.RoundReport;
import io.github.fedhds.privacy.Bound;
import io.github.fedhds.privacy.CentroidNoise;
import io.github.fedhds.privacy.PrivacyBudget;
import io.github.fedhds.privacy.PrivacyLedger;
import io.github.fedhds.privacy.UpdateNoise;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.round.RoundContext;
import io.github.fedhds.selection.Selection;
import io.github.fedhds.setup.FedHdsBuilder;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * The privacy of a run: noise on what clients send so that the whole run spends the budget of {@code --epsilon} and {@code --delta},
 * the ledgers of the clients in the run's folder, and a statement of what is promised.
 */
final class RunPrivacy implements RoundListener, AutoCloseable {
    /** With {@code --selection fedhds}: t-SNE's coordinates are some tens, and are divided by this before tanh. */
    private static final double TSNE_SCALE = 20;

    /** How the points that clients send are bounded, and their number of coordinates. */
    record Points(Bound bound, int dimensions) {
        /** Rows of unit length a layer, placed in a random frame, which keeps lengths: nearly all points are in this ball. */
        static Points ofUnitLayers(int layers, Selection selection) {
            int dimensions =
                    selection.frame().apply(RoundContext.first()).orElseThrow().dimensions();
            return new Points(Bound.clip(Math.sqrt(layers + 1.0)), dimensions);
        }

        static Points ofTsne() {
            return new Points(Bound.tanh(TSNE_SCALE), 2);
        }
    }

    private static final Gson PRETTY = new GsonBuilder().setPrettyPrinting().create();

    private final Path folder;
    private final PrintStream out;
    private final PrivacyBudget budget;
    private final int rounds;
    private final CentroidNoise centroids;
    private final Points points;
    private final Optional<UpdateNoise> updates;
    private final Map<ClientId, PrivacyLedger> ledgers = new LinkedHashMap<>();

    /**
     * @param clip norm of the clients' updates; empty: no noise on updates
     * @param count centroids of each report
     * @param samples public number of instructions of a client, in place of the real one
     */
    RunPrivacy(
            Path folder,
            PrintStream out,
            PrivacyBudget budget,
            int rounds,
            Points points,
            int count,
            int samples,
            Optional<Double> clip) {
        this.folder = folder.resolve("privacy");
        this.out = out;
        this.budget = budget;
        this.rounds = rounds;
        this.points = points;
        int releases = clip.isPresent() ? 2 * rounds : rounds;
        centroids = CentroidNoise.spending(budget, count, points.bound(), points.dimensions(), releases)
                .publicSamples(samples);
        updates = clip.map(norm -> UpdateNoise.spending(budget, norm, releases));
    }

    /** Sets the noise. */
    void on(FedHdsBuilder builder) {
        builder.centroidNoise(centroids);
        updates.ifPresent(builder::updateNoise);
    }

    private List<Path> files(int clients) {
        return IntStream.range(0, clients)
                .mapToObj(number -> folder.resolve(String.format(Locale.ROOT, "client-%05d.jsonl", number)))
                .toList();
    }

    /**
     * Refuses to lose what was spent: a new run in a folder with ledgers, and a run that goes on without one of its ledgers.
     *
     * @param resumed whether {@code --resume} is given
     * @param begins whether the folder has no checkpoint
     */
    void check(int clients, boolean resumed, boolean begins) {
        long there = files(clients).stream().filter(Files::exists).count();
        if (!resumed && there > 0) {
            throw new FedHdsException(
                    folder + " has the ledgers of an earlier run, which say what was spent on these data;"
                            + " name another folder with --out, or go on by --resume");
        }
        if (resumed && !begins && there < clients) {
            throw new FedHdsException(folder + " has " + there + " of " + clients
                    + " ledgers, so what this run has spent is not known; restore the folder from a backup");
        }
    }

    /** Opens the ledger of each client. */
    void open(Collection<ClientId> clients) {
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw new FedHdsException(folder + ": the ledgers cannot be written; name another folder with --out", e);
        }
        Iterator<Path> file = files(clients.size()).iterator();
        clients.forEach(client -> ledgers.put(client, PrivacyLedger.inFile(file.next(), budget)));
        out.println(statement());
    }

    PrivacyLedger ledger(ClientId client) {
        return Objects.requireNonNull(ledgers.get(client), () -> "ledger of client " + client);
    }

    /** Epsilon of the client that has spent most. */
    double spent() {
        return ledgers.values().stream()
                .mapToDouble(PrivacyLedger::epsilon)
                .max()
                .orElse(0);
    }

    private String statement() {
        return String.format(
                Locale.ROOT,
                "privacy: in %d rounds each client spends at most epsilon %s at delta %s, against the server and everyone who"
                        + " sees its messages; noise of deviation %.4g on centroids%s",
                rounds,
                budget.epsilon(),
                budget.delta(),
                centroids.deviation(),
                updates.map(noise -> String.format(Locale.ROOT, ", of %.4g on adapters", noise.deviation()))
                        .orElse("; its adapters are sent without noise and are NOT covered, set --clip for that"));
    }

    @Override
    public void closed(RoundReport report) {
        out.printf(
                Locale.ROOT,
                "privacy: epsilon %.3f of %s is spent by the client that has spent most%n",
                spent(),
                budget.epsilon());
        write();
    }

    /** Who sees what, and which number is promised. */
    private void write() {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("promise", statement());
        all.put("epsilon", budget.epsilon());
        all.put("delta", budget.delta());
        all.put("epsilon_spent_at_most", spent());
        all.put("rounds", rounds);
        all.put("centroids", centroids.toString());
        all.put("centroids_mu_per_report", centroids.mu(points.dimensions()));
        updates.ifPresent(noise -> {
            all.put("adapters", noise.toString());
            all.put("adapters_mu_per_update", noise.mu());
        });
        all.put(
                "a_record",
                "all instructions of a client: whatever they are, its messages would have been about as likely");
        all.put(
                "not_covered",
                List.of(
                        "that a client takes part, and in which rounds it answers",
                        updates.isPresent() ? "what users of the final adapter see beyond the promise" : "the adapters",
                        "other runs on the same data, whose epsilons add up",
                        "this program holds the data of all clients in one process; it simulates the federation"));
        try {
            Files.writeString(folder.resolve("statement.json"), PRETTY.toJson(all) + "\n");
        } catch (IOException e) {
            throw new FedHdsException(folder.resolve("statement.json") + " cannot be written: " + e, e);
        }
    }

    @Override
    public void close() {
        ledgers.values().forEach(PrivacyLedger::close);
    }
}
