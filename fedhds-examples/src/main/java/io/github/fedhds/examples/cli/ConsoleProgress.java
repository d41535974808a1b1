package io.github.fedhds.examples.cli;

import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.message.CentroidReport;
import io.github.fedhds.message.GroupSelection;
import io.github.fedhds.message.Receipt;
import io.github.fedhds.message.RoundOpening;
import io.github.fedhds.message.RoundResult;
import io.github.fedhds.message.Withdrawal;
import io.github.fedhds.monitoring.BestRound;
import io.github.fedhds.monitoring.RoundListener;
import io.github.fedhds.monitoring.RoundReport;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.training.TrainingCounts;
import java.io.PrintStream;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Prints the progress of a federation: one line per round, and one line per refused message; on a terminal, a bar while
 * the round runs.
 */
final class ConsoleProgress implements RoundListener, AutoCloseable {
    private final PrintStream out;
    private final String name;
    private final int rounds;
    private final ProgressBar bar;

    /** The round's line so far; printed whole, because the log may share the output. */
    private String begun = "";

    private boolean open;
    private int clients;
    private int centroids;
    private int steps;
    private String step = "";
    private int round;
    private int measured;
    private long start;

    ConsoleProgress(PrintStream out, String name, int rounds) {
        this(out, name, rounds, ProgressBar.on(out));
    }

    ConsoleProgress(PrintStream out, String name, int rounds, ProgressBar bar) {
        this.out = out;
        this.name = name;
        this.rounds = rounds;
        this.bar = bar;
    }

    @Override
    public void resumed(List<RoundReport> past, Optional<String> damage) {
        damage.ifPresent(why -> out.printf(Locale.ROOT, "%s; the checkpoint before it is used%n", why));
        out.printf(
                Locale.ROOT,
                "%s, resumed after round %d of %d, %d samples so far%n",
                name,
                past.get(past.size() - 1).round(),
                rounds,
                past.stream().mapToLong(report -> report.result().samples()).sum());
    }

    @Override
    public void opened(RoundOpening opening) {
        clients = opening.clients().size();
        round = opening.round();
        centroids = 0;
        steps = 0;
        open = true;
        step = "features";
        if (measured == 0) {
            start = System.nanoTime();
        }
        begun = String.format(Locale.ROOT, "%s, round %d of %d: %d clients", name, opening.round(), rounds, clients);
    }

    @Override
    public void received(CentroidReport report, Receipt receipt) {
        refused(report.client(), receipt);
        centroids += receipt.counts() ? report.centroids().size() : 0;
        draw(steps + 1);
    }

    @Override
    public void received(Withdrawal withdrawal, Receipt receipt) {
        printNote(withdrawal.client() + " withdrew: " + withdrawal.reason());
        draw(steps + 1);
    }

    @Override
    public void selected(int round, Map<ClientId, GroupSelection> selections) {
        int chosen =
                selections.values().stream().mapToInt(s -> s.groups().size()).sum();
        begun += String.format(Locale.ROOT, ", %d of %d groups chosen", chosen, centroids);
        step = "training";
        draw(clients);
    }

    @Override
    public void received(AdapterUpdate update, Receipt receipt) {
        refused(update.client(), receipt);
        draw(steps + 1);
    }

    /** Each client of a round has two steps; the second is only for clients with selected groups. */
    private void draw(int newSteps) {
        steps = newSteps;
        double ofRound = Math.min(1, steps / Math.max(1.0, 2 * clients)); // a client may be refused, then withdraw
        bar.draw(name + ", round " + round + " of " + rounds, ofRound, " " + step + left(ofRound));
    }

    /** Time left by the mean of the rounds so far, with their evaluations; nothing in the first round. */
    private String left(double ofRound) {
        if (measured == 0) {
            return "";
        }
        double seconds = (System.nanoTime() - start) / 1e9;
        return ", " + ProgressBar.text(seconds / (measured + ofRound) * (rounds - round + 1 - ofRound)) + " left";
    }

    private void refused(ClientId client, Receipt receipt) {
        if (!receipt.counts()) {
            printNote(client + " refused: " + receipt.reason());
        }
    }

    @Override
    public void failed(int round, ClientId client, RuntimeException failure) {
        printNote(client + " failed: " + failure);
    }

    private void printNote(String text) {
        bar.erase();
        out.printf("  %s%n", text);
    }

    @Override
    public void closed(RoundReport report) {
        bar.erase();
        out.print(begun);
        begun = "";
        open = false;
        RoundResult result = report.result();
        if (result.voidReason().isPresent()) {
            out.print(", void: " + result.voidReason().get() + "; the adapter stays as it was");
        } else if (result.isEmpty()) {
            out.print(", nothing trained on: the adapter stays as it was");
        } else {
            out.printf(Locale.ROOT, ", %d samples", result.samples());
            if (!Double.isNaN(result.meanLoss())) { // with noise on adapters, no client says its loss
                out.printf(Locale.ROOT, ", loss %.3f", result.meanLoss());
            }
        }
        report.privacy()
                .ifPresent(spent -> out.printf(
                        Locale.ROOT,
                        ", epsilon %.3f of %s spent%s",
                        spent.epsilon(),
                        spent.budget(),
                        spent.secret() ? "" : " by REPEATABLE noise, which protects nothing"));
        TrainingCounts counts = result.counts();
        if (counts.cutPrompts() + counts.skippedTooLong() + counts.skippedNonFinite() > 0) {
            out.printf(
                    Locale.ROOT,
                    " (%d %s cut, %d %s too long, %d %s not finite)",
                    counts.cutPrompts(),
                    counts.cutPrompts() == 1 ? "prompt" : "prompts",
                    counts.skippedTooLong(),
                    counts.skippedTooLong() == 1 ? "answer" : "answers",
                    counts.skippedNonFinite(),
                    counts.skippedNonFinite() == 1 ? "step" : "steps");
        }
        measured++;
        out.printf(Locale.ROOT, ", %.1f s%n", report.seconds().wall());
        report.score()
                .ifPresent(score -> out.printf(
                        Locale.ROOT, "after round %d: Rouge-L %.4f on unseen tasks%n", report.round(), score));
        report.findings().forEach(finding -> out.println("  " + FindingLine.of(finding)));
        out.flush();
    }

    @Override
    public void stopped(BestRound best) {
        out.printf(
                Locale.ROOT,
                "%s, stopped early: no Rouge-L above %.4f of round %d%n",
                name,
                best.score(),
                best.round());
    }

    /** Ends the line of a round that failed, so that the error message starts a new line. */
    @Override
    public void close() {
        if (open) {
            bar.erase();
            out.println(begun);
            out.flush();
            begun = "";
            open = false;
        }
    }
}
