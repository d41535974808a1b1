package io.github.fedhds.examples.cli;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Tunes a model: without a model, the embedded comparison; with a model, a federation on the user's data. */
@Command(
        name = "run",
        mixinStandardHelpOptions = true,
        abbreviateSynopsis = true,
        description = {
            "Tunes your model on your data (--model, --data and --out).",
            "Without --model: compares the recommended selection, the paper's, random choice and full data on the"
                    + " embedded model and instructions."
        })
final class RunCommand implements Callable<Integer> {
    private final PrintStream console;

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Mixin
    private ConfigFile config = new ConfigFile();

    @Mixin
    private RunOptions run = new RunOptions();

    @Mixin
    private OwnOptions own = new OwnOptions();

    RunCommand(PrintStream console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        CommandLine line = spec.commandLine();
        if (own.model.isPresent()) {
            own.check(line, run);
            own.refuseUnused(line);
        } else {
            refuseOwnOptions(line, run, own);
        }
        run.check(line);
        run.given = ConfigFile.given(line.getParseResult(), Set.of("out", "resume"));
        boolean trained = own.model.isPresent() ? tune(own.model.get()) : CompareCommand.embedded(run, console);
        return trained ? ExitStatus.DONE : ExitStatus.NOTHING_TRAINED;
    }

    /**
     * Refuses what has no meaning without a model.
     *
     * @throws ParameterException if such an option was given; the message names it
     */
    static void refuseOwnOptions(CommandLine line, RunOptions run, OwnOptions own) {
        if (run.devices.size() > 1) {
            throw new ParameterException(
                    line, "several devices of --device need --model; the embedded comparison uses one");
        }
        if (own.data.isPresent()) {
            throw new ParameterException(line, "--data needs --model");
        }
        for (OptionSpec option : Objects.requireNonNull(
                        line.getCommandSpec().mixins().get("own"))
                .options()) {
            if (line.getParseResult().hasMatchedOption(option.longestName())) {
                throw new ParameterException(
                        line, option.longestName() + " needs --model; the embedded comparison has no such setting");
            }
        }
    }

    private boolean tune(Path folder) {
        OwnRun ownRun = new OwnRun(run, own, console);
        try (LoadedModels models = new LoadedModels(own, run)) {
            return ownRun.run(models, folder).isTrained();
        }
    }
}
