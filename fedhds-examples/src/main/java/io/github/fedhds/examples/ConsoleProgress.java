package io.github.fedhds.examples;

import io.github.fedhds.ClientId;
import io.github.fedhds.federation.RoundListener;
import io.github.fedhds.federation.RoundReport;
import io.github.fedhds.message.CentroidReport;
import io.github.fedhds.message.Receipt;
import io.github.fedhds.message.RoundOpening;
import io.github.fedhds.message.RoundResult;
import io.github.fedhds.training.TrainingResult;
import java.io.PrintStream;
import java.util.Locale;
import java.util.function.Consumer;

/** Says on the console how a federation gets on: a line a round, and a line for what was refused. */
final class ConsoleProgress implements RoundListener {
    private final PrintStream out;
    private final String name;
    private final int rounds;
    private final Consumer<RoundReport> after;

    ConsoleProgress(PrintStream out, String name, int rounds) {
        this(out, name, rounds, report -> {});
    }

    private ConsoleProgress(PrintStream out, String name, int rounds, Consumer<RoundReport> after) {
        this.after = after;
        this.out = out;
        this.name = name;
        this.rounds = rounds;
    }

    /** The same, with something more to do when a round is over. */
    RoundListener andThen(Consumer<RoundReport> more) {
        return new ConsoleProgress(out, name, rounds, after.andThen(more));
    }

    @Override
    public void opened(RoundOpening opening) {
        out.printf(
                "%s, round %d of %d: %d clients",
                name, opening.round(), rounds, opening.clients().size());
        out.flush();
    }

    @Override
    public void summarised(CentroidReport report, Receipt receipt) {
        refused(report.client(), receipt);
    }

    @Override
    public void selected(int round, int chosen, int centroids) {
        out.printf(", %d of %d groups chosen", chosen, centroids);
        out.flush();
    }

    @Override
    public void trained(int round, ClientId client, TrainingResult result, Receipt receipt) {
        refused(client, receipt);
    }

    private void refused(ClientId client, Receipt receipt) {
        if (!receipt.counts()) {
            out.printf("%n  %s refused: %s%n", client, receipt.reason());
        }
    }

    @Override
    public void closed(RoundReport report) {
        RoundResult result = report.result();
        if (result.isEmpty()) {
            out.print(", nothing trained on: the adapter stays as it was");
        } else {
            out.printf(Locale.ROOT, ", %d samples, loss %.3f", result.samples(), result.meanLoss());
        }
        if (report.cutPrompts() + report.skippedTooLong() + report.skippedNonFinite() > 0) {
            out.printf(
                    " (%d prompts cut, %d answers too long, %d steps not finite)",
                    report.cutPrompts(), report.skippedTooLong(), report.skippedNonFinite());
        }
        out.printf(Locale.ROOT, ", %.1f s%n", report.seconds().wall());
        after.accept(report);
    }
}
