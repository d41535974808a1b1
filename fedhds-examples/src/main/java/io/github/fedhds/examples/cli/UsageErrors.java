package io.github.fedhds.examples.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** Errors in the arguments, in two lines: what is wrong, with the nearest name, and where the options are listed. */
final class UsageErrors {
    private UsageErrors() {}

    static void register(CommandLine line) {
        line.setParameterExceptionHandler(UsageErrors::print);
    }

    /** Prints the error, and returns the exit status. */
    static int print(ParameterException failure, String... arguments) {
        CommandLine command = failure.getCommandLine();
        PrintWriter err = command.getErr();
        err.println(command.getCommandSpec().qualifiedName() + ": " + message(failure, command)
                + ConfigFile.origin(arguments));
        err.println("All options: " + command.getCommandSpec().root().name() + " help"
                + (command.getParent() == null ? "" : " " + command.getCommandName()));
        err.flush();
        return ExitStatus.USAGE;
    }

    private static String message(ParameterException failure, CommandLine command) {
        if (!(failure instanceof UnmatchedArgumentException unmatched)
                || unmatched.getUnmatched().isEmpty()) {
            return String.valueOf(failure.getMessage());
        }
        String given = unmatched.getUnmatched().get(0); // what follows may be its value
        String name = given.replaceFirst("=.*", "");
        if (given.startsWith("-")) {
            return "Unknown option: '" + name + "'" + nearest(given, names(command));
        }
        return command.getParent() == null
                ? "Unknown command: '" + given + "'"
                        + nearest(given, command.getSubcommands().keySet())
                : "Unexpected argument: '" + given + "'";
    }

    /** The options of a command, and the names of its commands. */
    static List<String> names(CommandLine command) {
        List<String> names = new ArrayList<>();
        for (String option : command.getCommandSpec().optionsMap().keySet()) {
            if (option.startsWith("--")) {
                names.add(option);
            }
        }
        return names;
    }

    /** A question that names the nearest name, if one is near: at most a third of its letters differ. */
    static String nearest(String given, Collection<String> names) {
        String bare = given.replaceFirst("=.*", "").replaceFirst("^-+", "");
        return names.stream()
                .min(Comparator.comparingInt(name -> distance(bare, name.replaceFirst("^-+", ""))))
                .filter(name -> 3 * distance(bare, name.replaceFirst("^-+", "")) <= name.length())
                .map(name -> "; did you mean " + name + "?")
                .orElse("");
    }

    /** Letters to insert, delete, replace, or exchange with the next one. */
    private static int distance(String a, String b) {
        int[][] rows = new int[a.length() + 1][b.length() + 1];
        for (int i = 0; i <= a.length(); i++) {
            for (int j = 0; j <= b.length(); j++) {
                if (i == 0 || j == 0) {
                    rows[i][j] = i + j;
                    continue;
                }
                int change = rows[i - 1][j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                rows[i][j] = Math.min(change, 1 + Math.min(rows[i - 1][j], rows[i][j - 1]));
                boolean exchanged =
                        i > 1 && j > 1 && a.charAt(i - 1) == b.charAt(j - 2) && a.charAt(i - 2) == b.charAt(j - 1);
                if (exchanged) {
                    rows[i][j] = Math.min(rows[i][j], rows[i - 2][j - 2] + 1);
                }
            }
        }
        return rows[a.length()][b.length()];
    }
}
