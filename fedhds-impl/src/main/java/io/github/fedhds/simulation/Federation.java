package io.github.fedhds.simulation;

import io.github.fedhds.ClientSampler;
import io.github.fedhds.FedHdsClient;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.FedHdsServer;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.internal.file.Disk;
import io.github.fedhds.message.RoundOpening;
import io.github.fedhds.monitoring.BestRound;
import io.github.fedhds.monitoring.RoundListener;
import io.github.fedhds.monitoring.RoundReport;
import io.github.fedhds.monitoring.Traffic;
import io.github.fedhds.monitoring.UntrainedRun;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.setup.FedHds;
import io.github.fedhds.state.ServerStore;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All clients and the server in one process: for experiments, tests and data that is split but not apart. Equal settings
 * and seed give equal bytes on one machine with one number of torch threads, however many clients run at a time, and
 * however often the run was killed and {@linkplain Builder#resume resumed}.
 *
 * <p>One loaded model serves every client. Memory beside it: what each running client's work takes; the instructions of
 * the round's clients, where they come from suppliers; at most twice as many adapters as clients run at a time; what the
 * aggregation holds; the global adapter and, with an evaluation, the best one. Nothing grows with the clients that a round
 * does not name; some hundred bytes with each round and client that is over. For one thread at a time.
 */
public final class Federation {
    private static final Logger LOGGER = LoggerFactory.getLogger(Federation.class);

    private final FedHds fedHds;
    private final Map<ClientId, Supplier<List<Instruction>>> data;
    private final int rounds;
    private final int parallelClients;
    private final UnaryOperator<FedHdsClient.Builder> clientSettings;
    private final FedHdsServer server;
    private final RoundListener listener;
    private final @Nullable ToDoubleFunction<Adapter> evaluation;
    private final int evaluateEvery;
    private final int patience;
    private final int failedClients;
    private final @Nullable CheckpointFolder folder;
    private final SortedMap<String, String> settings;

    private final RunOutcome outcome = new RunOutcome();
    private final Traffic traffic = new Traffic();
    private final List<RoundReport> past = new ArrayList<>();
    private Optional<BestRound> best = Optional.empty();
    private int savedRounds;
    private CheckpointFolder.@Nullable Found resumed;

    private Federation(Builder builder) {
        fedHds = builder.fedHds;
        data = Map.copyOf(builder.clients);
        rounds = builder.rounds;
        parallelClients = builder.parallelClients;
        clientSettings = builder.clientSettings;
        listener = builder.listener;
        evaluation = builder.evaluation;
        evaluateEvery = builder.evaluateEvery;
        patience = builder.patience;
        failedClients = builder.failedClients;
        if (builder.clients.isEmpty()) {
            throw new IllegalArgumentException("a federation needs at least one client; add some to the builder");
        }
        if (patience > 0 && (evaluation == null || evaluateEvery == 0)) {
            throw new IllegalArgumentException(
                    "patience is counted in evaluations; set one of every so many rounds on the builder too");
        }
        List<ClientId> roster = List.copyOf(builder.clients.keySet());
        FedHdsServer.Builder parts = Objects.requireNonNull(
                        builder.serverSettings.apply(fedHds.server(roster, builder.seed)
                                .runId("federation")
                                .sampler(ClientSampler.uniform(builder.activeShare))),
                        "serverSettings gave null; it must give a builder")
                .listener(listener)
                .listener(outcome);
        if (builder.checkpoint == null) {
            if (builder.resume) {
                throw new IllegalArgumentException("there is nothing to resume from; set a checkpoint folder too");
            }
            folder = null;
            settings = new TreeMap<>();
            server = parts.build();
        } else {
            folder = new CheckpointFolder(builder.checkpoint, builder.disk);
            settings = settings(builder);
            resumed = folder.load().orElse(null);
            server = resumed == null ? parts.build() : restored(parts, folder, resumed.checkpoint(), builder);
        }
    }

    private static SortedMap<String, String> settings(Builder builder) {
        SortedMap<String, String> settings = new TreeMap<>();
        settings.put("device", builder.fedHds.model().device());
        settings.put("threads", String.valueOf(builder.fedHds.model().threads()));
        settings.put("active share", String.valueOf(builder.activeShare));
        builder.checkpointSettings.forEach((name, value) -> {
            if (settings.putIfAbsent(name, value) != null) {
                throw new IllegalArgumentException(
                        "the setting \"" + name + "\" is saved by the federation itself; name yours another way");
            }
        });
        return settings;
    }

    private FedHdsServer restored(
            FedHdsServer.Builder parts, CheckpointFolder from, Checkpoint checkpoint, Builder builder) {
        int over = checkpoint.past().size();
        if (!builder.resume) {
            throw new FedHdsException(from.path() + " holds a run after " + over
                    + " rounds; resume it, or delete its checkpoint or name another folder to start anew");
        }
        String wayOut = "; resume with what it was made with, or start anew in another folder";
        for (String name : union(settings, checkpoint.settings())) {
            String was = checkpoint.settings().getOrDefault(name, "not set");
            String is = settings.getOrDefault(name, "not set");
            if (!was.equals(is)) {
                throw new FedHdsException("the checkpoint in " + from.path() + " was made with " + name + " " + was
                        + ", this run has " + is + (name.equals("threads") ? ", which gives other bits" : "")
                        + wayOut);
            }
        }
        parts.build(); // a fault of the server's own settings is not the checkpoint's
        try {
            FedHdsServer restored = parts.restore(checkpoint.server()).build();
            past.addAll(checkpoint.past());
            savedRounds = past.size();
            best = checkpoint.best();
            return restored;
        } catch (IllegalArgumentException e) {
            throw new FedHdsException(
                    "the checkpoint in " + from.path() + " does not fit: " + e.getMessage() + wayOut, e);
        }
    }

    private static Set<String> union(Map<String, String> some, Map<String, String> others) {
        Set<String> names = new TreeSet<>(some.keySet());
        names.addAll(others.keySet());
        return names;
    }

    /** Starts a federation of clients and a server as {@code fedHds} makes them. */
    public static Builder builder(FedHds fedHds) {
        return new Builder(Objects.requireNonNull(fedHds, "fedHds"));
    }

    /** The server's adapter now: the first one before {@link #run} (or the checkpoint's), the last one after. */
    public Adapter adapter() {
        return server.globalAdapter();
    }

    /** The best round of those that were evaluated; empty before the first evaluation. */
    public Optional<BestRound> best() {
        return best;
    }

    /**
     * What each client and round of this object sent and was sent. In one process nothing travels: it is what the messages,
     * receipts among them, would weigh in the form of {@link io.github.fedhds.codec.MessageCodec}, whatever its limits;
     * those that have no such form, an adapter with NaN, say, do not count. Begins at zero with each object, a resumed one
     * too.
     */
    public Traffic traffic() {
        return traffic;
    }

    /**
     * Runs all rounds, and says what each came to, without their adapters: {@link #adapter} is the last one, and a
     * listener sees each. After a resume the rounds before it are in the list, and only those that are missing run. A
     * further call goes on with as many rounds, from where the last one ended.
     *
     * <p>What a role throws, or the listener over an event of {@link RoundListener} itself, ends the run and passes through,
     * an Error of a client's as the cause of a {@link FedHdsException}. The round is then abandoned, and the adapter is that
     * of the round before; a round that was over, so that only its evaluation, its checkpoint or the listener failed,
     * counts. However the run ends, it ends after the last
     * client's work: until then the model must not be closed.
     *
     * @throws FedHdsException if a checkpoint cannot be written: the one before is whole. Or if another federation runs, or
     *     has run since this one was built, with the same checkpoint folder. Or if the thread is interrupted, which is
     *     noticed while clients are at work: they are interrupted too, and the thread keeps its interrupt flag
     */
    public List<RoundReport> run() {
        if (folder == null) {
            return runRounds();
        }
        ServerStore.Lock lock = folder.lock();
        try (lock) {
            Optional<CheckpointFolder.Found> found = folder.load();
            int there = found.map(f -> f.checkpoint().past().size()).orElse(0);
            boolean damaged = found.flatMap(CheckpointFolder.Found::damage).isPresent(); // what is here is newer then
            if (!damaged && there != savedRounds && there != past.size()) { // a failed save may have been done
                throw new FedHdsException(folder.path() + " holds a run after " + there
                        + " rounds, this one left it after " + savedRounds
                        + ": another federation ran with it meanwhile;"
                        + " resume from it, or name another folder");
            }
            savedRounds = there;
            return runRounds();
        }
    }

    private List<RoundReport> runRounds() {
        List<RoundReport> reports = new ArrayList<>();
        if (resumed != null) {
            reports.addAll(past);
            listener.resumed(List.copyOf(past), resumed.damage());
            resumed = null;
        }
        try (ClientThreads threads = new ClientThreads(parallelClients)) {
            while (reports.size() < rounds && !outOfPatience()) {
                RoundReport ended = round(threads);
                past.add(ended.withoutAdapter()); // it counts, whatever the evaluation throws
                RoundReport report = evaluated(ended, reports.size() + 1 == rounds);
                RoundReport light = report.withoutAdapter();
                past.set(past.size() - 1, light);
                reports.add(light);
                if (folder != null) {
                    folder.save(new Checkpoint(server.state(), settings, past, best, end(reports.size())));
                    savedRounds = past.size();
                }
                listener.closed(report);
            }
        }
        if (reports.size() < rounds) {
            listener.stopped(best.orElseThrow());
        }
        outcome.untrained(past).ifPresent(this::tellUntrained);
        return reports;
    }

    private void tellUntrained(UntrainedRun run) {
        LOGGER.warn("{}", run.reason());
        listener.untrained(run);
        if (run.ofSettings()) {
            throw new FedHdsException(run.reason());
        }
    }

    private CheckpointFolder.End end(int roundsOfThisRun) {
        if (roundsOfThisRun == rounds) {
            return CheckpointFolder.End.LAST_ROUND;
        }
        return outOfPatience() ? CheckpointFolder.End.EARLY : CheckpointFolder.End.NOT_YET;
    }

    private RoundReport round(ClientThreads threads) {
        RoundOpening opening = server.open();
        boolean done = false;
        try {
            RoundReport report = new FederatedRound(
                            fedHds,
                            id -> Objects.requireNonNull(data.get(id)),
                            clientSettings,
                            server,
                            listener,
                            traffic,
                            failedClients)
                    .run(opening, threads);
            done = true;
            return report;
        } finally {
            if (!done) {
                server.abandon();
            }
        }
    }

    private RoundReport evaluated(RoundReport report, boolean last) {
        boolean due = last || isRegular(past.size());
        if (evaluation == null || !due) {
            return report;
        }
        Adapter adapter = report.result().adapter();
        double score = evaluation.applyAsDouble(adapter);
        if (!Double.isFinite(score)) {
            throw new IllegalStateException(
                    "the evaluation gave " + score + " after round " + report.round() + "; it must be finite");
        }
        if (best.isEmpty() || score > best.get().score()) {
            best = Optional.of(new BestRound(report.round(), score, adapter));
        }
        return report.withScore(score);
    }

    private boolean outOfPatience() {
        if (patience == 0 || best.isEmpty()) {
            return false;
        }
        int evaluations = 0;
        for (int i = 0; i < past.size(); i++) {
            RoundReport report = past.get(i);
            boolean counts = report.score().isPresent() && isRegular(i + 1); // a last round's own is not one in a row
            evaluations += counts && report.round() > best.get().round() ? 1 : 0;
        }
        return evaluations >= patience;
    }

    /** Whether so many rounds bring an evaluation, be there more to come or not. */
    private boolean isRegular(int pastRounds) {
        return evaluateEvery > 0 && pastRounds % evaluateEvery == 0;
    }

    /** Collects a federation's parts. Not safe for many threads. */
    public static final class Builder {
        private final FedHds fedHds;
        private final Map<ClientId, Supplier<List<Instruction>>> clients = new LinkedHashMap<>();
        private double activeShare = 0.05;
        private int rounds = 1;
        private long seed;
        private int parallelClients = 1;
        private RoundListener listener = new RoundListener() {};
        private UnaryOperator<FedHdsClient.Builder> clientSettings = UnaryOperator.identity();
        private UnaryOperator<FedHdsServer.Builder> serverSettings = UnaryOperator.identity();
        private @Nullable ToDoubleFunction<Adapter> evaluation;
        private int evaluateEvery;
        private int patience;
        private int failedClients;
        private @Nullable Path checkpoint;
        private Map<String, String> checkpointSettings = Map.of();
        private boolean resume;
        private Disk disk = Disk.real();

        private Builder(FedHds fedHds) {
            this.fedHds = fedHds;
        }

        /** Adds a client. */
        public Builder client(ClientId id, List<Instruction> instructions) {
            Objects.requireNonNull(instructions, () -> "instructions of client " + id)
                    .forEach(one -> Objects.requireNonNull(one, () -> "one of the instructions of client " + id));
            List<Instruction> copy = List.copyOf(instructions);
            return client(id, () -> copy);
        }

        /**
         * Adds a client whose instructions are loaded when a round names it, and let go when its part in the round is over.
         *
         * @param instructions asked once in each round that names the client, on that client's thread, several clients at
         *     a time; must give equal instructions in equal order each time. What it throws is the client's failure, see
         *     {@link #failedClients}
         */
        public Builder client(ClientId id, Supplier<List<Instruction>> instructions) {
            Objects.requireNonNull(id, "id of a client");
            Objects.requireNonNull(instructions, () -> "instructions of client " + id);
            if (clients.putIfAbsent(id, instructions) != null) {
                throw new IllegalArgumentException("client " + id + " was added before; names are unique");
            }
            return this;
        }

        /** Adds clients in the map's order. */
        public Builder clients(Map<ClientId, List<Instruction>> clients) {
            Objects.requireNonNull(clients, "clients").forEach(this::client);
            return this;
        }

        /** Share of the clients in a round, above 0 and at most 1, at least one client; 0.05 by default. */
        public Builder activeShare(double activeShare) {
            if (!(activeShare > 0 && activeShare <= 1)) {
                throw new IllegalArgumentException("activeShare must be above 0 and at most 1, was " + activeShare);
            }
            this.activeShare = activeShare;
            return this;
        }

        /** Rounds, 1 or more; 1 by default. */
        public Builder rounds(int rounds) {
            if (rounds < 1) {
                throw new IllegalArgumentException("rounds must be 1 or more, was " + rounds);
            }
            this.rounds = rounds;
            return this;
        }

        /** Seed of the whole run; 0 by default. */
        public Builder seed(long seed) {
            this.seed = seed;
            return this;
        }

        /** Clients that run at a time, 1 or more; 1 by default. Changes no result. */
        public Builder parallelClients(int parallelClients) {
            if (parallelClients < 1) {
                throw new IllegalArgumentException("parallelClients must be 1 or more, was " + parallelClients);
            }
            this.parallelClients = parallelClients;
            return this;
        }

        /**
         * Clients of a round whose work may throw, 0 or more; 0 by default. Each of them drops out of the round, which goes on
         * with the others, and {@link RoundListener#failed} is told. One more ends the run, and so does a step in which all of
         * its clients fail, for then the fault is hardly theirs; and any Error, such as a heap that is full.
         */
        public Builder failedClients(int failedClients) {
            if (failedClients < 0) {
                throw new IllegalArgumentException("failedClients must be 0 or more, was " + failedClients);
            }
            this.failedClients = failedClients;
            return this;
        }

        /** Is told of the progress; no one by default. */
        public Builder listener(RoundListener listener) {
            this.listener = Objects.requireNonNull(listener, "listener");
            return this;
        }

        /**
         * Scores adapters, so that {@link Federation#best} keeps the best one; none by default.
         *
         * @param every rounds from one evaluation to the next, the last round is evaluated in any case; 0: that one only
         * @param score of an adapter, finite, the higher the better; equal for equal adapters
         */
        public Builder evaluation(int every, ToDoubleFunction<Adapter> score) {
            if (every < 0) {
                throw new IllegalArgumentException("rounds between evaluations must be 0 or more, was " + every);
            }
            this.evaluateEvery = every;
            this.evaluation = Objects.requireNonNull(score, "score of an evaluation");
            return this;
        }

        /**
         * Ends the run when so many evaluations in a row were no better than the best one, 1 or more; 0, the default: never.
         * That of a last round counts only if it would have come anyway, so that a longer run is not ended by it.
         */
        public Builder patience(int patience) {
            if (patience < 0) {
                throw new IllegalArgumentException("patience must be 0 or more evaluations, was " + patience);
            }
            this.patience = patience;
            return this;
        }

        /**
         * Saves the run after each round, so that it can be {@linkplain #resume resumed}: adapter, state of the rule,
         * number of the round, what each round came to, the best adapter. Costs a file of the size of two adapters (and of
         * the rule's state) a round, forced to disk, and the previous one beside it; and a pass over the model's weights
         * when it is built, about a second a gigabyte.
         *
         * <p>Model, device, threads, LoRA form, longest sample and share of clients are saved with it, and a resume under
         * others is refused. What else the result hangs on, the federation cannot know: data, learning rate, selection.
         *
         * @param folder made if it is missing; for this run alone, and locked while it runs. {@link #build} refuses one that holds a run already,
         *     unless it is resumed
         * @param settings what else the result hangs on, by names and values of the application's own
         */
        public Builder checkpoint(Path folder, Map<String, String> settings) {
            this.checkpoint = Objects.requireNonNull(folder, "folder of a checkpoint");
            Objects.requireNonNull(settings, "settings of a checkpoint").forEach((name, value) -> {
                Objects.requireNonNull(name, "name in the settings of a checkpoint");
                Objects.requireNonNull(value, () -> "value of " + name + " in the settings of a checkpoint");
            });
            this.checkpointSettings = Map.copyOf(settings);
            return this;
        }

        /**
         * Goes on where the checkpoint's run was, if there is one, and else begins; false by default. The result is that of
         * a run that was never interrupted, bit for bit, and no client of a saved round is trained again. {@link #build}
         * throws a {@link FedHdsException} if the checkpoint is damaged together with the one before it, or if it is of
         * other settings, another seed, roster or number of threads. Rounds, patience, evaluation and clients at a time may
         * differ.
         */
        public Builder resume(boolean resume) {
            this.resume = resume;
            return this;
        }

        /** Where the checkpoint's steps go; for tests. */
        Builder disk(Disk newDisk) {
            disk = newDisk;
            return this;
        }

        /**
         * Replaces parts of every client, such as its selector; the paper's by default. Asked in every round for each of
         * its clients, so what is costly to make is made outside.
         */
        public Builder clientSettings(UnaryOperator<FedHdsClient.Builder> clientSettings) {
            this.clientSettings = Objects.requireNonNull(clientSettings, "clientSettings");
            return this;
        }

        /** Replaces parts of the server, such as its selector or aggregator; the paper's by default. */
        public Builder serverSettings(UnaryOperator<FedHdsServer.Builder> serverSettings) {
            this.serverSettings = Objects.requireNonNull(serverSettings, "serverSettings");
            return this;
        }

        /** The federation, before its first round or where the checkpoint's run was. */
        public Federation build() {
            return new Federation(this);
        }
    }
}
