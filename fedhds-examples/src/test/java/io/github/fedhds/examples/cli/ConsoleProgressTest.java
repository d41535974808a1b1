package io.github.fedhds.examples.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.features.FeatureCache;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.message.Centroid;
import io.github.fedhds.message.CentroidReport;
import io.github.fedhds.message.GroupSelection;
import io.github.fedhds.message.Receipt;
import io.github.fedhds.message.Refusal;
import io.github.fedhds.message.RoundOpening;
import io.github.fedhds.message.RoundResult;
import io.github.fedhds.message.Withdrawal;
import io.github.fedhds.monitoring.BestRound;
import io.github.fedhds.monitoring.RoundReport;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.training.TrainingCounts;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What is said of a round, with a bar and without. */
class ConsoleProgressTest {
    private static final ClientId A = new ClientId("a");
    private static final ClientId B = new ClientId("b");

    private static RoundReport report(Optional<String> voidReason) {
        return new RoundReport(
                new RoundResult(3, Adapter.empty(), 2, 2, 7, 3, 1, 4, 1.25, 0, TrainingCounts.NONE, voidReason),
                "",
                List.of(A, B),
                new RoundReport.Seconds(0, 0, 0, 0, 2.5),
                new RoundReport.Bytes(0, 0),
                FeatureCache.Statistics.NONE,
                List.of(),
                OptionalDouble.of(0.5));
    }

    private static List<Centroid> centroids(int count) {
        return IntStream.range(0, count)
                .mapToObj(group -> new Centroid(group, new double[2]))
                .toList();
    }

    private static String said(boolean terminal) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);
        ConsoleProgress progress = new ConsoleProgress(out, "fedhds", 5, new ProgressBar(out, terminal ? 80 : 0));
        progress.close();
        progress.resumed(List.of(report(Optional.empty())), Optional.of("checkpoint is damaged"));
        progress.opened(new RoundOpening("run", 3, List.of(A, B), 1, Adapter.empty(), Map.of()));
        for (ClientId client : List.of(A, B)) {
            CentroidReport report = new CentroidReport("run", 3, client, centroids(client.equals(A) ? 3 : 4));
            progress.received(report, Receipt.accepted(report));
        }
        progress.selected(
                3,
                Map.of(
                        A,
                        new GroupSelection("run", 3, A, List.of(0, 2), ""),
                        B,
                        new GroupSelection("run", 3, B, List.of(1), "")));
        AdapterUpdate update = new AdapterUpdate("run", 3, A, Adapter.empty(), 4, 1);
        progress.received(update, Receipt.accepted(update));
        AdapterUpdate other = new AdapterUpdate("run", 3, B, Adapter.empty(), 4, 1);
        progress.received(other, Receipt.refused(other, Refusal.NOT_FINITE, "tensor x holds NaN"));
        Withdrawal withdrawal = new Withdrawal("run", 3, B, Refusal.NOTHING_TRAINED, "no step", TrainingCounts.NONE);
        progress.received(withdrawal, Receipt.accepted(withdrawal));
        progress.closed(report(Optional.empty()));
        progress.opened(new RoundOpening("run", 4, List.of(A, B), 1, Adapter.empty(), Map.of()));
        CentroidReport late = new CentroidReport("run", 4, A, List.of());
        progress.received(late, Receipt.accepted(late));
        progress.closed(report(Optional.of("1 of 2 answered")));
        progress.stopped(new BestRound(3, 0.5, Adapter.empty()));
        progress.close();
        return bytes.toString(StandardCharsets.UTF_8).replace(System.lineSeparator(), "\n");
    }

    @Test
    void plain_ofARound_isALine() {
        assertEquals("""
                checkpoint is damaged; the checkpoint before it is used
                fedhds, resumed after round 3 of 5, 4 samples so far
                  b refused: tensor x holds NaN
                  b withdrew: no step
                fedhds, round 3 of 5: 2 clients, 3 of 7 groups chosen, 4 samples, loss 1.250, 2.5 s
                after round 3: Rouge-L 0.5000 on unseen tasks
                fedhds, round 4 of 5: 2 clients, void: 1 of 2 answered; the adapter stays as it was, 2.5 s
                after round 3: Rouge-L 0.5000 on unseen tasks
                fedhds, stopped early: no Rouge-L above 0.5000 of round 3
                """, said(false));
    }

    /** What a terminal shows in the end: each line as it was written last. */
    @Test
    void terminal_ofARound_isABarThatLeavesTheLine() {
        String said = said(true);
        String head = "\rfedhds, round 3 of 5 [";
        assertTrue(said.contains(head + "#".repeat(12) + "-".repeat(12) + "] features"), said);
        assertTrue(said.contains(head + "#".repeat(18) + "-".repeat(6) + "] training"), said);
        assertTrue(said.contains("fedhds, round 4 of 5 [") && said.contains(" s left"), said);
        for (String line : said.split("[\r\n]")) {
            assertTrue(line.length() < 80 || !line.contains("["), line);
        }
        List<String> shown = Stream.of(said.split("\n"))
                .map(line -> line.substring(line.lastIndexOf('\r') + 1))
                .toList();
        assertTrue(
                shown.contains("fedhds, round 3 of 5: 2 clients, 3 of 7 groups chosen, 4 samples, loss 1.250, 2.5 s"),
                said);
        assertTrue(shown.contains("  b refused: tensor x holds NaN"), said);
        assertFalse(shown.stream().anyMatch(line -> line.contains("[")), said);
    }

    @Test
    void close_inTheMiddleOfARound_endsItsLine() {
        for (boolean terminal : new boolean[] {false, true}) {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);
            try (ConsoleProgress progress =
                    new ConsoleProgress(out, "fedhds", 5, new ProgressBar(out, terminal ? 80 : 0))) {
                progress.opened(new RoundOpening("run", 3, List.of(A, B), 1, Adapter.empty(), Map.of()));
                CentroidReport report = new CentroidReport("run", 3, A, List.of());
                progress.received(report, Receipt.accepted(report));
            }
            String said = bytes.toString(StandardCharsets.UTF_8).replace(System.lineSeparator(), "\n");
            assertEquals(
                    "fedhds, round 3 of 5: 2 clients\n", said.substring(said.lastIndexOf('\r') + 1), "" + terminal);
        }
        String whole = said(false);
        assertTrue(whole.endsWith("\n") && !whole.endsWith("\n\n"), "closing what is over says nothing: " + whole);
    }
}
