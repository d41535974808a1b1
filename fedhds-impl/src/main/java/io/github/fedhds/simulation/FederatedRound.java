package io.github.fedhds.simulation;

import io.github.fedhds.FedHdsClient;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.FedHdsServer;
import io.github.fedhds.codec.MessageCodec;
import io.github.fedhds.features.FeatureCache;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.message.CentroidReport;
import io.github.fedhds.message.GroupSelection;
import io.github.fedhds.message.Message;
import io.github.fedhds.message.MessageKind;
import io.github.fedhds.message.MessageLimits;
import io.github.fedhds.message.Receipt;
import io.github.fedhds.message.RoundOpening;
import io.github.fedhds.message.RoundResult;
import io.github.fedhds.monitoring.RoundListener;
import io.github.fedhds.monitoring.RoundReport;
import io.github.fedhds.monitoring.Traffic;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.setup.FedHds;
import io.github.fedhds.training.TrainingResult;
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

/** One round of an open server with clients of this process, and what is counted of it. For one thread, once. */
final class FederatedRound {
    /** Nothing is read by it, so no limit protects anyone. */
    private static final MessageCodec UNBOUNDED = MessageCodec.of(new MessageLimits(
            Long.MAX_VALUE,
            MessageLimits.MAX_HEADER_BYTES,
            Integer.MAX_VALUE,
            Integer.MAX_VALUE,
            Integer.MAX_VALUE,
            Integer.MAX_VALUE,
            1_000_000,
            Integer.MAX_VALUE));

    private final FedHds fedHds;
    private final Function<ClientId, Supplier<List<Instruction>>> data;
    private final UnaryOperator<FedHdsClient.Builder> clientSettings;
    private final FedHdsServer server;
    private final RoundListener listener;
    private final Traffic traffic;
    private final int mostFailures;

    private final List<ClientId> failed = new ArrayList<>();
    private final LongAdder features = new LongAdder();
    private final LongAdder summaries = new LongAdder();
    private final LongAdder training = new LongAdder();
    private int cutPrompts;
    private int tooLong;
    private int nonFinite;

    FederatedRound(
            FedHds fedHds,
            Function<ClientId, Supplier<List<Instruction>>> data,
            UnaryOperator<FedHdsClient.Builder> clientSettings,
            FedHdsServer server,
            RoundListener listener,
            Traffic traffic,
            int mostFailures) {
        this.fedHds = fedHds;
        this.data = data;
        this.clientSettings = clientSettings;
        this.server = server;
        this.listener = listener;
        this.traffic = traffic;
        this.mostFailures = mostFailures;
    }

    RoundReport run(RoundOpening opening, ClientThreads threads) {
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
        participants.keySet().retainAll(selections.keySet()); // the others are done, and let go
        run(
                participants.values(),
                threads,
                opening,
                p -> p.train(Objects.requireNonNull(selections.get(p.id))),
                trained -> take(opening, trained));
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
                new RoundReport.Faults(
                        opening.clients().stream().filter(failed::contains).toList(), cutPrompts, tooLong, nonFinite),
                OptionalDouble.empty());
    }

    /** A client's step as it ended: a value, or a failure that the round gets over. */
    private record Outcome<T>(
            Participant participant,
            @Nullable T value,
            @Nullable RuntimeException failure) {}

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
            RuntimeException failure = outcome.failure();
            if (failure == null) {
                taker.accept(Objects.requireNonNull(outcome.value()));
                return;
            }
            boolean all = failed.size() - before + 1 == work.size();
            if (failed.size() == mostFailures || all) {
                throw failure;
            }
            failed.add(outcome.participant().id);
            listener.failed(opening.round(), outcome.participant().id, failure);
        });
    }

    /** A first failure that is one too many is thrown here, so that no further client begins. */
    private <T> Outcome<T> attempt(Participant participant, Function<Participant, T> step) {
        try {
            return new Outcome<>(participant, step.apply(participant), null);
        } catch (RuntimeException e) {
            if (mostFailures == 0) {
                throw e;
            }
            return new Outcome<>(participant, null, e);
        }
    }

    private void take(CentroidReport report) {
        Receipt receipt = server.accept(report);
        count(report.round(), report.client(), report, receipt);
    }

    private void take(RoundOpening opening, Trained trained) {
        TrainingResult result = trained.result();
        if (result == null) { // nothing was chosen in the groups
            return;
        }
        cutPrompts += result.cutPrompts();
        tooLong += result.skippedTooLong();
        nonFinite += result.skippedNonFinite();
        trained.answer().ifPresent(answer -> {
            Receipt receipt = server.accept(answer);
            count(opening.round(), trained.client(), answer, receipt);
        });
    }

    private void count(int round, ClientId client, Message message, Receipt answer) {
        bytes(message).ifPresent(length -> traffic.toServer(round, client, message.kind(), length));
        toClient(round, client, MessageKind.RECEIPT, bytes(answer));
    }

    private void toClient(int round, ClientId client, MessageKind kind, OptionalLong bytes) {
        bytes.ifPresent(length -> traffic.toClient(round, client, kind, length));
    }

    /** Empty for what has no byte form, such as an adapter with NaN: it would not have left its client. */
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

    private record Trained(ClientId client, @Nullable TrainingResult result, Optional<Message> answer) {}

    /** A client for one round, whose features are timed and whose training is looked at; one step at a time. */
    private final class Participant {
        private final ClientId id;
        private volatile @Nullable FedHdsClient client;
        private volatile @Nullable TrainingResult result;

        Participant(ClientId id) {
            this.id = id;
        }

        CentroidReport summarise(RoundOpening opening) {
            FedHdsClient made = make();
            client = made;
            return timed(summaries, () -> made.summarise(opening));
        }

        Trained train(GroupSelection selection) {
            FedHdsClient made = Objects.requireNonNull(client);
            client = null; // its instructions go with it
            Optional<Message> answer = timed(training, () -> made.train(selection));
            TrainingResult seen = result;
            result = null;
            return new Trained(id, seen, answer);
        }

        private FedHdsClient make() {
            List<Instruction> instructions = data.apply(id).get();
            if (instructions == null) {
                throw new FedHdsException("the supplier of client " + id + " gave null; a client without instructions"
                        + " has an empty list");
            }
            return Objects.requireNonNull(
                            clientSettings.apply(fedHds.client(id).instructions(instructions)),
                            "clientSettings gave null; it must give a builder")
                    .aroundFeatureExtractor(
                            extractor -> (list, round) -> timed(features, () -> extractor.extract(list, round)))
                    .aroundTrainer(trainer -> (list, round) -> {
                        TrainingResult trained = trainer.train(list, round);
                        result = trained;
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
}
