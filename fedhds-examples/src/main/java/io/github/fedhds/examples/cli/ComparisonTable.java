package io.github.fedhds.examples.cli;

import java.io.PrintStream;
import java.util.List;
import java.util.Locale;

/** The table that ends a comparison. */
final class ComparisonTable {
    private ComparisonTable() {}

    /**
     * One run.
     *
     * @param rougeL on the unseen tasks, 0 to 1
     * @param samples trained on, over all rounds
     * @param share of the instructions of the rounds' clients, 0 to 1
     * @param features seconds of the clients' work; likewise {@code selection} and {@code training}
     * @param evaluating seconds of the last evaluation; NaN if not known
     */
    record Row(
            String name,
            double rougeL,
            long samples,
            double share,
            double features,
            double selection,
            double training,
            double evaluating) {}

    /** Prints the rows, and what the columns mean. */
    static void print(PrintStream out, List<Row> rows, int parallel) {
        out.println();
        out.printf(
                "%-18s %8s %9s %8s %10s %10s %10s %11s%n",
                "", "Rouge-L", "samples", "share", "features", "selection", "training", "evaluation");
        for (Row row : rows) {
            out.printf(
                    Locale.ROOT,
                    "%-18s %8.4f %9d %6.2f %% %8.1f s %8.1f s %8.1f s %11s%n",
                    row.name(),
                    row.rougeL(),
                    row.samples(),
                    100 * row.share(),
                    row.features(),
                    row.selection(),
                    row.training(),
                    Double.isNaN(row.evaluating()) ? "" : String.format(Locale.ROOT, "%.1f s", row.evaluating()));
        }
        out.println();
        out.println("Rouge-L (f) is the mean over instructions of unseen tasks; share is of the instructions that the"
                + " rounds' clients hold;");
        out.println("seconds are of work, summed over the clients, of which " + parallel + " run at a time.");
    }
}
