package io.github.fedhds;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.message.CentroidReport;
import io.github.fedhds.message.GroupSelection;
import io.github.fedhds.message.Message;
import io.github.fedhds.message.MessageKind;
import io.github.fedhds.message.Receipt;
import io.github.fedhds.message.Refusal;
import io.github.fedhds.message.RoundOpening;
import io.github.fedhds.message.Withdrawal;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.training.TrainingCounts;
import io.github.fedhds.training.TrainingResult;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What a client answers to each message, and what it refuses to take part in. */
class ClientAnswerTest {
    private static final ClientId A = new ClientId("a");
    private static final ClientId B = new ClientId("b");
    private static final Map<String, String> AGREED = Map.of("lora alpha", "16", "model", "abc");

    private final List<String> told = new ArrayList<>();

    private final class Told implements ClientListener {
        @Override
        public void summarised(RoundOpening opening, CentroidReport report) {
            told.add("summarised " + opening.round());
        }

        @Override
        public void trained(AdapterUpdate update, TrainingResult result) {
            told.add("trained on " + result.samples());
        }

        @Override
        public void withdrew(Withdrawal withdrawal) {
            told.add("withdrew " + withdrawal.refusal());
        }

        @Override
        public void received(Receipt receipt) {
            told.add("received " + receipt.status());
            throw new IllegalStateException("a listener's fault changes nothing");
        }
    }

    private FedHdsClientBuilder client(String... texts) {
        return FedHdsClient.builder(A)
                .instructions(Stream.of(texts)
                        .map(text -> new Instruction(text, "", "o"))
                        .toList())
                .featureExtractor(new Roles.Lengths())
                .fusion(Roles::asPoints)
                .selector(new Roles.FirstCoordinate())
                .trainer(new Roles.AddCount())
                .agreedSettings(AGREED)
                .listener(new Told());
    }

    private static RoundOpening opening(Map<String, String> agreed) {
        return new RoundOpening("run", 1, List.of(A), 0, Roles.adapter(1), Map.of(), agreed, Optional.empty());
    }

    /** A server that was restarted opens the round again with one more client: the same groups, another report. */
    @Test
    void answer_roundOpenedAgainWithOtherClients_reportsForTheNewOpening() {
        FedHdsClient client = client("a", "bb").build();
        RoundOpening first = opening(AGREED);
        RoundOpening again =
                new RoundOpening("run", 1, List.of(A, B), 0, Roles.adapter(1), Map.of(), AGREED, Optional.empty());
        CentroidReport old = (CentroidReport) client.answer(first).orElseThrow();
        CentroidReport report = (CentroidReport) client.answer(again).orElseThrow();
        assertEquals(again.digest(), report.openingDigest());
        assertEquals(old.centroids(), report.centroids());
        assertEquals(old, client.answer(first).orElseThrow(), "a late copy of the old opening");
        assertTrue(client.answer(selection(report, 0)).orElseThrow() instanceof AdapterUpdate);
    }

    private static GroupSelection selection(Message report, Integer... groups) {
        return GroupSelection.of((CentroidReport) report, List.of(groups));
    }

    private static void assertRefused(Refusal refusal, MessageKind answers, Optional<Message> answer) {
        Receipt receipt = (Receipt) answer.orElseThrow();
        assertEquals(Optional.of(refusal), receipt.refusal(), receipt.reason());
        assertEquals(Optional.of(answers), receipt.answers());
        assertEquals(Optional.of(A), receipt.party());
        assertEquals("run", receipt.runId());
        assertEquals(1, receipt.round());
    }

    private static Withdrawal assertWithdraws(Refusal refusal, Optional<Message> answer) {
        Withdrawal withdrawal = (Withdrawal) answer.orElseThrow();
        assertEquals(refusal, withdrawal.refusal(), withdrawal.reason());
        assertEquals(A, withdrawal.client());
        assertEquals("run", withdrawal.runId());
        assertEquals(1, withdrawal.round());
        return withdrawal;
    }

    @Test
    void answer_aRound_isReportThenAdapter() {
        FedHdsClient client = client("x", "yy", "y").build();
        Message report = client.answer(opening(AGREED)).orElseThrow();
        assertSame(report, client.answer(opening(AGREED)).orElseThrow());
        Message update = client.answer(selection(report, 0)).orElseThrow();
        assertSame(update, client.answer(selection(report, 0)).orElseThrow(), "not trained again");
        assertEquals(1, ((AdapterUpdate) update).samples());
        assertEquals(Optional.empty(), client.answer(Receipt.accepted(update)));
        assertEquals(List.of("summarised 1", "trained on 1", "received ACCEPTED"), told);
        assertEquals(Optional.empty(), client.answer(selection(report)), "no group was chosen");
        assertTrue(client.answer(selection(report, 1)).isPresent(), "another choice is trained anew");
    }

    @Test
    void answer_settingsThatDiffer_withdrawsAndNamesEachWithBothValues() {
        FedHdsClient client = client("x").build();
        Map<String, String> other = Map.of("lora alpha", "32", "template", "alpaca");
        Withdrawal withdrawal = assertWithdraws(Refusal.SETTINGS_DIFFER, client.answer(opening(other)));
        assertEquals(
                "lora alpha: the server has 32, client a has 16; model: the server does not say, client a has abc; "
                        + "template: the server has alpaca, client a does not say; give both sides equal settings",
                withdrawal.reason());
        assertEquals(List.of("withdrew settings-differ"), told);
        assertFails(SettingsMismatchException.class, () -> client.summarise(opening(other)), "has 32, client a has 16");
        assertTrue(client.answer(opening(AGREED)).orElseThrow() instanceof CentroidReport);
    }

    @Test
    void answer_afterARestart_asksForTheOpeningAndThenTrainsAsBefore() {
        FedHdsClient first = client("x", "yy").build();
        Message report = first.answer(opening(AGREED)).orElseThrow();
        FedHdsClient restarted = client("x", "yy").build();
        assertRefused(Refusal.UNKNOWN_ROUND, MessageKind.SELECTION, restarted.answer(selection(report, 1)));
        assertEquals(report, restarted.answer(opening(AGREED)).orElseThrow());
        assertEquals(first.answer(selection(report, 1)), restarted.answer(selection(report, 1)));
    }

    @Test
    void answer_afterARestartWithOtherData_withdrawsInsteadOfTrainingOnAnotherChoice() {
        Message report = client("x", "yy").build().answer(opening(AGREED)).orElseThrow();
        FedHdsClient changed = client("xxx", "yy").build();
        changed.answer(opening(AGREED));
        assertWithdraws(Refusal.OTHER_REPORT, changed.answer(selection(report, 1)));
        assertFails(IllegalStateException.class, () -> changed.train(selection(report, 1)), "answers another report");
    }

    @Test
    void answer_nothingTrained_withdrawsWithTheCounts() {
        FedHdsClient client = client("x", "yy")
                .trainer((list, round) -> new TrainingResult(round.globalAdapter(), 0, new double[0], 0, 2, 1))
                .build();
        Message report = client.answer(opening(AGREED)).orElseThrow();
        Withdrawal withdrawal = assertWithdraws(Refusal.NOTHING_TRAINED, client.answer(selection(report, 0, 1)));
        assertEquals(new TrainingCounts(0, 2, 1), withdrawal.counts());
        assertEquals(
                "none of the 2 chosen samples could be trained on: 2 samples too long, 1 prompt cut",
                withdrawal.reason());
    }

    @Test
    void answer_someSamplesLeftOut_tellsTheServer() {
        FedHdsClient client = client("x", "yy")
                .trainer((list, round) -> new TrainingResult(round.globalAdapter(), 1, new double[] {1}, 0, 1, 0))
                .build();
        Message report = client.answer(opening(AGREED)).orElseThrow();
        AdapterUpdate update =
                (AdapterUpdate) client.answer(selection(report, 0, 1)).orElseThrow();
        assertEquals(new TrainingCounts(0, 1, 0), update.counts());
    }

    @Test
    void answer_whatIsNotForIt_isARefusingReceipt() {
        FedHdsClient client = client("x").build();
        CentroidReport report = (CentroidReport) client.answer(opening(AGREED)).orElseThrow();
        RoundOpening others = new RoundOpening("run", 1, List.of(B), 0, Roles.adapter(1), Map.of());
        assertRefused(Refusal.NOT_IN_ROUND, MessageKind.OPENING, client.answer(others));
        GroupSelection forB = new GroupSelection("run", 1, B, List.of(0), report.digest());
        assertRefused(Refusal.UNKNOWN_CLIENT, MessageKind.SELECTION, client.answer(forB));
        assertRefused(Refusal.WRONG_GROUPS, MessageKind.SELECTION, client.answer(selection(report, 7)));
        assertRefused(Refusal.WRONG_KIND, MessageKind.CENTROIDS, client.answer(report));
        AdapterUpdate update = new AdapterUpdate("run", 1, A, Roles.adapter(1), 1, 0);
        assertRefused(Refusal.WRONG_KIND, MessageKind.UPDATE, client.answer(update));
    }
}
