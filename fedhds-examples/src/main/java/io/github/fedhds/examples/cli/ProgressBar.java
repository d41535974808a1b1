package io.github.fedhds.examples.cli;

import java.io.Console;
import java.io.PrintStream;
import java.util.Locale;
import picocli.CommandLine.Model.UsageMessageSpec;

/** A bar in the last line of a terminal, drawn again at each step. In a pipe or a file it draws nothing. */
final class ProgressBar {
    private static final int WIDTH = 24;

    private final PrintStream out;
    private final int columns;
    private int drawn;

    /** @param columns of the terminal; 0: it is none */
    ProgressBar(PrintStream out, int columns) {
        this.out = out;
        this.columns = columns;
    }

    /** For the standard output, if that is a terminal, or any other stream. */
    static ProgressBar on(PrintStream out) {
        boolean terminal = out == System.out && isTerminal() && !"dumb".equals(System.getenv("TERM"));
        return new ProgressBar(
                out, terminal ? new UsageMessageSpec().autoWidth(true).width() : 0);
    }

    /** From Java 22 on, there is a console in a pipe too, which {@code Console.isTerminal} tells. */
    private static boolean isTerminal() {
        Console console = System.console();
        if (console == null) {
            return false;
        }
        try {
            return (boolean) Console.class.getMethod("isTerminal").invoke(console);
        } catch (ReflectiveOperationException e) {
            return true;
        }
    }

    boolean isDrawn() {
        return columns > 0;
    }

    /**
     * Draws the bar in place of the last one, cut to the width of the terminal.
     *
     * @param before text before the bar
     * @param share of the work that is done, 0 to 1
     * @param after text after the bar
     */
    void draw(String before, double share, String after) {
        if (!isDrawn()) {
            return;
        }
        int full = (int) (WIDTH * Math.max(0, Math.min(1, share)));
        String text = before + " [" + "#".repeat(full) + "-".repeat(WIDTH - full) + "]" + after;
        String line = text.substring(0, Math.min(text.length(), columns - 1)); // the last column may begin a new line
        out.print("\r" + line + " ".repeat(Math.max(0, drawn - line.length())));
        out.flush();
        drawn = line.length();
    }

    /** Clears the line. */
    void erase() {
        if (drawn > 0) {
            out.print("\r" + " ".repeat(drawn) + "\r");
            drawn = 0;
        }
    }

    /** Seconds as text: 45 s, 12 min, 1.5 h. */
    static String text(double seconds) {
        return seconds < 90
                ? String.format(Locale.ROOT, "%.0f s", seconds)
                : seconds < 5400
                        ? String.format(Locale.ROOT, "%.0f min", seconds / 60)
                        : String.format(Locale.ROOT, "%.1f h", seconds / 3600);
    }
}
