package io.github.fedhds.examples.cli;

import io.github.fedhds.examples.Programs;
import io.github.fedhds.examples.embedded.EmbeddedModel;
import io.github.fedhds.model.Precision;
import io.github.fedhds.setup.ModelPool;
import io.github.fedhds.transformer.LanguageModel;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.logging.Level;
import java.util.logging.Logger;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The main job: without a model, the embedded comparison; with a model, a federation on the user's data. */
@Command(
        name = "fedhds",
        mixinStandardHelpOptions = true,
        exitCodeListHeading = "%nExit status:%n",
        exitCodeList = {
            "0:done",
            "1:failed; the message says why",
            "2:an option is wrong or missing",
            "3:nothing could be trained, so there is no adapter; the last line says why and what helps"
        },
        description = {
            "Federated, data-efficient instruction tuning.",
            "Without --model: compares FedHDS, random choice and full data on the embedded model and instructions.",
            "With --model, --data and --out: tunes your model on your data."
        })
public final class Main implements Callable<Integer> {
    /** The api's logger, whose INFO the progress lines tell. Held, because the JDK forgets the level of one that is not. */
    private static final Logger API_LOGGER = Logger.getLogger("io.github.fedhds");

    /** Exit status of a run in which no round trained; failures have 1, wrong options 2. */
    static final int NOTHING_TRAINED = 3;

    private final PrintStream console;

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Mixin
    private RunOptions run = new RunOptions();

    @Mixin
    private OwnOptions own = new OwnOptions();

    private Main(PrintStream console) {
        this.console = console;
    }

    /** Runs the job; the process ends with the exit status listed in the help text. */
    public static void main(String[] args) {
        API_LOGGER.setLevel(Level.WARNING);
        int status = commandLine().execute(args);
        if (status != 0) {
            System.exit(status);
        }
    }

    public static CommandLine commandLine() {
        return commandLine(System.out);
    }

    /** The job, with its progress and results written to a stream. */
    public static CommandLine commandLine(PrintStream console) {
        CommandLine line = Programs.commandLine(new Main(console));
        OptionNames.register(line, SelectionName.class);
        OptionNames.register(line, ClusteringName.class);
        OptionNames.register(line, FusionName.class);
        TemplateName.register(line);
        OptionNames.register(line, Precision.class);
        return line;
    }

    @Override
    public Integer call() {
        CommandLine line = spec.commandLine();
        if (own.model.isPresent()) {
            own.check(line, run);
        } else {
            refuseOwnOptions(line);
        }
        run.check(line);
        boolean trained = own.model.isPresent() ? tune(own.model.get()) : compare();
        return trained ? 0 : NOTHING_TRAINED;
    }

    private void refuseOwnOptions(CommandLine line) {
        if (run.devices.size() > 1) {
            throw new ParameterException(
                    line, "several devices of --device need --model; the embedded comparison uses one");
        }
        if (own.data.isPresent()) {
            throw new ParameterException(line, "--data needs --model");
        }
        for (OptionSpec option :
                Objects.requireNonNull(spec.mixins().get("own")).options()) {
            if (line.getParseResult().hasMatchedOption(option.longestName())) {
                throw new ParameterException(
                        line, option.longestName() + " needs --model; the embedded comparison has no such setting");
            }
        }
    }

    private boolean tune(Path folder) {
        OwnRun ownRun = new OwnRun(run, own, console);
        try (ModelPool models = ModelPool.load(folder, own.ofModel(run.ofModel()), run.devices);
                ModelPool features = own.featureModel
                        .map(path -> ModelPool.load(path, run.ofModel(), run.devices))
                        .orElse(null)) {
            return ownRun.run(models, folder, Optional.ofNullable(features));
        }
    }

    private boolean compare() {
        EmbeddedComparison.Options defaults = EmbeddedComparison.Options.defaults();
        EmbeddedComparison comparison = new EmbeddedComparison(
                new EmbeddedComparison.Options(
                        run.clients.orElse(defaults.clients()),
                        run.rounds.orElse(defaults.rounds()),
                        run.fraction.orElse(defaults.fraction()),
                        run.seed,
                        defaults.share(),
                        run.learningRate.orElse(defaults.learningRate()),
                        run.learningRate.orElse(defaults.fullLearningRate()),
                        run.samplesPerGroup.orElse(defaults.samplesPerGroup()),
                        run.fusion,
                        run.parallel(),
                        run.out,
                        run.resume),
                console);
        try (LanguageModel base = EmbeddedModel.load(run.ofModel())) {
            comparison.print(comparison.run(base));
        }
        return comparison.trained();
    }
}
