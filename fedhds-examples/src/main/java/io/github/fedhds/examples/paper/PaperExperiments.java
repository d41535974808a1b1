package io.github.fedhds.examples.paper;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.examples.Programs;
import io.github.fedhds.examples.cli.TemplateName;
import io.github.fedhds.examples.comparison.Bed;
import io.github.fedhds.examples.comparison.ExperimentOptions;
import io.github.fedhds.examples.comparison.ResultsFile;
import io.github.fedhds.transformer.LanguageModel;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * The experiments of the FedHDS paper, and a comparison of all methods, on the embedded model or on the user's model and
 * data. In a seed's runs all arms have the same clients, the same clients in each round, the same first adapter and the same
 * evaluation. Each result is appended to a file, and runs that are in the file are not repeated, so the program can be
 * stopped and started again. Ends with a table for each experiment, and writes a page and plots if asked.
 */
@Command(
        name = "paper-experiments",
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        description = "The experiments of the FedHDS paper as tables and plots.")
public final class PaperExperiments implements Callable<Integer> {
    @Mixin
    private ExperimentOptions experiment = new ExperimentOptions(16, 10_000);

    @Option(names = "--experiments", split = ",", description = "among ${COMPLETION-CANDIDATES}")
    private List<Question> questions = List.of(Question.values());

    @Option(names = "--leave-out-methods", split = ",", description = "choices that do not run, such as full")
    private List<Choice> leftOutChoices = List.of();

    @Option(
            names = "--feature-model",
            showDefaultValue = Visibility.NEVER,
            description = "small model of FedHDS-Turbo (default: the first third of the base model's layers)")
    private Optional<Path> featureModel = Optional.empty();

    @Option(
            names = "--frozen-features",
            description =
                    "features of the base model in all runs, each computed once; the paper's are of the tuned model")
    private boolean frozen;

    @Option(names = "--clients", description = "number of clients, unless each has one task")
    private int clients = 24;

    @Option(names = "--partition", description = "task, or dirichlet:ALPHA")
    private String partition = "dirichlet:0.5";

    @Option(names = "--fraction", description = "share of the clients in a round")
    private double fraction = 0.34;

    @Option(names = "--rounds", description = "rounds of a run")
    private int rounds = 5;

    @Option(names = "--min-cluster-size", description = "smallest cluster of a client")
    private int minClusterSize = 5;

    @Option(
            names = "--samples-per-group",
            showDefaultValue = Visibility.NEVER,
            description = "samples of a chosen group (embedded: 3; else 1, the paper's)")
    private Optional<Integer> samplesPerGroup = Optional.empty();

    @Option(
            names = "--rate",
            showDefaultValue = Visibility.NEVER,
            description = "learning rate with few samples (embedded: 5e-3; else the library's)")
    private Optional<Double> rate = Optional.empty();

    @Option(
            names = "--full-rate",
            showDefaultValue = Visibility.NEVER,
            description = "learning rate with full data (embedded: 2e-3; else the library's)")
    private Optional<Double> fullRate = Optional.empty();

    @Option(
            names = "--epochs",
            showDefaultValue = Visibility.NEVER,
            description = "passes over few samples in a round (embedded: 3; else 1)")
    private Optional<Integer> epochs = Optional.empty();

    @Option(
            names = "--page",
            showDefaultValue = Visibility.NEVER,
            description = "HTML file to write, with all tables and plots")
    private Optional<Path> page = Optional.empty();

    @Option(
            names = "--plots",
            showDefaultValue = Visibility.NEVER,
            description = "folder to write the plots to, as PREFIX-EXPERIMENT.svg")
    private Optional<Path> plots = Optional.empty();

    @Option(names = "--prefix", description = "beginning of the plots' names")
    private String prefix = "experiment";

    @Spec
    private CommandSpec spec = CommandSpec.create();

    public static void main(String[] args) {
        System.exit(commandLine().execute(args));
    }

    static CommandLine commandLine() {
        CommandLine line = Programs.commandLine(new PaperExperiments());
        TemplateName.register(line);
        return line;
    }

    @Override
    public Integer call() {
        check();
        PrintWriter out = spec.commandLine().getOut();
        long start = System.nanoTime();
        if (!experiment.tableOnly()) {
            run(out);
            out.printf(Locale.ROOT, "%.0f s in all%n", (System.nanoTime() - start) / 1e9);
        }
        Map<String, String> settings = settings();
        List<Outcome> outcomes = file().read().stream()
                .filter(outcome -> outcome.settings().equals(settings))
                .toList();
        List<Answer> answers = questions.stream()
                .map(question -> new Answer(question, base(), outcomes))
                .filter(answer -> !answer.isEmpty())
                .toList();
        for (Answer answer : answers) {
            Question question = answer.question();
            out.printf("%n### %s%n%n%s%n%n%s", question.title(), question.question(), answer.markdown());
            plots.ifPresent(folder -> write(
                    folder.resolve(prefix + "-" + question.name().toLowerCase(Locale.ROOT) + ".svg"), answer.svg()));
        }
        page.ifPresent(path -> write(path, new AnswerPage("FedHDS experiments", settings, answers).html()));
        out.flush();
        return 0;
    }

    /** Before hours of work, not after them. */
    private void check() {
        experiment.check(spec.commandLine());
        require(
                partition.equals("task") || partition.matches("dirichlet:[0-9.]+"),
                "--partition must be task or dirichlet:ALPHA, such as dirichlet:0.5, was " + partition);
        require(fraction > 0 && fraction <= 1, "--fraction must be above 0 and at most 1, was " + fraction);
        Map<String, Integer> counts = new TreeMap<>(Map.of(
                "--clients",
                clients,
                "--rounds",
                rounds,
                "--samples-per-group",
                samplesPerGroup(),
                "--epochs",
                epochs()));
        counts.forEach((option, count) -> require(count >= 1, option + " must be 1 or more, was " + count));
        require(minClusterSize >= 2, "--min-cluster-size must be 2 or more, was " + minClusterSize);
        rate.ifPresent(value -> require(value > 0 && value < 1e3, "--rate must be above 0, was " + value));
        fullRate.ifPresent(value -> require(value > 0 && value < 1e3, "--full-rate must be above 0, was " + value));
        plots.ifPresent(path -> require(Files.isDirectory(path), "--plots must be a folder that exists, was " + path));
    }

    private void require(boolean holds, String rule) {
        ExperimentOptions.require(spec.commandLine(), holds, rule);
    }

    private ResultsFile<Outcome> file() {
        return new ResultsFile<>(experiment.results(), Outcome.class);
    }

    private void run(PrintWriter out) {
        Bed bed = experiment.bed(out);
        try (LanguageModel loaded = experiment.load();
                LanguageModel small = featureModel
                        .map(path -> LanguageModel.load(path, experiment.modelOptions()))
                        .orElse(null)) {
            PaperRun.Scale scale = new PaperRun.Scale(
                    clients,
                    rounds,
                    rate.orElse(experiment.isOwn() ? 0 : 5e-3),
                    fullRate.orElse(experiment.isOwn() ? 0 : 2e-3),
                    epochs(),
                    frozen,
                    experiment.answerTokens(),
                    experiment.parallel(),
                    experiment.cache());
            PaperRun run = new PaperRun(
                    loaded, Optional.ofNullable(small), experiment.template(loaded), bed, scale, settings());
            Map<Outcome.Key, Outcome> done = file().read().stream()
                    .collect(Collectors.toMap(Outcome::key, outcome -> outcome, (one, same) -> one, HashMap::new));
            for (long seed : experiment.seeds()) {
                for (Arm arm : arms()) {
                    outcome(run, arm, arm.choice() == Choice.BASE ? 0 : seed, done, out);
                }
            }
        }
    }

    private List<Arm> arms() {
        return questions.stream()
                .flatMap(question -> question.rows(base()).stream())
                .map(Question.Row::arm)
                .filter(arm -> !leftOutChoices.contains(arm.choice()))
                .distinct()
                .toList();
    }

    private Outcome outcome(PaperRun run, Arm arm, long seed, Map<Outcome.Key, Outcome> done, PrintWriter out) {
        Outcome.Key key = new Outcome.Key(settings(), arm, seed);
        Outcome known = done.get(key);
        if (known != null) {
            return known;
        }
        Optional<Outcome> followed = arm.followsFedHds()
                ? Optional.of(outcome(run, arm.withChoice(Choice.FEDHDS), seed, done, out))
                : Optional.empty();
        long start = System.nanoTime();
        Outcome outcome;
        try {
            outcome = run.run(arm, seed, followed);
        } catch (FedHdsException e) {
            throw new FedHdsException(arm + " with seed " + seed + ": " + e.getMessage(), e);
        }
        file().append(outcome);
        done.put(key, outcome);
        out.printf(
                Locale.ROOT,
                "%s, seed %d: Rouge-L %.4f, loss %.4f, %.0f samples, %.0f s%n",
                arm,
                seed,
                outcome.get(Measure.ROUGE_L),
                outcome.get(Measure.LOSS),
                outcome.samples().stream().mapToDouble(Long::doubleValue).sum(),
                (System.nanoTime() - start) / 1e9);
        out.flush();
        return outcome;
    }

    private Arm base() {
        return new Arm(Choice.FEDHDS, Reduction.TSNE, minClusterSize, samplesPerGroup(), 0, 0, fraction, partition);
    }

    private int samplesPerGroup() {
        return samplesPerGroup.orElse(experiment.isOwn() ? 1 : 3);
    }

    private int epochs() {
        return epochs.orElse(experiment.isOwn() ? 1 : 3);
    }

    private Map<String, String> settings() {
        Map<String, String> settings = new TreeMap<>();
        experiment.describe(settings);
        settings.put(
                "feature model of Turbo",
                featureModel.map(ExperimentOptions::name).orElse("first layers"));
        settings.put("features", frozen ? "of the base model" : "of the tuned model");
        settings.put("evaluated tasks", experiment.openAnswers() ? "open answers" : "all");
        settings.put("clients", String.valueOf(clients));
        settings.put("rounds", String.valueOf(rounds));
        settings.put("rate", rate.map(String::valueOf).orElse("default"));
        settings.put("rate with full data", fullRate.map(String::valueOf).orElse("default"));
        settings.put("epochs", String.valueOf(epochs()));
        return settings;
    }

    private static void write(Path file, String text) {
        try {
            Files.writeString(file, text);
        } catch (IOException e) {
            throw new FedHdsException(file + " cannot be written: " + e, e);
        }
    }
}
