package io.github.fedhds.examples.cli;

import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** Options of all runs, on the embedded or the user's model; the default of an empty option depends on the model. */
final class RunOptions extends ComputeOptions {
    @Option(
            names = "--out",
            paramLabel = "DIR",
            description =
                    "folder for adapter/, report.html, events.jsonl, rounds.jsonl, config.json and checkpoint/ (embedded: of each of"
                            + " its runs)")
    Optional<Path> out = Optional.empty();

    @Option(names = "--rounds", paramLabel = "N", description = "rounds (embedded: 5; own data: 10)")
    Optional<Integer> rounds = Optional.empty();

    @Option(
            names = "--fraction",
            paramLabel = "SHARE",
            description = "share of the clients in a round (embedded: 0.34; own data: 0.05, but at least 16 clients)")
    Optional<Double> fraction = Optional.empty();

    @Option(
            names = "--clients",
            paramLabel = "N",
            description = "number of clients (embedded: 24; own data: one per task)")
    Optional<Integer> clients = Optional.empty();

    @Option(
            names = "--samples-per-group",
            paramLabel = "N",
            description =
                    "samples of each chosen group that --selection fedhds takes (embedded: 3; own data: 1, the paper's)")
    Optional<Integer> samplesPerGroup = Optional.empty();

    @Option(
            names = "--learning-rate",
            paramLabel = "RATE",
            description =
                    "of round 1 (embedded: 5e-3, full data 2e-3; own data: 7.5e-4 for clients with a few steps in a round,"
                            + " falling to 3e-4 at 300 steps)")
    Optional<Double> learningRate = Optional.empty();

    @Option(
            names = "--resume",
            description = "go on with the run that --out holds, from its last round; begin it if there is none")
    boolean resume;

    @Option(
            names = "--json",
            description =
                    "write every event of the run as a line of JSON to standard output, and all else to standard error")
    boolean json;

    /** What the command was started with, for {@code config.json}; set before the run. */
    Map<String, Object> given = Map.of();

    /** Where progress and results go: to standard error, if the console has the events. */
    PrintStream text(PrintStream console) {
        return json ? System.err : console;
    }

    /** Where the events go, if they are wanted. */
    Optional<PrintStream> events(PrintStream console) {
        return json ? Optional.of(console) : Optional.empty();
    }

    /**
     * Rejects values out of range.
     *
     * @throws ParameterException if there is one; the message names the option
     */
    void check(CommandLine line) {
        if (resume && out.isEmpty()) {
            throw new ParameterException(line, "--resume needs --out, which holds the run to go on with");
        }
        out.ifPresent(folder -> {
            Path there = OutputFile.existing(folder);
            if (!Files.isDirectory(there)) {
                throw new ParameterException(
                        line, "--out must be a folder, was " + folder + "; " + there + " is a file");
            }
        });
        rounds.ifPresent(value -> range(line, "--rounds", value, 1, 1_000_000));
        clients.ifPresent(value -> range(line, "--clients", value, 1, 10_000_000));
        samplesPerGroup.ifPresent(value -> range(line, "--samples-per-group", value, 1, 1_000_000));
        checkCompute(line);
        fraction.ifPresent(value -> share(line, "--fraction", value));
        learningRate.filter(value -> !(value > 0 && value < 1e3)).ifPresent(value -> {
            throw new ParameterException(line, "--learning-rate must be above 0 and below 1000, was " + value);
        });
    }
}
