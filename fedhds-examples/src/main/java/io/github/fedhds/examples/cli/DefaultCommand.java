package io.github.fedhds.examples.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;

/** A command line with a subcommand that is meant if none is named, and with the settings of a file before the options. */
final class DefaultCommand extends CommandLine {
    private static final Set<String> OF_ALL = Set.of("-h", "--help", "-V", "--version");

    private final String name;

    DefaultCommand(Object command, String name) {
        super(command);
        this.name = name;
    }

    @Override
    public int execute(String... arguments) {
        List<String> all = new ArrayList<>(List.of(arguments));
        if (all.isEmpty() || (all.get(0).startsWith("-") && !OF_ALL.contains(all.get(0)))) {
            all.add(0, name);
        }
        CommandLine called = getSubcommands().get(all.get(0));
        if (called != null) {
            try {
                all.addAll(1, ConfigFile.options(called, all.subList(1, all.size())));
            } catch (ParameterException e) {
                return UsageErrors.print(e);
            }
        }
        return super.execute(all.toArray(new String[0]));
    }
}
