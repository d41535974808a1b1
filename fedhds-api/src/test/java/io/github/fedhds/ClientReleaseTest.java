package io.github.fedhds;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.message.Centroid;
import io.github.fedhds.message.CentroidReport;
import io.github.fedhds.message.GroupSelection;
import io.github.fedhds.message.Receipt;
import io.github.fedhds.message.Refusal;
import io.github.fedhds.message.RoundOpening;
import io.github.fedhds.message.Withdrawal;
import io.github.fedhds.release.ReportRelease;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.training.TrainingCounts;
import io.github.fedhds.training.TrainingResult;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What leaves a client is what its release roles return. */
class ClientReleaseTest {
    private static final ClientId A = new ClientId("a");
    private static final RoundOpening OPENING =
            new RoundOpening("run", 1, List.of(A), 0, Roles.adapter(1), Map.of(), Map.of(), Optional.empty());

    private final List<Instruction> trained = new ArrayList<>();

    private FedHdsClientBuilder client(String... texts) {
        return FedHdsClient.builder(A)
                .instructions(Stream.of(texts)
                        .map(text -> new Instruction(text, "", "o"))
                        .toList())
                .featureExtractor(new Roles.Lengths())
                .fusion(Roles::asPoints)
                .selector(new Roles.FirstCoordinate())
                .trainer((instructions, round) -> {
                    trained.addAll(instructions);
                    return new Roles.AddCount().train(instructions, round);
                });
    }

    /** Five centroids, whatever the client has. */
    private static CentroidReport five(CentroidReport exact, int dimensions) {
        List<Centroid> centroids = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            centroids.add(new Centroid(i, new double[dimensions]));
        }
        return new CentroidReport(exact.runId(), exact.round(), exact.client(), centroids, 99, exact.openingDigest());
    }

    private static GroupSelection selection(CentroidReport report, Integer... groups) {
        return new GroupSelection("run", 1, A, List.of(groups), report.digest());
    }

    @Test
    void report_isTheReleasedOne_andIsReleasedOnce() {
        AtomicInteger calls = new AtomicInteger();
        FedHdsClient client = client("a", "bb")
                .reportRelease((exact, dimensions, round) -> {
                    calls.incrementAndGet();
                    assertEquals(2, exact.centroids().size());
                    assertEquals(2, exact.samples());
                    return five(exact, dimensions);
                })
                .build();
        CentroidReport report = (CentroidReport) client.answer(OPENING).orElseThrow();
        assertEquals(99, report.samples());
        assertEquals(5, report.centroids().size());
        assertEquals(2, report.centroids().get(0).point().length);
        assertEquals(report, client.answer(OPENING).orElseThrow());
        assertEquals(1, calls.get());
    }

    /** Of two groups and five centroids, 0, 2 and 4 stand for the first group, 1 and 3 for the second. */
    @Test
    void selection_ofMoreCentroidsThanGroups_trainsEachGroupOnce() {
        FedHdsClient client = client("a", "bb")
                .reportRelease((exact, dimensions, round) -> five(exact, dimensions))
                .build();
        CentroidReport report = (CentroidReport) client.answer(OPENING).orElseThrow();
        assertTrue(client.answer(selection(report, 1, 2, 4)).orElseThrow() instanceof AdapterUpdate);
        assertEquals(
                List.of("bb", "a"),
                trained.stream().map(Instruction::instruction).toList());
        Receipt receipt = (Receipt) client.answer(selection(report, 5)).orElseThrow();
        assertEquals(Optional.of(Refusal.WRONG_GROUPS), receipt.refusal());
    }

    @Test
    void selection_ofAClientWithoutGroups_isAWithdrawal() {
        FedHdsClient client = client().reportRelease((exact, dimensions, round) -> five(exact, dimensions))
                .build();
        CentroidReport report = (CentroidReport) client.answer(OPENING).orElseThrow();
        Withdrawal withdrawal = (Withdrawal) client.answer(selection(report, 3)).orElseThrow();
        assertEquals(Refusal.NOTHING_TRAINED, withdrawal.refusal());
    }

    @Test
    void update_isTheReleasedOne() {
        FedHdsClient client = client("a")
                .updateRelease((exact, round) -> new AdapterUpdate(
                        exact.runId(),
                        exact.round(),
                        exact.client(),
                        Roles.adapter(42),
                        1,
                        Double.NaN,
                        TrainingCounts.NONE,
                        exact.selectionDigest()))
                .build();
        CentroidReport report = (CentroidReport) client.answer(OPENING).orElseThrow();
        AdapterUpdate update =
                (AdapterUpdate) client.answer(selection(report, 0)).orElseThrow();
        assertEquals(Roles.adapter(42), update.adapter());
        assertEquals(update, client.answer(selection(report, 0)).orElseThrow());
    }

    /** A withdrawal would tell of the client's data, past the release. */
    @Test
    void update_ofNothing_isReleasedToo() {
        List<AdapterUpdate> exact = new ArrayList<>();
        for (FedHdsClientBuilder builder : List.of(
                client(),
                client("a").trainer((list, round) -> new TrainingResult(Roles.adapter(8), 0, new double[0])))) {
            FedHdsClient client = builder.reportRelease((report, dimensions, round) -> five(report, dimensions))
                    .updateRelease((update, round) -> {
                        exact.add(update);
                        return update;
                    })
                    .build();
            CentroidReport report = (CentroidReport) client.answer(OPENING).orElseThrow();
            assertTrue(client.answer(selection(report, 3)).orElseThrow() instanceof AdapterUpdate);
        }
        assertEquals(
                List.of(Roles.adapter(1), Roles.adapter(1)),
                exact.stream().map(AdapterUpdate::adapter).toList());
    }

    @Test
    void spentBudget_isAWithdrawal() {
        FedHdsClient report = client("a")
                .reportRelease((exact, dimensions, round) -> {
                    throw new BudgetSpentException("2.0 of 2.0 is spent");
                })
                .build();
        Withdrawal first = (Withdrawal) report.answer(OPENING).orElseThrow();
        assertEquals(Refusal.BUDGET_SPENT, first.refusal());
        assertEquals("the privacy budget of the client does not suffice", first.reason(), "not how much was spent");
        FedHdsClient update = client("a")
                .updateRelease((exact, round) -> {
                    throw new BudgetSpentException("spent");
                })
                .build();
        CentroidReport sent = (CentroidReport) update.answer(OPENING).orElseThrow();
        Withdrawal second = (Withdrawal) update.answer(selection(sent, 0)).orElseThrow();
        assertEquals(Refusal.BUDGET_SPENT, second.refusal());
    }

    @Test
    void release_ofAnotherRoundOrNull_isAnError() {
        ReportRelease other = (exact, dimensions, round) ->
                new CentroidReport("other", exact.round(), exact.client(), List.of(), 0, exact.openingDigest());
        assertFails(
                IllegalStateException.class,
                () -> client("a").reportRelease(other).build().answer(OPENING),
                "report release of client a");
    }
}
