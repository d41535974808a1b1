package io.github.fedhds.examples.cli;

import io.github.fedhds.examples.report.ComparisonIndex;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** The table that ends a comparison. */
final class ComparisonTable {
    private ComparisonTable() {}

    /**
     * One run, or the base model.
     *
     * @param folder of the run in that of the comparison; empty for the base model
     * @param rougeL on the unseen tasks, 0 to 1
     * @param samples trained on, over all rounds
     * @param share of the instructions of the rounds' clients, 0 to 1
     * @param features seconds of the clients' work; likewise {@code selection} and {@code training}
     * @param evaluating seconds of the last evaluation; NaN if not known
     */
    record Row(
            String name,
            Optional<String> folder,
            double rougeL,
            long samples,
            double share,
            double features,
            double selection,
            double training,
            double evaluating) {}

    /** Prints the rows, and what the columns mean. */
    static void print(PrintStream out, List<Row> rows, int parallel) {
        boolean timed = rows.stream().anyMatch(row -> !Double.isNaN(row.evaluating()));
        out.println();
        out.printf(
                "%-18s %8s %9s %8s %10s %10s %10s%s%n",
                "", "Rouge-L", "samples", "share", "features", "selection", "training", timed ? "  evaluation" : "");
        for (Row row : rows) {
            out.printf(
                    Locale.ROOT,
                    "%-18s %8.4f %9d %6.2f %% %8.1f s %8.1f s %8.1f s%s%n",
                    row.name(),
                    row.rougeL(),
                    row.samples(),
                    100 * row.share(),
                    row.features(),
                    row.selection(),
                    row.training(),
                    Double.isNaN(row.evaluating()) ? "" : String.format(Locale.ROOT, " %9.1f s", row.evaluating()));
        }
        out.println();
        out.println("Rouge-L (f) is the mean over instructions of unseen tasks; share is of the instructions that the"
                + " rounds' clients hold;");
        out.println("seconds are of work, summed over the clients, of which " + parallel + " run at a time.");
    }

    /** Writes the rows as a page with links to the reports of the runs. */
    static void writeIndex(Path folder, List<Row> rows) {
        ComparisonIndex index = new ComparisonIndex();
        for (Row row : rows) {
            index.add(
                    row.name(),
                    row.folder().map(run -> run + "/report.html"),
                    String.format(Locale.ROOT, "%.4f", row.rougeL()),
                    String.valueOf(row.samples()),
                    String.format(Locale.ROOT, "%.2f %%", 100 * row.share()),
                    String.format(Locale.ROOT, "%.1f s", row.features()),
                    String.format(Locale.ROOT, "%.1f s", row.selection()),
                    String.format(Locale.ROOT, "%.1f s", row.training()));
        }
        index.write(folder);
    }
}
