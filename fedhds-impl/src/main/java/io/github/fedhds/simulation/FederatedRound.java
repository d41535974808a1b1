package io.github.fedhds.simulation;

import io.github.fedhds.FedHdsClient;
import io.github.fedhds.FedHdsClientBuilder;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.FedHdsServer;
import io.github.fedhds.codec.MessageCodec;
import io.github.fedhds.features.FeatureCache;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.message.GroupSelection;
import io.github.fedhds.message.Message;
import io.github.fedhds.message.MessageKind;
import io.github.fedhds.message.MessageLimits;
import io.github.fedhds.message.Receipt;
import io.github.fedhds.message.RoundOpening;
import io.github.fedhds.message.RoundResult;
import io.github.fedhds.message.SumPart;
import io.github.fedhds.monitoring.RoundListener;
import io.github.fedhds.monitoring.RoundReport;
import io.github.fedhds.monitoring.Traffic;
import io.github.fedhds.privacy.PrivacyLedger;
import io.github.fedhds.privacy.PrivacySpent;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.setup.FedHds;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** One round of a server with the clients of this process, and its counts. For one thread, used once. */
final class FederatedRound {
    /** Only measures sizes of this process's messages, so it needs no limits. */
    private static final MessageCodec UNBOUNDED = MessageCodec.of(MessageLimits.unbounded());

    private final FedHds fedHds;
    private final Function<ClientId, Supplier<List<Instruction>>> data;
    private final Function<ClientId, PrivacyLedger> ledgers;
    private final UnaryOperator<FedHdsClientBuilder> clientSettings;
    private final FedHdsServer server;
    private final List<RoundListener> listeners;
    private final Traffic traffic;
    private final int mostFailures;

    private final List<ClientId> failed = new ArrayList<>();
    private final LongAdder features = new LongAdder();
    private final LongAdder summaries = new LongAdder();
    private final LongAdder training = new LongAdder();

    FederatedRound(
            FedHds fedHds,
            Function<ClientId, Supplier<List<Instruction>>> data,
            Function<ClientId, PrivacyLedger> ledgers,
            UnaryOperator<FedHdsClientBuilder> clientSettings,
            FedHdsServer server,
            List<RoundListener> listeners,
            Traffic traffic,
            int mostFailures) {
        this.fedHds = fedHds;
        this.data = data;
        this.ledgers = ledgers;
        this.clientSettings = clientSettings;
        this.server = server;
        this.listeners = listeners;
        this.traffic = traffic;
        this.mostFailures = mostFailures;
    }

    /** Opens a round and runs it; abandons it if an exception is thrown. */
    RoundReport run(ClientThreads threads) {
        RoundOpening opening = server.open();
        boolean done = false;
        try {
            RoundReport report = run(opening, threads);
            done = true;
            return report;
        } finally {
            if (!done) {
                server.abandon();
            }
        }
    }

    private RoundReport run(RoundOpening opening, ClientThreads threads) {
        long start = System.nanoTime();
        FeatureCache.Statistics before = cacheStatistics();
        OptionalLong opened = bytes(opening);
        opening.clients().forEach(id -> toClient(opening.round(), id, MessageKind.OPENING, opened));

        Map<ClientId, Participant> participants = new LinkedHashMap<>();
        opening.clients().forEach(id -> participants.put(id, new Participant(id)));
        run(participants.values(), threads, opening, p -> p.summarise(opening), this::take);

        long choice = System.nanoTime();
        Map<ClientId, GroupSelection> selections = new LinkedHashMap<>(server.select());
        summaries.add(System.nanoTime() - choice);
        selections.forEach((id, selection) -> toClient(opening.round(), id, MessageKind.SELECTION, bytes(selection)));

        selections.values().removeIf(selection -> selection.groups().isEmpty());
        participants.keySet().retainAll(selections.keySet()); // releases the others, which are done
        run(
                participants.values(),
                threads,
                opening,
                p -> p.train(Objects.requireNonNull(selections.get(p.id))),
                answer -> answer.ifPresent(this::take));
        sum(participants, threads, opening);
        long average = System.nanoTime();
        RoundResult result = server.aggregate();
        long end = System.nanoTime();
        Traffic.Count carried = traffic.of(opening.round());
        return new RoundReport(
                result,
                result.adapter().digest(),
                opening.clients(),
                new RoundReport.Seconds(
                        features.sum() / 1e9,
                        (summaries.sum() - features.sum()) / 1e9,
                        training.sum() / 1e9,
                        (end - average) / 1e9,
                        (end - start) / 1e9),
                new RoundReport.Bytes(carried.bytesDown(), carried.bytesUp()),
                cacheStatistics().since(before),
                opening.clients().stream().filter(failed::contains).toList(),
                OptionalDouble.empty(),
                spent(opening));
    }

    private Optional<PrivacySpent> spent(RoundOpening opening) {
        return fedHds.isNoised() && !opening.clients().isEmpty() // the server may have drawn none
                ? Optional.of(PrivacySpent.of(
                        opening.clients().stream().map(this::ledger).toList()))
                : fedHds.centralNoise().map(noise -> noise.spent(opening.round()));
    }

    private PrivacyLedger ledger(ClientId id) {
        return Objects.requireNonNull(ledgers.apply(id), () -> "ledger of client " + id);
    }

    /** The exchanges of a secure sum after the keys, if there is one. */
    private void sum(Map<ClientId, Participant> participants, ClientThreads threads, RoundOpening opening) {
        while (!server.progress().orElseThrow().isLast()) {
            Map<ClientId, Message> requests = server.proceed();
            requests.forEach((id, request) -> toClient(opening.round(), id, request.kind(), bytes(request)));
            participants.keySet().retainAll(requests.keySet());
            run(
                    participants.values(),
                    threads,
                    opening,
                    p -> p.answer(Objects.requireNonNull(requests.get(p.id))),
                    answer -> answer.ifPresent(this::take));
        }
    }

    /** The result of a client's step: a value, or a failure that the round may tolerate. */
    private record Outcome<T>(
            Participant participant,
            @Nullable T value,
            @Nullable RuntimeException failure,
            Duration work) {}

    private <T> void run(
            Collection<Participant> participants,
            ClientThreads threads,
            RoundOpening opening,
            Function<Participant, T> step,
            Consumer<T> taker) {
        List<Callable<Outcome<T>>> work = new ArrayList<>();
        participants.forEach(participant -> work.add(() -> attempt(participant, step)));
        int before = failed.size();
        threads.inOrder(work, outcome -> {
            ClientId client = outcome.participant().id;
            listeners.forEach(l -> l.worked(opening.round(), client, outcome.work()));
            RuntimeException failure = outcome.failure();
            if (failure == null) {
                taker.accept(Objects.requireNonNull(outcome.value()));
                return;
            }
            boolean all = failed.size() - before + 1 == work.size();
            if (failed.size() == mostFailures || all) {
                throw failure;
            }
            failed.add(client);
            listeners.forEach(l -> l.failed(opening.round(), client, failure));
        });
    }

    /** Throws at once if no failure is tolerated, so that no further client starts. */
    private <T> Outcome<T> attempt(Participant participant, Function<Participant, T> step) {
        long start = System.nanoTime();
        try {
            return new Outcome<>(participant, step.apply(participant), null, since(start));
        } catch (RuntimeException e) {
            if (mostFailures == 0) {
                throw e;
            }
            return new Outcome<>(participant, null, e, since(start));
        }
    }

    private static Duration since(long start) {
        return Duration.ofNanos(System.nanoTime() - start);
    }

    private void take(Message message) {
        Receipt receipt = server.accept(message);
        ClientId client = message.party().orElseThrow();
        bytes(message).ifPresent(length -> traffic.toServer(message.round(), client, message.kind(), length));
        toClient(message.round(), client, MessageKind.RECEIPT, bytes(receipt));
    }

    private void toClient(int round, ClientId client, MessageKind kind, OptionalLong bytes) {
        bytes.ifPresent(length -> traffic.toClient(round, client, kind, length));
    }

    /** Empty for messages that cannot be encoded, such as an adapter with NaN: a real client could not send them. */
    private static OptionalLong bytes(Message message) {
        try {
            return OptionalLong.of(UNBOUNDED.bytes(message));
        } catch (IllegalArgumentException e) {
            return OptionalLong.empty();
        }
    }

    private FeatureCache.Statistics cacheStatistics() {
        return fedHds.featureCache().map(FeatureCache::statistics).orElse(FeatureCache.Statistics.NONE);
    }

    /** A client in one round, with timed feature extraction; one step at a time. */
    private final class Participant {
        private final ClientId id;
        private volatile @Nullable FedHdsClient client;

        Participant(ClientId id) {
            this.id = id;
        }

        /** A client whose budget is spent withdraws; other faults are thrown. */
        Message summarise(RoundOpening opening) {
            FedHdsClient made = make();
            client = made;
            return timed(
                    summaries, () -> fedHds.isNoised() ? made.answer(opening).orElseThrow() : made.summarise(opening));
        }

        Optional<Message> train(GroupSelection selection) {
            FedHdsClient made = Objects.requireNonNull(client);
            Optional<Message> answer = timed(training, () -> made.train(selection));
            if (answer.filter(SumPart.class::isInstance).isEmpty()) {
                client = null; // also releases its instructions
            }
            return answer;
        }

        Optional<Message> answer(Message request) {
            return Objects.requireNonNull(client).answer(request);
        }

        private FedHdsClientBuilder builder() {
            return fedHds.isNoised() ? fedHds.client(id, ledger(id)) : fedHds.client(id);
        }

        private FedHdsClient make() {
            List<Instruction> instructions = data.apply(id).get();
            if (instructions == null) {
                throw new FedHdsException("the supplier of client " + id + " returned null; it must return an empty"
                        + " list for a client without instructions");
            }
            return Objects.requireNonNull(
                            clientSettings.apply(builder().instructions(instructions)),
                            "clientSettings returned null; it must return a builder")
                    .aroundFeatureExtractor(
                            extractor -> (list, round) -> timed(features, () -> extractor.extract(list, round)))
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
}
