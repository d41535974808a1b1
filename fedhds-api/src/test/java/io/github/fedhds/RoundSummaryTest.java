package io.github.fedhds;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.aggregation.Aggregation;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.message.Centroid;
import io.github.fedhds.message.CentroidReport;
import io.github.fedhds.message.Message;
import io.github.fedhds.message.MessageKind;
import io.github.fedhds.message.Receipt;
import io.github.fedhds.message.Refusal;
import io.github.fedhds.message.RoundOpening;
import io.github.fedhds.message.Withdrawal;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.training.TrainingCounts;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What a host is told of a round that is over: refusals by code, withdrawals, and why it came to nothing. */
class RoundSummaryTest {
    private static final ClientId A = new ClientId("a");
    private static final ClientId B = new ClientId("b");
    private static final Adapter FIRST = Roles.adapter(0, 1);

    private final List<RoundSummary> ended = new ArrayList<>();
    private final List<String> answered = new ArrayList<>();

    private FedHdsServerBuilder builder() {
        return FedHdsServer.builder()
                .runId("run")
                .clients(List.of(B, A))
                .sampler(ClientSampler.uniform(1))
                .selector(new Roles.FirstCoordinate())
                .aggregator(new Roles.Mean())
                .initialAdapter(FIRST)
                .listener(new ServerListener() {
                    @Override
                    public void answered(Message message, Receipt receipt) {
                        answered.add(message.kind() + " " + receipt.status());
                    }

                    @Override
                    public void ended(RoundSummary summary) {
                        ended.add(summary);
                    }
                });
    }

    private static CentroidReport report(int round, ClientId client) {
        return new CentroidReport("run", round, client, List.of(new Centroid(0, new double[2])));
    }

    private static Withdrawal withdrawal(int round, ClientId client, Refusal refusal) {
        return new Withdrawal("run", round, client, refusal, "why", TrainingCounts.NONE);
    }

    @Test
    void ended_aRoundWithFailures_countsThemByCodeAndClient() {
        FedHdsServer server = builder().build();
        RoundOpening opening = server.open();
        AdapterUpdate early = new AdapterUpdate("run", 1, A, FIRST, 1, 0);
        server.accept(early);
        server.accept(early);
        server.accept(opening); // of no kind that a server takes: told all the same
        server.accept(report(1, A));
        server.accept(withdrawal(1, A, Refusal.OTHER_REPORT));
        server.accept(withdrawal(1, B, Refusal.SETTINGS_DIFFER));
        server.accept(withdrawal(1, B, Refusal.SETTINGS_DIFFER));
        server.select();
        server.aggregate();
        server.accept(report(1, B)); // between two rounds
        server.open();
        server.select();
        server.aggregate();

        RoundSummary first = ended.get(0);
        assertEquals(1, first.round());
        assertEquals(opening, first.opening());
        assertEquals(Map.of(Refusal.EARLY, 2L, Refusal.WRONG_KIND, 1L), first.refusals());
        assertEquals(3, first.refused());
        assertEquals(
                List.of(withdrawal(1, B, Refusal.SETTINGS_DIFFER), withdrawal(1, A, Refusal.OTHER_REPORT)),
                first.withdrawals(),
                "in registered order");
        assertEquals(2, first.result().orElseThrow().withdrawals());
        assertEquals(Optional.empty(), first.voidReason());
        assertEquals(FIRST, first.adapter());
        assertFalse(first.duration().isNegative());
        assertEquals(Map.of(Refusal.LATE, 1L), ended.get(1).refusals());
        assertEquals(List.of(), ended.get(1).withdrawals(), "a new round begins without any");
        assertEquals(2, ended.size());
        assertEquals(
                List.of(
                        MessageKind.UPDATE + " REFUSED",
                        MessageKind.UPDATE + " REFUSED",
                        MessageKind.OPENING + " REFUSED",
                        MessageKind.CENTROIDS + " ACCEPTED",
                        MessageKind.WITHDRAWAL + " ACCEPTED",
                        MessageKind.WITHDRAWAL + " ACCEPTED",
                        MessageKind.WITHDRAWAL + " ALREADY_HAD",
                        MessageKind.CENTROIDS + " REFUSED"),
                answered);
    }

    @Test
    void ended_voidAbandonedAndFailedRounds_sayWhy() {
        FedHdsServer server = builder()
                .minAnswers(1)
                .aggregator((round, state) -> new Aggregation() {
                    @Override
                    public void accept(AdapterUpdate update) {}

                    @Override
                    public Adapter finish() {
                        throw new IllegalArgumentException("no mean");
                    }
                })
                .build();
        server.open();
        server.select();
        server.aggregate();
        server.open();
        server.abandon();
        server.abandon();
        server.open();
        server.accept(report(3, A));
        server.select();
        server.accept(new AdapterUpdate("run", 3, A, FIRST, 1, 0));
        assertFails(IllegalStateException.class, server::aggregate, "no mean");

        assertEquals(List.of(1, 2, 3), ended.stream().map(RoundSummary::round).toList());
        assertTrue(ended.get(0).result().orElseThrow().isVoid());
        assertEquals(
                ended.get(0).result().orElseThrow().voidReason(), ended.get(0).voidReason());
        assertEquals(Optional.of("abandoned"), ended.get(1).voidReason());
        assertTrue(ended.get(2).voidReason().orElseThrow().contains("no mean"));
        for (RoundSummary summary : ended.subList(1, 3)) {
            assertEquals(Optional.empty(), summary.result());
            assertEquals(FIRST, summary.adapter());
        }
    }
}
