package io.github.fedhds.examples;

import io.github.fedhds.BudgetSpentException;
import io.github.fedhds.FedHdsException;
import java.util.concurrent.Callable;
import picocli.CommandLine;

/** Common settings of these programs' command lines. */
public final class Programs {
    private Programs() {}

    /** Ends the program with one line of usage and status 2 if it has too few or too many arguments. */
    static void require(boolean fits, String usage) {
        if (!fits) {
            System.err.println("usage: " + usage);
            System.exit(2);
        }
    }

    /** A command line that accepts constants in lower case, and reports a failure in one line, with status 1. */
    public static CommandLine commandLine(Callable<Integer> program) {
        CommandLine line = new CommandLine(program);
        configure(line);
        return line;
    }

    /** Makes a command line and its subcommands accept constants in lower case, and report a failure in one line. */
    public static void configure(CommandLine line) {
        line.setCaseInsensitiveEnumValuesAllowed(true).setExecutionExceptionHandler((failure, command, parsed) -> {
            if (failure instanceof FedHdsException || failure instanceof IllegalArgumentException) {
                command.getErr().println(command.getCommandSpec().qualifiedName() + ": " + failure.getMessage());
                return failure instanceof BudgetSpentException ? 3 : 1;
            }
            throw failure;
        });
    }
}
