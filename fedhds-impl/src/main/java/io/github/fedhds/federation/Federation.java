package io.github.fedhds.federation;

import com.google.common.util.concurrent.Uninterruptibles;
import io.github.fedhds.ClientId;
import io.github.fedhds.ClientSampler;
import io.github.fedhds.FedHdsClient;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.FedHdsServer;
import io.github.fedhds.caching.FeatureCache;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.message.CentroidReport;
import io.github.fedhds.message.GroupSelection;
import io.github.fedhds.message.Receipt;
import io.github.fedhds.message.RoundOpening;
import io.github.fedhds.message.RoundResult;
import io.github.fedhds.training.Adapter;
import io.github.fedhds.training.TrainingResult;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * All clients and the server in one process: for experiments, tests and data that is split but not apart. Equal settings
 * and seed give equal bytes on one machine with one number of torch threads, however many clients run at a time.
 *
 * <p>One loaded model serves every client. Memory: the model, one adapter a running client, and all instructions. For
 * one thread at a time.
 */
public final class Federation {
    private final FedHds fedHds;
    private final Map<ClientId, List<Instruction>> data;
    private final int rounds;
    private final int parallelClients;
    private final UnaryOperator<FedHdsClient.Builder> clientSettings;
    private final FedHdsServer server;
    private final RoundListener listener;

    private Federation(Builder builder) {
        fedHds = builder.fedHds;
        data = Map.copyOf(builder.clients);
        rounds = builder.rounds;
        parallelClients = builder.parallelClients;
        clientSettings = builder.clientSettings;
        listener = builder.listener;
        if (builder.clients.isEmpty()) {
            throw new IllegalArgumentException("a federation needs at least one client; add some to the builder");
        }
        List<ClientId> roster = List.copyOf(builder.clients.keySet());
        server = builder.serverSettings
                .apply(fedHds.server(roster, builder.seed).sampler(ClientSampler.uniform(builder.activeShare)))
                .build();
    }

    /** Starts a federation of clients and a server as {@code fedHds} makes them. */
    public static Builder builder(FedHds fedHds) {
        return new Builder(fedHds);
    }

    /** The server's adapter now: the first one before {@link #run}, the last one after. */
    public Adapter adapter() {
        return server.globalAdapter();
    }

    /**
     * Runs all rounds, and says what each came to. A further call goes on with as many rounds, from where the last one
     * ended.
     *
     * <p>What a role or the listener throws ends the run and passes through. The round is then abandoned, and the adapter
     * is that of the round before. However the run ends, it ends after the last client's work: until then the model must
     * not be closed.
     *
     * @throws FedHdsException if the thread is interrupted, which is noticed while clients are at work: they are
     *     interrupted too, and the thread keeps its interrupt flag
     */
    public List<RoundReport> run() {
        ExecutorService pool = Executors.newFixedThreadPool(parallelClients, task -> {
            Thread thread = new Thread(task, "fedhds-client");
            thread.setDaemon(true);
            return thread;
        });
        try {
            List<RoundReport> reports = new ArrayList<>();
            for (int i = 0; i < rounds; i++) {
                RoundReport report = round(pool);
                listener.closed(report);
                reports.add(report);
            }
            return reports;
        } finally {
            end(pool);
        }
    }

    /** Waits for the threads at work, interrupted or not: they use a model that the caller may close after this. */
    private static void end(ExecutorService pool) {
        pool.shutdownNow();
        Uninterruptibles.awaitTerminationUninterruptibly(pool);
    }

    private RoundReport round(ExecutorService pool) {
        long start = System.nanoTime();
        RoundOpening opening = server.open();
        boolean done = false;
        try {
            RoundReport report = round(pool, opening, start);
            done = true;
            return report;
        } finally {
            if (!done) {
                server.abandon();
            }
        }
    }

    private RoundReport round(ExecutorService pool, RoundOpening opening, long start) {
        FeatureCache.Statistics before = cacheStatistics();
        LongAdder features = new LongAdder();
        LongAdder summaries = new LongAdder();
        LongAdder training = new LongAdder();
        listener.opened(opening);

        Map<ClientId, Participant> participants = new LinkedHashMap<>();
        for (ClientId id : opening.clients()) {
            participants.put(id, new Participant(id, features));
        }
        List<CentroidReport> summarised = inOrder(
                pool,
                opening.clients().stream()
                        .map(participants::get)
                        .<Callable<CentroidReport>>map(p -> () -> timed(summaries, () -> p.client.summarise(opening)))
                        .toList());
        for (CentroidReport report : summarised) {
            listener.summarised(report, server.accept(report));
        }

        long choice = System.nanoTime();
        Map<ClientId, GroupSelection> selections = server.select();
        summaries.add(System.nanoTime() - choice);
        listener.selected(
                opening.round(),
                selections.values().stream().mapToInt(s -> s.groups().size()).sum(),
                summarised.stream().mapToInt(r -> r.centroids().size()).sum());

        List<Participant> chosen = opening.clients().stream()
                .filter(selections::containsKey)
                .map(participants::get)
                .toList();
        List<Optional<AdapterUpdate>> updates = inOrder(
                pool,
                chosen.stream()
                        .<Callable<Optional<AdapterUpdate>>>map(p -> () -> timed(
                                training, () -> p.client.train(Objects.requireNonNull(selections.get(p.client.id())))))
                        .toList());
        int cut = 0;
        int tooLong = 0;
        int nonFinite = 0;
        for (int i = 0; i < chosen.size(); i++) {
            TrainingResult result = chosen.get(i).result.get();
            if (result == null) { // no group of this client was chosen
                continue;
            }
            cut += result.cutPrompts();
            tooLong += result.skippedTooLong();
            nonFinite += result.skippedNonFinite();
            if (updates.get(i).isPresent()) {
                Receipt receipt = server.accept(updates.get(i).get());
                listener.trained(opening.round(), chosen.get(i).client.id(), result, receipt);
            }
        }
        long average = System.nanoTime();
        RoundResult result = server.aggregate();
        long end = System.nanoTime();
        return new RoundReport(
                result,
                opening.clients(),
                new RoundReport.Seconds(
                        features.sum() / 1e9,
                        (summaries.sum() - features.sum()) / 1e9,
                        training.sum() / 1e9,
                        (end - average) / 1e9,
                        (end - start) / 1e9),
                cacheStatistics().since(before),
                cut,
                tooLong,
                nonFinite);
    }

    private FeatureCache.Statistics cacheStatistics() {
        return fedHds.featureCache().map(FeatureCache::statistics).orElse(FeatureCache.Statistics.NONE);
    }

    /** A client for one round, whose features are timed and whose training is looked at. */
    private final class Participant {
        final FedHdsClient client;
        final AtomicReference<@Nullable TrainingResult> result = new AtomicReference<>();

        Participant(ClientId id, LongAdder features) {
            FedHdsClient.Builder parts = fedHds.client(id).instructions(data.getOrDefault(id, List.of()));
            client = clientSettings
                    .apply(parts)
                    .aroundFeatureExtractor(
                            extractor -> (list, round) -> timed(features, () -> extractor.extract(list, round)))
                    .aroundTrainer(trainer -> (list, round) -> {
                        TrainingResult trained = trainer.train(list, round);
                        result.set(trained);
                        return trained;
                    })
                    .build();
        }
    }

    private static <T> T timed(LongAdder nanos, Callable<T> work) {
        long start = System.nanoTime();
        try {
            return work.call();
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new FedHdsException("a step of a round failed", e);
        } finally {
            nanos.add(System.nanoTime() - start);
        }
    }

    /** Results in the order of the work, however it was spread over threads. After a failure nothing more is started. */
    private static <T> List<T> inOrder(ExecutorService pool, List<Callable<T>> work) {
        AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
        List<Future<T>> futures = work.stream()
                .map(task -> pool.submit(() -> {
                    if (failure.get() != null) {
                        throw new CancellationException("another client failed, or the run was interrupted");
                    }
                    try {
                        return task.call();
                    } catch (Exception | Error e) {
                        failure.compareAndSet(null, e);
                        throw e;
                    }
                }))
                .toList();
        List<T> results = new ArrayList<>();
        try {
            for (Future<T> future : futures) {
                results.add(future.get());
            }
            return results;
        } catch (ExecutionException e) {
            futures.forEach(f -> f.cancel(true));
            if (failure.get() instanceof RuntimeException first) {
                throw first;
            }
            throw new FedHdsException("a client failed", failure.get());
        } catch (InterruptedException e) {
            failure.compareAndSet(null, e); // before any thread is free to start another client
            futures.forEach(f -> f.cancel(true));
            Thread.currentThread().interrupt();
            throw new FedHdsException("interrupted while clients were at work", e);
        }
    }

    /** Collects a federation's parts. Not safe for many threads. */
    public static final class Builder {
        private final FedHds fedHds;
        private final Map<ClientId, List<Instruction>> clients = new LinkedHashMap<>();
        private double activeShare = 0.05;
        private int rounds = 1;
        private long seed;
        private int parallelClients = 1;
        private RoundListener listener = new RoundListener() {};
        private UnaryOperator<FedHdsClient.Builder> clientSettings = UnaryOperator.identity();
        private UnaryOperator<FedHdsServer.Builder> serverSettings = UnaryOperator.identity();

        private Builder(FedHds fedHds) {
            this.fedHds = fedHds;
        }

        /** Adds a client. */
        public Builder client(ClientId id, List<Instruction> instructions) {
            if (clients.putIfAbsent(id, List.copyOf(instructions)) != null) {
                throw new IllegalArgumentException("client " + id + " was added before; names are unique");
            }
            return this;
        }

        /** Adds clients in the map's order. */
        public Builder clients(Map<ClientId, List<Instruction>> newClients) {
            newClients.forEach(this::client);
            return this;
        }

        /** Share of the clients in a round, above 0 and at most 1, at least one client; 0.05 by default. */
        public Builder activeShare(double share) {
            activeShare = share;
            return this;
        }

        /** Rounds, 1 or more; 1 by default. */
        public Builder rounds(int count) {
            if (count < 1) {
                throw new IllegalArgumentException("rounds must be 1 or more, was " + count);
            }
            rounds = count;
            return this;
        }

        /** Seed of the whole run; 0 by default. */
        public Builder seed(long newSeed) {
            seed = newSeed;
            return this;
        }

        /** Clients that run at a time, 1 or more; 1 by default. Changes no result. */
        public Builder parallelClients(int count) {
            if (count < 1) {
                throw new IllegalArgumentException("parallelClients must be 1 or more, was " + count);
            }
            parallelClients = count;
            return this;
        }

        /** Is told of the progress; no one by default. */
        public Builder listener(RoundListener newListener) {
            listener = newListener;
            return this;
        }

        /**
         * Replaces parts of every client, such as its selector; the paper's by default. Asked in every round for each of
         * its clients, so what is costly to make is made outside.
         */
        public Builder clientSettings(UnaryOperator<FedHdsClient.Builder> settings) {
            clientSettings = settings;
            return this;
        }

        /** Replaces parts of the server, such as its selector or aggregator; the paper's by default. */
        public Builder serverSettings(UnaryOperator<FedHdsServer.Builder> settings) {
            serverSettings = settings;
            return this;
        }

        /** The federation, before its first round. */
        public Federation build() {
            return new Federation(this);
        }
    }
}
