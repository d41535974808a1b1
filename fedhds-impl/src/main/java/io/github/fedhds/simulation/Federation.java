package io.github.fedhds.simulation;

import io.github.fedhds.ClientListener;
import io.github.fedhds.ClientSampler;
import io.github.fedhds.FedHdsClientBuilder;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.FedHdsServer;
import io.github.fedhds.FedHdsServerBuilder;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.internal.file.Disk;
import io.github.fedhds.monitoring.BestRound;
import io.github.fedhds.monitoring.Diagnosis;
import io.github.fedhds.monitoring.Finding;
import io.github.fedhds.monitoring.RoundListener;
import io.github.fedhds.monitoring.RoundReport;
import io.github.fedhds.monitoring.Traffic;
import io.github.fedhds.monitoring.UntrainedRun;
import io.github.fedhds.privacy.PrivacyLedger;
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
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All clients and the server in one process, for experiments and tests. Equal settings and seed give equal bytes on one
 * machine with one number of torch threads. The number of parallel clients does not matter, nor how often the run was
 * killed and {@linkplain Builder#resume resumed}.
 *
 * <p>One loaded model serves all clients, or one on each device, see {@link io.github.fedhds.setup.ModelPool}. Additional
 * memory: the work of each running client; the instructions of the round's clients, if they come from suppliers; at most
 * twice as many adapters as clients run in parallel, with secure aggregation one for each client of the round; the state of the aggregation; the global adapter and, with an
 * evaluation, the best one. Clients outside the round add nothing; each past round and client adds some hundred bytes. For
 * one thread at a time.
 */
public final class Federation {
    private static final Logger LOGGER = LoggerFactory.getLogger(Federation.class);

    private final FedHds fedHds;
    private final Map<ClientId, Supplier<List<Instruction>>> data;
    private final int rounds;
    private final int parallelClients;
    private final Function<ClientId, PrivacyLedger> ledgers;
    private final UnaryOperator<FedHdsClientBuilder> clientSettings;
    private final FedHdsServer server;
    private final List<RoundListener> listeners;
    private final Evaluations evaluations;
    private final int failedClients;
    private final @Nullable SavedFederation saved;

    private final RunOutcome outcome = new RunOutcome();
    private final Diagnosis diagnosis;
    private final List<Finding> findings = new ArrayList<>(); // of the newest round
    private final Traffic traffic = new Traffic();
    private final List<RoundReport> past = new ArrayList<>();
    private boolean resumed;

    private Federation(Builder builder) {
        fedHds = builder.fedHds;
        data = Map.copyOf(builder.clients);
        rounds = builder.rounds;
        parallelClients = builder.parallelClients;
        ledgers = builder.ledgers();
        List<ClientListener> told = List.copyOf(builder.clientListeners);
        UnaryOperator<FedHdsClientBuilder> own = builder.clientSettings;
        clientSettings = client -> {
            told.forEach(client::listener);
            return own.apply(client);
        };
        listeners = List.copyOf(builder.listeners);
        evaluations = new Evaluations(builder.evaluation, builder.evaluateEvery, builder.patience);
        failedClients = builder.failedClients;
        if (builder.clients.isEmpty()) {
            throw new IllegalArgumentException("a federation needs at least one client; add some to the builder");
        }
        List<ClientId> ids = List.copyOf(builder.clients.keySet());
        FedHdsServerBuilder parts = Objects.requireNonNull(
                builder.serverSettings.apply(fedHds.server(ids, builder.seed)
                        .runId("federation")
                        .sampler(ClientSampler.uniform(builder.activeShare))),
                "serverSettings returned null; it must return a builder");
        listeners.forEach(parts::listener);
        parts.listener(outcome);
        diagnosis = diagnosis(builder);
        parts.listener(diagnosis);
        if (builder.checkpoint == null) {
            if (builder.resume) {
                throw new IllegalArgumentException("there is nothing to resume from; set a checkpoint folder too");
            }
            saved = null;
            server = parts.build();
        } else {
            saved = new SavedFederation(
                    new CheckpointFolder(builder.checkpoint, builder.disk),
                    fedHds.model(),
                    builder.activeShare,
                    parts,
                    builder.checkpointSettings);
            server = saved.server(builder.resume);
            saved.found().map(CheckpointFolder.Found::checkpoint).ifPresent(checkpoint -> {
                past.addAll(checkpoint.past());
                evaluations.resume(checkpoint.best());
                diagnosis.resumed(past);
            });
            resumed = !past.isEmpty();
        }
    }

    private Diagnosis diagnosis(Builder builder) {
        Diagnosis.Builder thresholds = Diagnosis.builder().plannedRounds(rounds);
        fedHds.clipNorm().ifPresent(thresholds::clipNorm);
        return Objects.requireNonNull(
                        builder.diagnosis.apply(thresholds), "diagnosis returned null; it must return a builder")
                .receiver(findings::add)
                .build();
    }

    /** Starts a federation with the clients and server that {@code fedHds} creates. */
    public static Builder builder(FedHds fedHds) {
        return new Builder(Objects.requireNonNull(fedHds, "fedHds"));
    }

    /** The current global adapter: before {@link #run} the first one or the checkpoint's, afterwards the last one. */
    public Adapter adapter() {
        return server.globalAdapter();
    }

    /** The best round of those that were evaluated; empty before the first evaluation. */
    public Optional<BestRound> best() {
        return evaluations.best();
    }

    /**
     * Traffic of this object by client and round. In one process nothing is sent: these are the sizes that the
     * messages, including receipts, have in the form of {@link io.github.fedhds.codec.MessageCodec} without limits.
     * Messages that cannot be encoded, such as an adapter with NaN, are not counted. Starts at zero for each object,
     * also for a resumed run.
     */
    public Traffic traffic() {
        return traffic;
    }

    /** What the diagnosis of this run cannot look for, and why; empty if it looks for everything. */
    public Optional<String> notDiagnosed() {
        return diagnosis.notComputed();
    }

    /**
     * Runs all rounds and returns their reports, without their adapters: {@link #adapter} is the last one, and
     * listeners see each. After a resume the list starts with the saved rounds, and only the missing ones run. Another
     * call runs the same number of rounds again, after the last one.
     *
     * <p>An exception of a role, or of a listener in a method of {@link RoundListener} itself, ends the run and is
     * thrown to the caller; an Error of a client becomes the cause of a {@link FedHdsException}. The open round is
     * abandoned, and the adapter is that of the previous round. A closed round counts even if its evaluation, its
     * checkpoint or a listener failed. The method returns after the last client has stopped: do not close the model
     * before.
     *
     * @throws FedHdsException if a checkpoint cannot be written, in which case the previous one is valid; if another
     *     federation uses the checkpoint folder, or has used it since this one was built; or if the thread is
     *     interrupted, which is noticed while clients run: they are interrupted too, and the thread keeps its interrupt
     *     flag
     */
    public List<RoundReport> run() {
        if (saved == null) {
            return runRounds();
        }
        ServerStore.Lock lock = saved.lock();
        try (lock) {
            saved.checkUnchanged(past.size());
            return runRounds();
        }
    }

    private void tell(Consumer<RoundListener> event) {
        listeners.forEach(event);
    }

    private List<RoundReport> runRounds() {
        List<RoundReport> reports = new ArrayList<>();
        if (resumed) {
            reports.addAll(past);
            Optional<String> damage = Objects.requireNonNull(saved).found().flatMap(CheckpointFolder.Found::damage);
            tell(l -> l.resumed(List.copyOf(past), damage));
            resumed = false;
        }
        try (ClientThreads threads = new ClientThreads(parallelClients)) {
            while (reports.size() < rounds && !evaluations.outOfPatience(past)) {
                findings.clear();
                RoundReport ended = round(threads).withFindings(findings);
                past.add(ended.withoutAdapter()); // the round counts even if the evaluation throws
                RoundReport evaluated = evaluations.evaluate(ended, past.size(), reports.size() + 1 == rounds);
                evaluated.score().ifPresent(score -> diagnosis.scored(evaluated.round(), score));
                RoundReport report = evaluated.withFindings(findings);
                report.findings().forEach(finding -> LOGGER.info("{}", finding.describe()));
                RoundReport light = report.withoutAdapter();
                past.set(past.size() - 1, light);
                reports.add(light);
                if (saved != null) {
                    saved.save(server.state(), past, evaluations, reports.size() == rounds);
                }
                tell(l -> l.closed(report));
            }
        }
        if (reports.size() < rounds) {
            tell(l -> l.stopped(evaluations.best().orElseThrow()));
        }
        outcome.untrained(past, data.size()).ifPresent(this::tellUntrained);
        return reports;
    }

    private void tellUntrained(UntrainedRun run) {
        LOGGER.warn("{}", run.reason());
        tell(l -> l.untrained(run));
        if (run.ofSettings()) {
            throw new FedHdsException(run.reason());
        }
    }

    private RoundReport round(ClientThreads threads) {
        return new FederatedRound(
                        fedHds,
                        id -> Objects.requireNonNull(data.get(id)),
                        ledgers,
                        clientSettings,
                        server,
                        listeners,
                        traffic,
                        failedClients)
                .run(threads);
    }

    /** Collects the parts of a federation. Not safe for many threads. */
    public static final class Builder {
        private final FedHds fedHds;
        private final Map<ClientId, Supplier<List<Instruction>>> clients = new LinkedHashMap<>();
        private double activeShare = 0.05;
        private int rounds = 1;
        private long seed;
        private int parallelClients = 1;
        private final List<RoundListener> listeners = new ArrayList<>();
        private final List<ClientListener> clientListeners = new ArrayList<>();
        private @Nullable Function<ClientId, PrivacyLedger> ledgers;
        private UnaryOperator<FedHdsClientBuilder> clientSettings = UnaryOperator.identity();
        private UnaryOperator<FedHdsServerBuilder> serverSettings = UnaryOperator.identity();
        private UnaryOperator<Diagnosis.Builder> diagnosis = UnaryOperator.identity();
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
         * Adds a client whose instructions are loaded when a round names it, and released after its training.
         *
         * @param instructions called once in each round that names the client, on the client's thread, in parallel with
         *     other clients; must return equal instructions in equal order each time. An exception counts as the
         *     client's, see {@link #failedClients}
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

        /**
         * Share of the clients in a round, above 0 and at most 1, at least one client; 0.05 by default. Has no effect if the
         * server adds noise, which draws the clients; see {@link FedHds#centralNoise}.
         */
        public Builder activeShare(double activeShare) {
            if (!(activeShare > 0 && activeShare <= 1)) {
                throw new IllegalArgumentException("activeShare must be above 0 and at most 1, was " + activeShare);
            }
            this.activeShare = activeShare;
            return this;
        }

        /** Number of rounds, 1 or more; 1 by default. */
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

        /**
         * Number of clients that run in parallel, 1 or more; 1 by default. Changes no result. With several copies of the
         * model, each is used only if this is at least their number.
         */
        public Builder parallelClients(int parallelClients) {
            if (parallelClients < 1) {
                throw new IllegalArgumentException("parallelClients must be 1 or more, was " + parallelClients);
            }
            this.parallelClients = parallelClients;
            return this;
        }

        /**
         * Number of clients of a round that may throw an exception, 0 or more; 0 by default. Such a client drops out of
         * the round, which continues with the others, and {@link RoundListener#failed} is called. One more failure ends
         * the run. So does a step in which all clients fail, and any Error, such as OutOfMemoryError.
         */
        public Builder failedClients(int failedClients) {
            if (failedClients < 0) {
                throw new IllegalArgumentException("failedClients must be 0 or more, was " + failedClients);
            }
            this.failedClients = failedClients;
            return this;
        }

        /** Adds a listener, called after the listeners added before; none by default. */
        public Builder listener(RoundListener listener) {
            listeners.add(Objects.requireNonNull(listener, "listener"));
            return this;
        }

        /**
         * Changes the thresholds of the run's {@link Diagnosis}, which are its defaults otherwise. The findings are in
         * each {@link RoundReport}, whatever receiver is set here.
         */
        public Builder diagnosis(UnaryOperator<Diagnosis.Builder> thresholds) {
            this.diagnosis = Objects.requireNonNull(thresholds, "diagnosis");
            return this;
        }

        /**
         * Adds a listener to every client, called on the client's thread, in parallel with those of other clients; none by
         * default.
         */
        public Builder clientListener(ClientListener clientListener) {
            clientListeners.add(Objects.requireNonNull(clientListener, "clientListener"));
            return this;
        }

        /**
         * Scores adapters, so that {@link Federation#best} keeps the best one; none by default.
         *
         * @param every rounds between two evaluations; 0 for none but the last round's, which is always evaluated
         * @param score score of an adapter, finite, higher is better; equal for equal adapters
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
         * Ends the run when this number of evaluations in a row were no better than the best one; 0, the default, for
         * never. An evaluation that was made only because the round was the last one does not count, so that the run
         * can be extended.
         */
        public Builder patience(int patience) {
            if (patience < 0) {
                throw new IllegalArgumentException("patience must be 0 or more evaluations, was " + patience);
            }
            this.patience = patience;
            return this;
        }

        /**
         * Saves the run after each round, so that it can be {@linkplain #resume resumed}: adapter, state of the
         * aggregator, number of the round, the reports of past rounds, the best adapter. Each round writes a file of
         * the size of two adapters and the aggregator's state, and keeps the previous file. {@link #build} then reads
         * the model's weights once, about 1 s per gigabyte.
         *
         * <p>{@link FedHds#agreedSettings}, device, threads, share of clients, and the server's aggregator, selector and
         * frame are saved too, and resuming with other values is refused. Not known here: data, the settings of roles
         * of the application, and roles that {@link #clientSettings} replaces. Name those that the result depends on in
         * the settings.
         *
         * @param folder created if it is missing; for this run only, and locked while it runs. {@link #build} refuses a
         *     folder that already contains a run, unless it is resumed
         * @param settings other settings that the result depends on, by name
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
         * Continues the run of the checkpoint, or starts a new one if there is none; false by default. The result
         * equals that of an uninterrupted run, bit for bit (with secret noise the saved rounds do, and the others have other noise), and no saved round is run again. {@link #build} throws a
         * {@link FedHdsException} if both the newest checkpoint and the one before it are damaged, or if settings,
         * seed, clients or number of threads differ. Rounds, patience, evaluation and parallel clients may differ.
         */
        public Builder resume(boolean resume) {
            this.resume = resume;
            return this;
        }

        /** Replaces the disk that the checkpoint is written to; for tests. */
        Builder disk(Disk newDisk) {
            disk = newDisk;
            return this;
        }

        /**
         * The privacy ledger of each client, which must be set if {@link FedHds} has noise. Asked in every round for each of its clients,
         * so it returns the same ledger each time; the application closes them. A resumed run needs ledgers in files.
         */
        public Builder ledgers(Function<ClientId, PrivacyLedger> ledgers) {
            this.ledgers = Objects.requireNonNull(ledgers, "ledgers");
            return this;
        }

        private Function<ClientId, PrivacyLedger> ledgers() {
            if (ledgers == null && fedHds.isNoised()) {
                throw new IllegalStateException(
                        "this run has noise on what clients send; set the ledgers that keep what"
                                + " each client has spent");
            }
            return ledgers == null
                    ? id -> {
                        throw new IllegalStateException("client " + id + " needs no ledger");
                    }
                    : ledgers;
        }

        /**
         * Replaces roles of every client, such as its selector; those of {@link FedHds} by default. Called in every
         * round for each client of the round, so create expensive objects outside.
         */
        public Builder clientSettings(UnaryOperator<FedHdsClientBuilder> clientSettings) {
            this.clientSettings = Objects.requireNonNull(clientSettings, "clientSettings");
            return this;
        }

        /** Replaces roles of the server, such as its selector or aggregator; those of {@link FedHds} by default. */
        public Builder serverSettings(UnaryOperator<FedHdsServerBuilder> serverSettings) {
            this.serverSettings = Objects.requireNonNull(serverSettings, "serverSettings");
            return this;
        }

        /** Creates the federation, before its first round or in the state of the checkpoint. */
        public Federation build() {
            return new Federation(this);
        }
    }
}
