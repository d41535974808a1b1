package io.github.fedhds.secure;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.ClientSampler;
import io.github.fedhds.FedHdsClient;
import io.github.fedhds.FedHdsServer;
import io.github.fedhds.FedHdsServerBuilder;
import io.github.fedhds.RoundProgress;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.aggregation.Aggregator;
import io.github.fedhds.aggregation.MeanUpdate;
import io.github.fedhds.aggregation.SecureAggregation;
import io.github.fedhds.aggregators.CoordinateMedian;
import io.github.fedhds.aggregators.ExactLoraAveraging;
import io.github.fedhds.aggregators.FedAvg;
import io.github.fedhds.aggregators.FedOpt;
import io.github.fedhds.aggregators.NormClipping;
import io.github.fedhds.codec.MessageCodec;
import io.github.fedhds.feature.FeatureMatrix;
import io.github.fedhds.feature.Points;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.message.GroupSelection;
import io.github.fedhds.message.Message;
import io.github.fedhds.message.MessageKind;
import io.github.fedhds.message.Receipt;
import io.github.fedhds.message.Refusal;
import io.github.fedhds.message.RoundOpening;
import io.github.fedhds.message.RoundResult;
import io.github.fedhds.message.SumPart;
import io.github.fedhds.message.Withdrawal;
import io.github.fedhds.privacy.CentralNoise;
import io.github.fedhds.privacy.PrivacyBudget;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.selection.Selection;
import io.github.fedhds.training.TrainingResult;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Rounds with secure aggregation: server and clients exchange the bytes of messages, some of which are lost, late or repeated. */
class SecureRoundTest {
    private static final MaskedAggregation SUMS =
            MaskedAggregation.of(4).withNeighbours(6).withLeast(3);
    private static final Adapter FIRST = new Adapter(Map.of("w", Tensor.of(new int[] {3, 5}, i -> i - 7)));

    private static List<ClientId> ids(int clients) {
        return IntStream.range(0, clients)
                .mapToObj(i -> new ClientId("client " + i))
                .toList();
    }

    private static FedHdsServerBuilder server(int clients) {
        return FedHdsServer.builder()
                .runId("run")
                .clients(ids(clients))
                .sampler(ClientSampler.uniform(1))
                .selector(Selection.everything().server())
                .aggregator(FedAvg.bySamples())
                .initialAdapter(FIRST);
    }

    /** Server and clients of a run, which exchange bytes. */
    private static final class Run {
        final FedHdsServer server;
        final Map<ClientId, FedHdsClient> clients = new LinkedHashMap<>();
        final Map<ClientId, AdapterUpdate> trained = new HashMap<>(); // of the present round
        final MessageCodec codec;
        final List<Message> answers = new ArrayList<>();
        float added = 1;

        Run(int count) {
            this(server(count).secureAggregation(SUMS).build());
        }

        Run(FedHdsServer server) {
            this.server = server;
            codec = MessageCodec.of(server.messageLimits());
            server.clients().forEach(this::start);
        }

        void start(ClientId id) {
            int number = server.clients().indexOf(id);
            clients.put(
                    id,
                    FedHdsClient.builder(id)
                            .instructions(Collections.nCopies(1 + number % 3, new Instruction("a", "", "b")))
                            .featureExtractor(
                                    (list, round) -> new FeatureMatrix(list.size(), 1, 1, new float[list.size()]))
                            .fusion((features, round) ->
                                    new Points(features.rows(), 2, new double[2 * features.rows()]))
                            .selector(Selection.everything().client())
                            .secureAggregation(SUMS)
                            .trainer((list, round) -> {
                                Adapter adapter = moved(round.globalAdapter(), number);
                                trained.put(
                                        id, new AdapterUpdate("run", round.round(), id, adapter, list.size(), number));
                                return new TrainingResult(adapter, list.size(), new double[] {number});
                            })
                            .build());
        }

        Adapter moved(Adapter from, int number) {
            Tensor start = Objects.requireNonNull(from.tensors().get("w"));
            return new Adapter(Map.of(
                    "w", Tensor.of(start.shape(), i -> start.get(i) + added * (number + 1) * (i % 3 - 1) / 40)));
        }

        FedHdsClient client(ClientId id) {
            return Objects.requireNonNull(clients.get(id));
        }

        /** To the client and back, as bytes; the answer is kept. */
        Optional<Message> ask(ClientId id, Message message) {
            Message received = codec.decode(codec.encode(message).toByteArray()).message();
            Optional<Message> answer = client(id).answer(received);
            answer.ifPresent(answers::add);
            return answer;
        }

        Receipt give(Message message) {
            return server.accept(
                    codec.decode(codec.encode(message).toByteArray()).message());
        }

        Receipt exchange(ClientId id, Message message) {
            return give(ask(id, message).orElseThrow());
        }

        /** To the selection of groups, and to keys if asked for. */
        Map<ClientId, GroupSelection> open() {
            trained.clear();
            RoundOpening opening = server.open();
            opening.clients().forEach(id -> assertTrue(exchange(id, opening).counts()));
            return server.select();
        }

        /** All exchanges without a loss up to that step. */
        void until(RoundProgress.Step step) {
            open().forEach((id, selection) -> assertTrue(exchange(id, selection).counts()));
            while (progress().step() != step) {
                server.proceed()
                        .forEach((id, request) ->
                                assertTrue(exchange(id, request).counts()));
            }
        }

        RoundProgress progress() {
            return server.progress().orElseThrow();
        }

        /** The mean of what these clients have trained, by the sums of whole numbers alone. */
        MeanUpdate mean(List<ClientId> of, Adapter global) {
            Quantiser quantiser = new Quantiser(global, SUMS.norm(15), SUMS.greatestWeight(), clients.size());
            int[] sum = new int[quantiser.length()];
            for (ClientId id : of) {
                int[] words = quantiser.words(Objects.requireNonNull(trained.get(id)));
                for (int i = 0; i < sum.length; i++) {
                    sum[i] += words[i];
                }
            }
            return quantiser.mean(sum, of.size());
        }
    }

    @Test
    void round_withoutLosses_hasTheMeanOfAll_asWithoutSecureAggregation() {
        Run run = new Run(7);
        run.until(RoundProgress.Step.REVEALED_SHARES);
        RoundResult result = run.server.aggregate();
        assertEquals(Optional.empty(), result.voidReason());
        assertEquals(7, result.updates());
        MeanUpdate mean = run.mean(ids(7), FIRST);
        assertEquals(mean.adapter().digest(), result.adapter().digest());
        assertEquals(1 + 2 + 3 + 1 + 2 + 3 + 1, result.samples());
        double loss = (0 + 2 + 6 + 3 + 8 + 15 + 6) / 13.0;
        assertEquals(loss, result.meanLoss(), 1e-5);

        FedHdsServer plain = server(7).build();
        RoundOpening opening = plain.open();
        for (ClientId id : opening.clients()) {
            assertTrue(plain.accept(run.client(id).summarise(opening)).counts());
        }
        plain.select();
        run.trained.values().forEach(update -> assertTrue(plain.accept(update).counts()));
        float[] exact = values(plain.aggregate().adapter());
        float[] summed = values(result.adapter());
        for (int i = 0; i < exact.length; i++) {
            assertEquals(exact[i], summed[i], 4.0 * 100 * 7 / 13 * 7 / Math.pow(2, 31) + 1e-6);
        }
    }

    private static float[] values(Adapter adapter) {
        return Objects.requireNonNull(adapter.tensors().get("w")).toArray();
    }

    /** Whatever is lost, repeated or late: the mean of those whose masked update counted, or no change with a reason. */
    @Test
    void rounds_overABadNetwork_haveTheExactMeanOfTheSurvivors_orAreVoid() {
        int means = 0;
        int voids = 0;
        Map<RoundProgress.Step, Integer> losses = new TreeMap<>();
        for (int seed = 0; seed < 40; seed++) {
            Random random = new Random(seed);
            Run run = new Run(3 + random.nextInt(10));
            double loss = random.nextInt(4) * 0.05;
            for (int round = 0; round < 3; round++) {
                Adapter before = run.server.globalAdapter();
                List<Message> old = List.copyOf(run.answers);
                Map<ClientId, ? extends Message> requests = run.open();
                while (true) {
                    RoundProgress.Step step = run.progress().step();
                    List<ClientId> order = new ArrayList<>(requests.keySet());
                    Collections.shuffle(order, random);
                    for (ClientId id : order) {
                        if (random.nextDouble() < loss) {
                            losses.merge(step, 1, Integer::sum);
                            continue;
                        }
                        if (random.nextInt(20) == 0) {
                            run.start(id); // forgets the round
                        }
                        Message request = Objects.requireNonNull(requests.get(id));
                        Optional<Message> answer = run.ask(id, request);
                        for (int copies = 1 + random.nextInt(3); copies > 0; copies--) {
                            answer.ifPresent(run::give);
                            assertEquals(answer, run.ask(id, request), "the same again");
                        }
                        if (!old.isEmpty() && random.nextBoolean()) {
                            assertFalse(run.give(old.get(random.nextInt(old.size())))
                                    .counts());
                        }
                    }
                    if (run.progress().isLast()) {
                        break;
                    }
                    requests = run.server.proceed();
                }
                List<ClientId> survivors = run.progress().asked();
                RoundResult result = run.server.aggregate();
                if (result.voidReason().isPresent()) {
                    voids++;
                    assertEquals(before.digest(), result.adapter().digest());
                } else {
                    means++;
                    assertEquals(survivors.size(), result.updates());
                    assertEquals(
                            run.mean(survivors, before).adapter().digest(),
                            result.adapter().digest(),
                            "seed " + seed);
                }
            }
        }
        String seen = means + " means, " + voids + " void rounds, lost " + losses;
        assertTrue(means > 40 && voids > 15 && losses.values().stream().allMatch(n -> n > 5), seen);
    }

    @Test
    void masked_andShares_tellNothingOfTheUpdate_andDifferEachTime() {
        List<byte[]> masked = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            Run run = new Run(4);
            run.until(RoundProgress.Step.REVEALED_SHARES);
            run.answers.stream()
                    .filter(m ->
                            m.kind() == MessageKind.MASKED_UPDATE && m.party().equals(Optional.of(ids(4).get(0))))
                    .forEach(m -> masked.add(((SumPart) m).parts().get(ids(4).get(0))));
            assertTrue(run.answers.stream().noneMatch(AdapterUpdate.class::isInstance), "no adapter in the clear");
        }
        assertFalse(java.util.Arrays.equals(masked.get(0), masked.get(1)), "equal seeds, other masks");
    }

    @Test
    void client_withAnotherMessageOfAKind_withdraws_andRevealsNothing() {
        Run run = new Run(5);
        run.until(RoundProgress.Step.REVEALED_SHARES);
        ClientId id = ids(5).get(0);
        SumPart survivors =
                new SumPart("run", 1, id, MessageKind.SURVIVORS, Map.of(id, new byte[0], ids(5).get(1), new byte[0]));
        Withdrawal withdrawal =
                assertInstanceOf(Withdrawal.class, run.ask(id, survivors).orElseThrow());
        assertEquals(Refusal.SECURE_SUM, withdrawal.refusal());
        assertTrue(withdrawal.reason().contains("a second one could reveal"), withdrawal.reason());
        assertEquals(
                Optional.empty(),
                run.server.aggregate().voidReason(),
                "the answer to the first message has come already");
    }

    @Test
    void client_thatHasRevealed_takesPartInNoOtherSumOfTheRound() {
        Run run = new Run(4);
        run.until(RoundProgress.Step.REVEALED_SHARES);
        run.server.abandon();
        Run again = new Run(server(4).secureAggregation(SUMS).build()); // a restored server: the round is opened again
        again.clients.putAll(run.clients);
        Map<ClientId, GroupSelection> selections = again.open();
        selections.forEach(
                (id, selection) -> assertTrue(again.exchange(id, selection).counts()));
        again.server.proceed().forEach((id, keys) -> {
            Message answer = again.ask(id, keys).orElseThrow();
            assertEquals(MessageKind.SHARES, answer.kind(), "the same keys in the same order");
        });
        SumPart other = new SumPart("run", 1, ids(4).get(0), MessageKind.KEY_LIST, Map.of());
        assertInstanceOf(Withdrawal.class, again.ask(ids(4).get(0), other).orElseThrow());
    }

    /** The difference of two sums of a round is an update, so the client remembers that it revealed, whatever it is asked in between. */
    @Test
    void client_thatHasRevealed_refusesEveryFurtherOpeningOfTheRound() {
        Run run = new Run(5);
        run.until(RoundProgress.Step.REVEALED_SHARES);
        assertEquals(Optional.empty(), run.server.aggregate().voidReason());
        for (int other = 0; other < 3; other++) {
            List<ClientId> four = new ArrayList<>(ids(5).subList(0, 4));
            Collections.rotate(four, other);
            Run again = new Run(server(5).clients(four).secureAggregation(SUMS).build());
            again.clients.putAll(run.clients);
            again.open().forEach((id, selection) -> {
                Withdrawal withdrawal = assertInstanceOf(
                        Withdrawal.class, again.ask(id, selection).orElseThrow());
                assertEquals(Refusal.SECURE_SUM, withdrawal.refusal());
            });
        }
    }

    @Test
    void tooFewClients_areRefusedBeforeTheyWork() {
        IllegalArgumentException built = assertThrows(
                IllegalArgumentException.class,
                () -> server(2).secureAggregation(SUMS).build());
        assertTrue(
                String.valueOf(built.getMessage()).contains("the secure aggregation needs the updates of 3"),
                built.getMessage());
        FedHdsServer server = server(5)
                .sampler((all, round) -> all.subList(0, 2))
                .secureAggregation(SUMS)
                .build();
        assertThrows(IllegalStateException.class, server::open);
        FedHdsServer heavy = server(5)
                .secureAggregation(SUMS.withGreatestWeight(Integer.MAX_VALUE))
                .build();
        Run run = new Run(heavy);
        RoundOpening opening = heavy.open();
        opening.clients()
                .forEach(id -> assertTrue(
                        heavy.accept(run.client(id).summarise(opening)).counts()));
        assertTrue(heavy.select().values().stream().allMatch(s -> s.groups().isEmpty()));
        assertTrue(heavy.aggregate().voidReason().orElseThrow().contains("lower the greatest weight"));
    }

    @Test
    void client_thatWasRestarted_isNotWaitedFor() {
        Run run = new Run(5);
        run.open()
                .forEach((id, selection) ->
                        assertTrue(run.exchange(id, selection).counts()));
        ClientId id = ids(5).get(2);
        run.start(id);
        Message request = Objects.requireNonNull(run.server.proceed().get(id));
        Receipt refusal = assertInstanceOf(Receipt.class, run.ask(id, request).orElseThrow());
        assertEquals(Optional.of(Refusal.UNKNOWN_ROUND), refusal.refusal());
        assertTrue(run.progress().missing().contains(id));
        run.give(refusal);
        assertFalse(run.progress().missing().contains(id));
        assertTrue(run.progress().withdrawn().contains(id));
        assertEquals(Optional.empty(), run.server.messageFor(id));
    }

    @Test
    void server_refusesPartsThatDoNotFit() {
        Run run = new Run(4);
        Map<ClientId, GroupSelection> selections = run.open();
        ClientId first = ids(4).get(0);
        ClientId second = ids(4).get(1);
        Message keys =
                run.ask(first, Objects.requireNonNull(selections.get(first))).orElseThrow();
        assertTrue(run.give(keys).counts());
        assertEquals(Receipt.Status.ALREADY_HAD, run.give(keys).status());
        byte[] bytes = Objects.requireNonNull(((SumPart) keys).parts().get(first));
        assertRefused(Refusal.CONFLICTING, run.give(part(first, MessageKind.KEYS, Map.of(first, new byte[96]))));
        assertRefused(Refusal.SECURE_SUM, run.give(part(second, MessageKind.KEYS, Map.of(second, new byte[95]))));
        assertRefused(Refusal.SECURE_SUM, run.give(part(second, MessageKind.KEYS, Map.of(first, bytes))));
        assertRefused(Refusal.SECURE_SUM, run.give(part(second, MessageKind.KEYS, Map.of(second, bytes))));
        assertRefused(Refusal.EARLY, run.give(part(second, MessageKind.SHARES, Map.of())));
        assertRefused(Refusal.WRONG_KIND, run.give(part(second, MessageKind.SURVIVORS, Map.of())));
        assertRefused(Refusal.WRONG_KIND, run.give(new AdapterUpdate("run", 1, second, FIRST, 1, 0)));
        for (ClientId id : ids(4).subList(1, 4)) {
            assertTrue(
                    run.exchange(id, Objects.requireNonNull(selections.get(id))).counts());
        }
        run.server.proceed();
        assertRefused(Refusal.SECURE_SUM, run.give(part(second, MessageKind.SHARES, Map.of(second, new byte[3]))));
        assertThrows(IllegalStateException.class, () -> run.server.aggregate());
        assertThrows(IllegalStateException.class, () -> run.server.select());
        run.server.proceed(); // nobody has sent shares
        RoundResult result = run.server.aggregate();
        assertNotEquals(Optional.empty(), result.voidReason());
        assertEquals(FIRST.digest(), result.adapter().digest());
        assertRefused(Refusal.LATE, run.give(keys));
        assertThrows(IllegalStateException.class, () -> run.server.proceed());
    }

    private static SumPart part(ClientId client, MessageKind kind, Map<ClientId, byte[]> parts) {
        return new SumPart("run", 1, client, kind, parts);
    }

    private static void assertRefused(Refusal refusal, Receipt receipt) {
        assertEquals(Optional.of(refusal), receipt.refusal(), receipt.reason());
    }

    @Test
    void server_withoutSecureAggregation_refusesParts_andCannotProceed() {
        FedHdsServer plain = server(3).build();
        plain.open();
        ClientId id = ids(3).get(0);
        assertRefused(Refusal.WRONG_KIND, plain.accept(part(id, MessageKind.KEYS, Map.of())));
        plain.select();
        assertThrows(IllegalStateException.class, plain::proceed);
    }

    @Test
    void update_thatIsNotFinite_isWithdrawn_andNeverLeaves() {
        Run run = new Run(3);
        run.added = Float.NaN;
        Map<ClientId, GroupSelection> selections = run.open();
        selections.forEach((id, selection) -> {
            for (Message answer : List.of(
                    run.client(id).train(selection).orElseThrow(),
                    run.client(id).answer(selection).orElseThrow())) {
                assertEquals(
                        Refusal.NOT_FINITE,
                        assertInstanceOf(Withdrawal.class, answer).refusal());
            }
        });
    }

    @Test
    void tooFewClients_makeTheRoundVoid_andRevealNothing() {
        Run run = new Run(5);
        run.open().forEach((id, selection) -> run.exchange(id, selection));
        Set<ClientId> two = Set.copyOf(ids(5).subList(0, 2));
        run.server.proceed().forEach((id, request) -> run.exchange(id, request));
        Map<ClientId, Message> shares = run.server.proceed();
        two.forEach(id -> assertTrue(
                run.exchange(id, Objects.requireNonNull(shares.get(id))).counts()));
        assertEquals(Map.of(), run.server.proceed());
        assertTrue(run.progress().isLast());
        RoundResult result = run.server.aggregate();
        assertTrue(
                result.voidReason().orElseThrow().contains("2 answers came of 5 clients asked, and the round needs 3"),
                result.voidReason().orElseThrow());
        assertTrue(run.answers.stream().noneMatch(m -> m.kind() == MessageKind.REVEALED_SHARES));
    }

    @Test
    void build_withARuleThatNeedsEachUpdate_saysWhy() {
        PrivacyBudget budget = new PrivacyBudget(1e6, 1e-5);
        for (Aggregator rule : List.of(
                new CoordinateMedian(),
                NormClipping.of(1, FedAvg.bySamples()),
                ExactLoraAveraging.alpha(1).build(),
                CentralNoise.of(budget, 1, 1, 1, 5))) {
            IllegalArgumentException refused = assertThrows(
                    IllegalArgumentException.class,
                    () -> server(5).aggregator(rule).secureAggregation(SUMS).build());
            assertTrue(
                    String.valueOf(refused.getMessage()).contains("needs each client's update"), refused.getMessage());
        }
        IllegalArgumentException weights = assertThrows(
                IllegalArgumentException.class,
                () -> server(5)
                        .aggregator(FedAvg.equally())
                        .secureAggregation(SUMS)
                        .build());
        assertTrue(String.valueOf(weights.getMessage()).contains("counts at most 1 samples"), weights.getMessage());
        SecureAggregation equal = SUMS.withGreatestWeight(1);
        server(5).aggregator(FedAvg.equally()).secureAggregation(equal).build();
        server(5).aggregator(FedOpt.fedAdam().build()).secureAggregation(SUMS).build();
        for (double norm : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
            assertThrows(IllegalArgumentException.class, () -> MaskedAggregation.of(norm));
        }
        assertThrows(IllegalArgumentException.class, () -> SUMS.withGreatestWeight(0));
        assertThrows(IllegalArgumentException.class, () -> SUMS.withNeighbours(0));
        assertThrows(IllegalArgumentException.class, () -> SUMS.withNeighbours(255));
        assertThrows(IllegalArgumentException.class, () -> SUMS.withAnswering(0.5));
        assertThrows(IllegalArgumentException.class, () -> SUMS.withLeast(1));
    }
}
