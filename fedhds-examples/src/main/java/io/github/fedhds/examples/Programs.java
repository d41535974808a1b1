package io.github.fedhds.examples;

import io.github.fedhds.FedHdsException;
import java.util.concurrent.Callable;
import picocli.CommandLine;

/** What the command lines of these programs have in common. */
public final class Programs {
    private Programs() {}

    /** A command line on which names of constants may be in lower case, and a failure is one line with status 1. */
    public static CommandLine commandLine(Callable<Integer> program) {
        return new CommandLine(program)
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setExecutionExceptionHandler((failure, command, parsed) -> {
                    if (failure instanceof FedHdsException || failure instanceof IllegalArgumentException) {
                        command.getErr().println(command.getCommandName() + ": " + failure.getMessage());
                        return 1;
                    }
                    throw failure;
                });
    }
}
