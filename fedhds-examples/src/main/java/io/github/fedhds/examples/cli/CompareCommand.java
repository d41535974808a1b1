package io.github.fedhds.examples.cli;

import io.github.fedhds.examples.embedded.EmbeddedModel;
import io.github.fedhds.monitoring.RoundReport;
import io.github.fedhds.transformer.LanguageModel;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Runs several selections with the same clients, rounds and seed, and prints a table. */
@Command(
        name = "compare",
        mixinStandardHelpOptions = true,
        abbreviateSynopsis = true,
        description = {
            "Compares the base model, the recommended selection, the paper's, random choice and full data.",
            "With --model, --data and --out on your model and data, each run in a folder of its own in --out;"
                    + " without, on the embedded model and instructions."
        })
final class CompareCommand implements Callable<Integer> {
    private static final Map<SelectionName, String> ROWS = new LinkedHashMap<>();

    static {
        ROWS.put(SelectionName.RECOMMENDED, "recommended");
        ROWS.put(SelectionName.FEDHDS, "FedHDS (paper)");
        ROWS.put(SelectionName.RANDOM, "random choice");
        ROWS.put(SelectionName.FULL, "full data (FedIT)");
    }

    /** From this ratio of the numbers of samples on, two rows cannot be compared. */
    private static final double UNEQUAL = 1.5;

    private final PrintStream console;

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Mixin
    private ConfigFile config = new ConfigFile();

    @Mixin
    private RunOptions run = new RunOptions();

    @Mixin
    private OwnOptions own = new OwnOptions();

    CompareCommand(PrintStream console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        CommandLine line = spec.commandLine();
        boolean trained;
        if (own.model.isPresent()) {
            for (String option : List.of("--selection", "--epsilon", "--feature-cache")) {
                if (line.getParseResult().hasMatchedOption(option)) {
                    throw new ParameterException(
                            line, option + " does not suit every selection that compare runs; use run for each");
                }
            }
            own.selection = SelectionName.FEDHDS; // whose options are all there
            own.check(line, run);
            run.check(line);
            trained = own(own.model.get());
        } else {
            RunCommand.refuseOwnOptions(line, run, own);
            run.check(line);
            trained = embedded(run, console);
        }
        return trained ? ExitStatus.DONE : ExitStatus.NOTHING_TRAINED;
    }

    private boolean own(Path folder) {
        Path out = run.out.orElseThrow();
        Optional<Integer> samplesPerGroup = run.samplesPerGroup;
        List<ComparisonTable.Row> rows = new ArrayList<>();
        Optional<Double> base = Optional.empty();
        try (LoadedModels models = new LoadedModels(own, run)) {
            for (Map.Entry<SelectionName, String> row : ROWS.entrySet()) {
                own.selection = row.getKey();
                run.out = Optional.of(out.resolve(OptionNames.of(own.selection)));
                run.samplesPerGroup = own.selection == SelectionName.FEDHDS ? samplesPerGroup : Optional.empty();
                run.given = given();
                OwnRun.Result result = new OwnRun(run, own, console, base).run(models, folder);
                base = result.base();
                rows.add(row(row.getValue(), OptionNames.of(own.selection), result));
            }
        }
        List<ComparisonTable.Row> runs = List.copyOf(rows);
        base.ifPresent(score ->
                rows.add(0, new ComparisonTable.Row("base model", Optional.empty(), score, 0, 0, 0, 0, 0, Double.NaN)));
        PrintStream text = run.text(console);
        ComparisonTable.print(text, rows, run.parallel());
        runs.stream()
                .filter(row -> row.samples() == 0)
                .forEach(row -> text.println(row.name() + " trained on nothing; its last line above says why"));
        long recommended = samples(runs, SelectionName.RECOMMENDED);
        long random = samples(runs, SelectionName.RANDOM);
        if (random > UNEQUAL * recommended || recommended > UNEQUAL * random) {
            text.println(
                    "recommended and random choice have very different numbers of samples, because random choice takes"
                            + " at least one of each client; with a larger --share they can be compared");
        }
        ComparisonTable.writeIndex(out, rows);
        return runs.stream().anyMatch(row -> row.samples() > 0);
    }

    private static long samples(List<ComparisonTable.Row> runs, SelectionName selection) {
        return runs.stream()
                .filter(row -> row.folder().equals(Optional.of(OptionNames.of(selection))))
                .mapToLong(ComparisonTable.Row::samples)
                .sum();
    }

    /** The options with which {@code run} repeats the selection of the moment. */
    private Map<String, Object> given() {
        Set<String> left = new HashSet<>(Set.of("out", "resume"));
        own.selection.unused().forEach(option -> left.add(option.substring(2)));
        Map<String, Object> given = ConfigFile.given(spec.commandLine().getParseResult(), left);
        given.put("selection", OptionNames.of(own.selection));
        return given;
    }

    private static ComparisonTable.Row row(String name, String folder, OwnRun.Result result) {
        TunedRun tuned = result.run();
        OptionalDouble score = tuned.rounds().get(tuned.rounds().size() - 1).score();
        return new ComparisonTable.Row(
                name,
                Optional.of(folder),
                score.orElse(Double.NaN),
                tuned.samples(),
                tuned.samples() / (double) Math.max(1, result.held()),
                tuned.seconds(RoundReport.Seconds::features),
                tuned.seconds(RoundReport.Seconds::selection),
                tuned.seconds(RoundReport.Seconds::training),
                Double.NaN);
    }

    /** Compares on the embedded model and instructions, and returns whether each run trained. */
    static boolean embedded(RunOptions run, PrintStream console) {
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
                run.text(console),
                run.events(console));
        try (LanguageModel base = EmbeddedModel.load(run.ofModel())) {
            comparison.print(comparison.run(base));
        }
        return comparison.trained();
    }
}
