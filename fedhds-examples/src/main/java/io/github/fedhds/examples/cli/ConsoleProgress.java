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
    private static final int WIDTH = 30;

    /** Columns of the time left. */
    private static final int LEFT = 13;

    private final PrintStream out;
    private final String name;
    private final int rounds;
    private final boolean terminal;

    private String begun = "";
    private boolean open;
    private int clients;
    private int centroids;
    private int steps;
    private int round;
    private int measured;
    private double seconds;

    ConsoleProgress(PrintStream out, String name, int rounds) {
        this(out, name, rounds, out == System.out && System.console() != null);
    }

    ConsoleProgress(PrintStream out, String name, int rounds, boolean terminal) {
        this.out = out;
        this.name = name;
        this.rounds = rounds;
        this.terminal = terminal;
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
        print(String.format(Locale.ROOT, "%s, round %d of %d: %d clients", name, opening.round(), rounds, clients));
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
        print(String.format(Locale.ROOT, ", %d of %d groups chosen", chosen, centroids));
        draw(clients);
    }

    @Override
    public void received(AdapterUpdate update, Receipt receipt) {
        refused(update.client(), receipt);
        draw(steps + 1);
    }

    private void print(String text) {
        if (terminal) {
            begun += text;
        } else {
            out.print(text);
            out.flush();
        }
    }

    /** Each client of a round has two steps; the second is only for clients with selected groups. */
    private void draw(int newSteps) {
        steps = newSteps;
        if (terminal) {
            int full =
                    Math.min(WIDTH, WIDTH * steps / Math.max(1, 2 * clients)); // a client may be refused, then withdraw
            out.print("\r" + begun + " [" + "#".repeat(full) + "-".repeat(WIDTH - full) + "]" + left(steps));
            out.flush();
        }
    }

    /** Time left by the mean of the rounds so far, without evaluations; nothing in the first round. */
    private String left(int done) {
        if (measured == 0) {
            return "";
        }
        double ofRound = Math.min(1, done / Math.max(1.0, 2 * clients));
        double left = seconds / measured * (rounds - round + 1 - ofRound);
        String text = left < 90
                ? String.format(Locale.ROOT, "%.0f s", left)
                : left < 5400
                        ? String.format(Locale.ROOT, "%.0f min", left / 60)
                        : String.format(Locale.ROOT, "%.1f h", left / 3600);
        return String.format(Locale.ROOT, " %-" + (LEFT - 1) + "s", text + " left");
    }

    /** Clears the line of the bar. */
    private void erase() {
        if (terminal) {
            out.print("\r" + " ".repeat(begun.length() + WIDTH + 3 + LEFT) + "\r");
        }
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
        erase();
        out.printf(Locale.ROOT, terminal ? "  %s%n" : "%n  %s%n", text);
    }

    @Override
    public void closed(RoundReport report) {
        erase();
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
        seconds += report.seconds().wall();
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
            erase();
            out.println(begun);
            out.flush();
            begun = "";
            open = false;
        }
    }
}
