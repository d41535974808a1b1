package io.github.fedhds;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.RoundProgress.Step;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.message.Centroid;
import io.github.fedhds.message.CentroidReport;
import io.github.fedhds.message.Frame;
import io.github.fedhds.message.GroupSelection;
import io.github.fedhds.message.Message;
import io.github.fedhds.message.MessageKind;
import io.github.fedhds.message.MessageLimits;
import io.github.fedhds.message.Receipt;
import io.github.fedhds.message.Refusal;
import io.github.fedhds.message.RoundOpening;
import io.github.fedhds.message.RoundResult;
import io.github.fedhds.message.Withdrawal;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.training.TrainingCounts;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What a server tells of its open round, whom it would send what, and how messages of all kinds are answered. */
class RoundProgressTest {
    private static final ClientId A = new ClientId("a");
    private static final ClientId B = new ClientId("b");
    private static final ClientId C = new ClientId("c");
    private static final Class<IllegalArgumentException> BAD = IllegalArgumentException.class;
    private static final Class<IllegalStateException> STATE = IllegalStateException.class;

    private static FedHdsServerBuilder builder() {
        return FedHdsServer.builder()
                .runId("run")
                .clients(List.of(A, B, C))
                .sampler(ClientSampler.uniform(1))
                .selector(new Roles.FirstCoordinate())
                .aggregator(new Roles.Mean())
                .initialAdapter(Roles.adapter(0));
    }

    private static CentroidReport report(ClientId client, double x) {
        return new CentroidReport("run", 1, client, List.of(new Centroid(0, new double[] {x, 0})));
    }

    private static AdapterUpdate update(ClientId client) {
        return new AdapterUpdate("run", 1, client, Roles.adapter(4), 1, 0.5, new TrainingCounts(1, 0, 0), "");
    }

    private static Withdrawal withdrawal(ClientId client, Refusal refusal) {
        return new Withdrawal("run", 1, client, refusal, "why", new TrainingCounts(0, 3, 0));
    }

    private static RoundProgress progress(FedHdsServer server) {
        return server.progress().orElseThrow();
    }

    @Test
    void progress_throughARound_tellsWhoIsMissing() {
        FedHdsServer server = builder().minAnswers(1).build();
        assertEquals(Optional.empty(), server.progress());
        assertEquals(Optional.empty(), server.opening());
        assertEquals(Optional.empty(), server.messageFor(A));
        RoundOpening opening = server.open();
        assertEquals(Optional.of(opening), server.opening());
        assertEquals(
                new RoundProgress(
                        1, Step.REPORTS, List.of(A, B, C), List.of(), List.of(), List.of(A, B, C), 1, Optional.empty()),
                progress(server));
        assertFalse(progress(server).isEnough());
        assertEquals(Optional.of(opening), server.messageFor(B));

        server.accept(report(B, 1));
        assertEquals(Optional.empty(), server.messageFor(B));
        assertEquals(List.of(A, C), progress(server).missing());
        assertTrue(progress(server).isEnough());
        assertFalse(progress(server).isComplete());
        assertTrue(server.accept(withdrawal(A, Refusal.SETTINGS_DIFFER)).counts());
        assertEquals(List.of(A), progress(server).withdrawn());
        assertEquals(Optional.empty(), server.messageFor(A));
        server.accept(report(C, 2));
        assertTrue(progress(server).isComplete());

        assertEquals(Map.of(), server.selections());
        Map<ClientId, GroupSelection> selections = server.select();
        assertEquals(selections, server.selections());
        assertEquals(Step.UPDATES, progress(server).step());
        assertEquals(List.of(B, C), progress(server).asked());
        assertEquals(Optional.ofNullable(selections.get(B)), server.messageFor(B));
        assertEquals(Optional.empty(), server.messageFor(A));
        server.accept(update(B));
        assertEquals(Optional.empty(), server.messageFor(B));
        server.accept(withdrawal(C, Refusal.NOTHING_TRAINED));
        assertTrue(progress(server).isComplete());
        RoundResult result = server.aggregate();
        assertEquals(2, result.withdrawals());
        assertEquals(new TrainingCounts(1, 6, 0), result.counts());
        assertEquals(Optional.empty(), server.progress());
    }

    @Test
    void progress_ofAVoidRound_saysSo() {
        FedHdsServer server = builder().minAnswers(2).build();
        server.open();
        server.accept(report(A, 1));
        server.select();
        assertFalse(progress(server).isEnough());
        assertTrue(progress(server).isComplete());
        assertEquals(
                Optional.of("1 reports came of 3 clients asked, and the round needs 2"),
                progress(server).voidReason());
    }

    @Test
    void messageFor_aClientThatWasStartedAgain_isTheOpeningUntilItReportsAgain() {
        FedHdsServer server = builder().build();
        RoundOpening opening = server.open();
        server.accept(report(A, 1));
        GroupSelection selection = Objects.requireNonNull(server.select().get(A));
        Receipt unknown = Receipt.refused(selection, Refusal.UNKNOWN_ROUND, "not summarised");
        assertTrue(server.accept(unknown).counts());
        assertEquals(Optional.of(opening), server.messageFor(A));
        assertEquals(Receipt.Status.ALREADY_HAD, server.accept(report(A, 1)).status());
        assertEquals(Optional.of(selection), server.messageFor(A));
    }

    @Test
    void accept_aReportAfterAWithdrawal_countsAllTheSame() {
        FedHdsServer server = builder().build();
        server.open();
        server.accept(withdrawal(A, Refusal.SETTINGS_DIFFER));
        assertTrue(server.accept(report(A, 1)).counts());
        assertEquals(List.of(A), progress(server).answered());
        assertEquals(List.of(), progress(server).withdrawn());
    }

    @Test
    void accept_aLateCopyOfAWithdrawal_doesNotRemoveAClientThatHasReportedSince() {
        FedHdsServer server = builder().build();
        server.open();
        server.accept(withdrawal(A, Refusal.SETTINGS_DIFFER));
        server.accept(report(A, 1));
        assertEquals(
                Receipt.Status.ALREADY_HAD,
                server.accept(withdrawal(A, Refusal.SETTINGS_DIFFER)).status());
        assertEquals(List.of(), progress(server).withdrawn());
        server.select();
        assertEquals(List.of(A), progress(server).missing());
        assertTrue(server.messageFor(A).isPresent());
        assertTrue(server.accept(withdrawal(A, Refusal.NOTHING_TRAINED)).counts(), "it withdraws once more");
        assertEquals(List.of(A), progress(server).withdrawn());
        RoundResult result = server.aggregate();
        assertEquals(1, result.withdrawals());
        assertEquals(3, result.counts().skippedTooLong());
    }

    @Test
    void accept_oneKey_countsOnceAndOtherContentConflicts() {
        FedHdsServer server = builder().build();
        server.open();
        for (Receipt first :
                List.of(server.accept(report(A, 1)), server.accept(withdrawal(B, Refusal.SETTINGS_DIFFER)))) {
            assertTrue(first.counts());
        }
        for (Receipt again :
                List.of(server.accept(report(A, 1)), server.accept(withdrawal(B, Refusal.SETTINGS_DIFFER)))) {
            assertEquals(Receipt.Status.ALREADY_HAD, again.status());
            assertFalse(again.counts() || again.isRefused());
        }
        for (Receipt other : List.of(server.accept(report(A, 2)), server.accept(withdrawal(B, Refusal.FAILED)))) {
            assertEquals(Optional.of(Refusal.CONFLICTING), other.refusal());
        }
    }

    @Test
    void accept_eachKind_isAnsweredByAReceiptThatNamesIt() {
        FedHdsServer server = builder().build();
        RoundOpening opening = server.open();
        Receipt receipt = server.accept(report(A, 1));
        assertEquals(
                new Receipt(
                        "run",
                        1,
                        Optional.of(A),
                        Optional.of(MessageKind.CENTROIDS),
                        Receipt.Status.ACCEPTED,
                        Optional.empty(),
                        ""),
                receipt);
        assertEquals(Optional.of(Refusal.WRONG_KIND), server.accept(opening).refusal());
        GroupSelection selection = GroupSelection.of(report(A, 1), List.of(0));
        assertEquals(Optional.of(Refusal.WRONG_KIND), server.accept(selection).refusal());
        assertEquals(
                Optional.of(MessageKind.SELECTION), server.accept(selection).answers());
        Receipt unreadable = Receipt.unreadable(Optional.empty(), "digest");
        assertEquals(Optional.of(Refusal.UNKNOWN_RUN), server.accept(unreadable).refusal());
        assertEquals(opening.key(), server.opening().orElseThrow().key());
    }

    private static FedHdsClient client() {
        return FedHdsClient.builder(A)
                .instructions(List.of(new Instruction("x", "", "o"), new Instruction("yy", "", "o")))
                .featureExtractor(new Roles.Lengths())
                .fusion(Roles::asPoints)
                .selector(new Roles.FirstCoordinate())
                .trainer(new Roles.AddCount())
                .build();
    }

    /** A server that was put back further than its clients saw: answers to what it opened before do not count. */
    @Test
    void accept_answersToAnotherOpeningOrSelection_areRefused() {
        FedHdsServer before = builder().initialAdapter(Roles.adapter(7)).build();
        FedHdsServer server = builder().build();
        FedHdsClient client = client();
        RoundOpening old = before.open();
        CentroidReport oldReport = client.summarise(old);
        before.accept(oldReport);
        Message oldUpdate =
                client.train(Objects.requireNonNull(before.select().get(A))).orElseThrow();

        RoundOpening opening = server.open();
        assertEquals(Optional.of(Refusal.OUTDATED), server.accept(oldReport).refusal());
        CentroidReport report = client.summarise(opening);
        assertEquals(oldReport, client.summarise(old), "the old opening comes late");
        assertTrue(server.accept(report).counts());
        GroupSelection selection = Objects.requireNonNull(server.select().get(A));
        assertEquals(Optional.of(Refusal.OUTDATED), server.accept(oldUpdate).refusal());
        assertEquals(Optional.of(selection), server.messageFor(A), "it is still waited for");
        assertTrue(server.accept(client.train(selection).orElseThrow()).counts());
        assertEquals(Roles.adapter(2), server.aggregate().adapter(), "trained from the adapter of this opening");
    }

    @Test
    void messageFor_aClientThatWithdrawsOrIsRefused_asksNoMore() {
        FedHdsServer server = builder().maxCentroids(1).build();
        server.open();
        server.accept(report(A, 1));
        CentroidReport many = new CentroidReport(
                "run", 1, B, List.of(new Centroid(0, new double[2]), new Centroid(1, new double[2])));
        assertTrue(server.accept(many).isRefused());
        assertEquals(Optional.empty(), server.messageFor(B), "the same would come again");
        server.accept(withdrawal(C, Refusal.SETTINGS_DIFFER));
        assertTrue(progress(server).isComplete());
        GroupSelection selection = Objects.requireNonNull(server.select().get(A));
        server.accept(Receipt.refused(selection, Refusal.UNKNOWN_ROUND, "started again"));
        server.accept(withdrawal(A, Refusal.SETTINGS_DIFFER));
        assertEquals(Optional.empty(), server.messageFor(A), "no opening again after a withdrawal");
        assertTrue(progress(server).isComplete());
    }

    @Test
    void messageFor_aRefusedAdapter_isNotAskedForAgain() {
        FedHdsServer server = builder().maxNorm(1).build();
        server.open();
        server.accept(report(A, 1));
        server.select();
        assertEquals(Optional.of(Refusal.TOO_FAR), server.accept(update(A)).refusal());
        assertEquals(Optional.empty(), server.messageFor(A));
        assertTrue(progress(server).isComplete());
        AdapterUpdate better = new AdapterUpdate("run", 1, A, Roles.adapter(0.5f), 1, 0);
        assertTrue(server.accept(better).counts(), "a better one counts");
        assertEquals(List.of(A), progress(server).answered());
    }

    @Test
    void messageFor_aClientThatWithdrewAndReportedAllTheSame_isAskedToTrain() {
        FedHdsServer server = builder().build();
        server.open();
        server.accept(withdrawal(A, Refusal.SETTINGS_DIFFER));
        server.accept(report(A, 1));
        server.select();
        assertEquals(Optional.ofNullable(server.selections().get(A)), server.messageFor(A));
        assertEquals(List.of(A), progress(server).missing());
    }

    @Test
    void listener_thatDrivesTheServer_isRefusedAndChangesNothing() {
        FedHdsServer[] held = new FedHdsServer[1];
        List<String> refused = new ArrayList<>();
        FedHdsServer server = builder()
                .listener(new ServerListener() {
                    @Override
                    public void closed(RoundResult result) {
                        refused.add(assertFails(STATE, held[0]::open, "open was called by a listener"));
                    }
                })
                .build();
        held[0] = server;
        for (int round = 1; round <= 2; round++) {
            assertEquals(round, server.open().round());
            server.select();
            assertEquals(round, server.aggregate().round());
        }
        assertEquals(2, refused.size());
    }

    @Test
    void register_betweenRounds_addsClientsBehindThoseThatAreThere() {
        FedHdsServer server = builder().build();
        ClientId d = new ClientId("d");
        assertFails(BAD, () -> server.register(List.of(d, A)), "client a is registered already");
        assertFails(BAD, () -> server.register(List.of(d, d)), "client d is registered already");
        server.register(List.of(d));
        assertEquals(List.of(A, B, C, d), server.open().clients());
        assertFails(STATE, () -> server.register(List.of(new ClientId("e"))), "register was called in step REPORTS");
        server.abandon();
        FedHdsServer restored = builder()
                .restore(server.state())
                .clients(List.of(A, B, C, d, new ClientId("e")))
                .build();
        assertEquals(5, restored.open().clients().size());
        assertFails(BAD, () -> builder().restore(server.state()).build(), "not registered here: d;");
    }

    @Test
    void runId_byDefault_isOfItsOwnAndKeptByTheState() {
        FedHdsServerBuilder nameless = FedHdsServer.builder()
                .clients(List.of(A))
                .selector(new Roles.FirstCoordinate())
                .aggregator(new Roles.Mean())
                .initialAdapter(Roles.adapter(0));
        FedHdsServer one = nameless.build();
        assertNotEquals(one.runId(), nameless.build().runId());
        assertEquals(one.runId(), nameless.restore(one.state()).build().runId());
        for (String bad : List.of("", " ", "x".repeat(201), "a\nb", "half \ud83d")) {
            assertFails(BAD, () -> nameless.runId(bad), "a run id has 1 to 200 characters");
        }
    }

    @Test
    void restore_withOtherAgreedSettings_namesTheSetting() {
        ServerState state = builder().agreedSettings(Map.of("lr", "1")).build().state();
        assertFails(
                BAD,
                () -> builder().agreedSettings(Map.of("lr", "2")).restore(state).build(),
                "the state to restore is of lr 1, this run has 2");
        assertFails(BAD, () -> builder().restore(state).build(), "lr 1, this run has not said");
    }

    @Test
    void build_beyondWhatMessagesHold_isRefused() {
        MessageLimits small = MessageLimits.defaults()
                .withClients(2)
                .withCentroids(5)
                .withDimensions(3)
                .withSettings(1)
                .withText(1000);
        FedHdsServerBuilder limited = builder().messageLimits(small);
        assertFails(BAD, () -> limited.maxCentroids(6).build(), "maxCentroids 6 is above the 5");
        limited.maxCentroids(5);
        assertFails(BAD, () -> limited.dimensions(4).build(), "dimensions 4 is above the 3");
        limited.dimensions(3);
        assertFails(BAD, () -> limited.settings(Map.of("a", "1", "b", "2")).build(), "above the 1 that messages");
        assertFails(BAD, () -> limited.settings(Map.of("a", "x".repeat(1001))).build(), "setting a has 1001");
        assertFails(BAD, () -> limited.settings(Map.of("a\n", "x")).build(), "a setting's name has 1 to 200");
        assertFails(BAD, () -> limited.settings(Map.of("a", "\ud800")).build(), "half of a surrogate pair");
        limited.settings(Map.of());
        assertFails(STATE, () -> limited.build().open(), "names 3 clients, above the 2");
        Map<String, String> long10 = new HashMap<>();
        IntStream.range(0, 10).forEach(i -> long10.put("" + i, "x".repeat(30_000)));
        assertFails(STATE, () -> builder().settings(long10).build().open(), "of a header", "raise headerBytes");
        List<ClientId> wordy = IntStream.range(0, 3)
                .mapToObj(i -> new ClientId(i + "\u20ac".repeat(190)))
                .toList();
        MessageLimits few = MessageLimits.defaults().withClients(3);
        assertFails(
                STATE,
                () -> builder().clients(wordy).messageLimits(few).build().open(),
                "the ids of the round's clients");
        assertFails(
                STATE,
                () -> builder()
                        .messageLimits(MessageLimits.defaults().withTensors(2))
                        .build()
                        .open(),
                "up to 3 tensors, above the 2");
        limited.sampler((clients, round) -> clients.subList(0, 2));
        limited.frame(round -> Optional.of(new Frame.Signs(4, 0)));
        assertFails(STATE, () -> limited.build().open(), "the frame has 4 axes, above the 3");
    }

    @Test
    void log_aRefusalThatIsSentOften_hasOneLineARound() {
        List<String> lines = new ArrayList<>();
        Handler handler = new Handler() {
            @Override
            public void publish(LogRecord logRecord) {
                lines.add(logRecord.getLevel() + " " + logRecord.getMessage());
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        };
        Logger logger = Logger.getLogger("io.github.fedhds");
        Level level = logger.getLevel();
        logger.addHandler(handler);
        logger.setUseParentHandlers(false);
        logger.setLevel(Level.INFO);
        try {
            FedHdsServer server = builder().build();
            server.open();
            IntStream.range(0, 5).forEach(i -> server.accept(report(A, Double.NaN)));
            IntStream.range(0, 5).forEach(i -> server.accept(withdrawal(B, Refusal.SETTINGS_DIFFER)));
            server.accept(update(C)); // early: usual
        } finally {
            logger.removeHandler(handler);
            logger.setLevel(level);
            logger.setUseParentHandlers(true);
        }
        assertEquals(
                List.of(
                        "WARNING refused {0} of {1} in round {2} ({3}): {4}",
                        "WARNING client {0} has withdrawn from round {1} ({2}): {3}"),
                lines);
    }
}
