package io.github.fedhds.examples.cli;

import io.github.fedhds.examples.Programs;
import io.github.fedhds.model.Precision;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.logging.Level;
import java.util.logging.Logger;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.TypeConversionException;

/** The command line: one subcommand for each thing a user does; {@code run} if none is named. */
@Command(
        name = "fedhds",
        mixinStandardHelpOptions = true,
        versionProvider = Versions.class,
        synopsisSubcommandLabel = "[COMMAND]",
        exitCodeListHeading = "%nExit status:%n",
        exitCodeList = {
            "0:done",
            "1:failed; the message says why",
            "2:an option is wrong or missing",
            "3:nothing could be trained, or a privacy budget is spent; the last line says why and what helps",
            "130:interrupted (Ctrl-C); a run with --out goes on with --resume"
        },
        description = {
            "Federated, data-efficient instruction tuning of language models.",
            "Without a command: run. Each command has its own options: fedhds help COMMAND."
        })
public final class Main {
    /** The api's logger, whose INFO the progress lines tell. Held, because the JDK forgets the level of one that is not. */
    private static final Logger API_LOGGER = Logger.getLogger("io.github.fedhds");

    private Main() {}

    /** Runs a command; the process ends with one of the exit statuses in the help text. */
    public static void main(String[] args) {
        System.setProperty("java.util.logging.SimpleFormatter.format", "%4$s %5$s%n"); // as the other lines of the log
        API_LOGGER.setLevel(Level.WARNING);
        Thread interruption = Interruption.ofCommand();
        int status = commandLine().execute(args);
        if (!endedByItself(interruption)) {
            return;
        }
        if (System.out.checkError() && status == ExitStatus.DONE) {
            System.err.println("fedhds: standard output cannot be written: it is closed, or its disk is full");
            status = ExitStatus.FAILED;
        }
        if (status != 0) {
            System.exit(status);
        }
    }

    /** Whether the command ended by itself: then its end is no interruption. */
    private static boolean endedByItself(Thread interruption) {
        try {
            return Runtime.getRuntime().removeShutdownHook(interruption);
        } catch (IllegalStateException e) { // the process was told to stop, and the hook runs
            return false;
        }
    }

    public static CommandLine commandLine() {
        return commandLine(System.out);
    }

    /** The command line, with progress and results written to a stream. */
    public static CommandLine commandLine(PrintStream console) {
        CommandLine line = new DefaultCommand(new Main(), "run");
        line.addSubcommand(new RunCommand(console));
        line.addSubcommand(new CompareCommand(console));
        line.addSubcommand(new PlanCommand(console));
        line.addSubcommand(new EvaluateCommand(console));
        line.addSubcommand(new GenerateCommand(console));
        line.addSubcommand(new SelectCommand(console));
        line.addSubcommand(new FeaturesCommand(console));
        line.addSubcommand(new MergeCommand());
        line.addSubcommand(new ExportCommand());
        line.addSubcommand(new ServeCommand(console));
        line.addSubcommand(new JoinCommand(console));
        line.addSubcommand(new DoctorCommand(console));
        line.addSubcommand(new HelpCommand());
        HelpText.register(line);
        line.getSubcommands()
                .values()
                .forEach(command -> command.getCommandSpec().versionProvider(new Versions()));
        Programs.configure(line);
        UsageErrors.register(line);
        OptionNames.register(line, SelectionName.class);
        OptionNames.register(line, ClusteringName.class);
        OptionNames.register(line, FusionName.class);
        OptionNames.register(line, FeaturesCommand.Format.class);
        TemplateName.register(line);
        PartitionChoice.register(line);
        line.registerConverter(Path.class, Main::path);
        OptionNames.register(line, Precision.class);
        return line;
    }

    /** An empty path is the working folder, which a script with an unset variable does not mean. */
    private static Path path(String text) {
        if (text.isBlank()) {
            throw new TypeConversionException("must name a file or a folder, was empty");
        }
        return Path.of(text);
    }
}
