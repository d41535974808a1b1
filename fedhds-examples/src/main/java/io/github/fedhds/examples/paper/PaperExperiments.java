package io.github.fedhds.examples.paper;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.examples.Programs;
import io.github.fedhds.examples.cli.TemplateName;
import io.github.fedhds.examples.comparison.Bed;
import io.github.fedhds.examples.comparison.ResultsFile;
import io.github.fedhds.examples.embedded.EmbeddedModel;
import io.github.fedhds.model.ModelOptions;
import io.github.fedhds.model.Precision;
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
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
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
        description = "The experiments of the FedHDS paper as tables and plots.")
public final class PaperExperiments implements Callable<Integer> {
    @Option(names = "--experiments", split = ",", description = "among ${COMPLETION-CANDIDATES} (default: all)")
    private List<Question> questions = List.of(Question.values());

    @Option(names = "--leave-out-methods", split = ",", description = "choices that do not run, such as full")
    private List<Choice> leftOutChoices = List.of();

    @Option(names = "--model", description = "model folder or GGUF file (default: the embedded model and its data)")
    private Optional<Path> model = Optional.empty();

    @Option(names = "--data", description = "instructions, as for the main job")
    private Optional<Path> data = Optional.empty();

    @Option(
            names = "--feature-model",
            description = "small model of FedHDS-Turbo (default: the first third of the base model's layers)")
    private Optional<Path> featureModel = Optional.empty();

    @Option(
            names = "--frozen-features",
            description =
                    "features of the base model in all runs, each computed once; the paper's are of the tuned model")
    private boolean frozen;

    @Option(names = "--held-out", split = ",", description = "beginnings of the names of the tasks for the evaluation")
    private List<String> heldOut = List.of();

    @Option(names = "--leave-out", split = ",", description = "beginnings of the names of tasks that are not used")
    private List<String> leaveOut = List.of();

    @Option(names = "--per-task", description = "training instructions of each task at most (default: 40)")
    private int perTask = 40;

    @Option(names = "--unseen-per-task", description = "instructions of each unseen task at most (default: 16)")
    private int unseenPerTask = 16;

    @Option(names = "--longest", description = "characters of an instruction with input and answer (default: 10000)")
    private int longest = 10_000;

    @Option(names = "--open-answers", description = "evaluate only tasks of which more than half of the answers differ")
    private boolean openAnswers;

    @Option(names = "--clients", description = "number of clients, unless each has one task (default: 24)")
    private int clients = 24;

    @Option(names = "--partition", description = "task, or dirichlet:ALPHA (default: dirichlet:0.5)")
    private String partition = "dirichlet:0.5";

    @Option(names = "--fraction", description = "share of the clients in a round (default: 0.34)")
    private double fraction = 0.34;

    @Option(names = "--rounds", description = "rounds of a run (default: 5)")
    private int rounds = 5;

    @Option(names = "--min-cluster-size", description = "smallest cluster of a client (default: 5, the paper's)")
    private int minClusterSize = 5;

    @Option(names = "--samples-per-group", description = "samples of a chosen group (embedded: 3; else 1, the paper's)")
    private Optional<Integer> samplesPerGroup = Optional.empty();

    @Option(names = "--rate", description = "learning rate with few samples (embedded: 5e-3; else the library's)")
    private Optional<Double> rate = Optional.empty();

    @Option(names = "--full-rate", description = "learning rate with full data (embedded: 2e-3; else the library's)")
    private Optional<Double> fullRate = Optional.empty();

    @Option(names = "--epochs", description = "passes over few samples in a round (embedded: 3; else 1)")
    private Optional<Integer> epochs = Optional.empty();

    @Option(names = "--seeds", split = ",", description = "seeds (default: 1,2,3)")
    private List<Long> seeds = List.of(1L, 2L, 3L);

    @Option(names = "--template", description = "prompt template, as for the main job (default: auto)")
    private TemplateName template = TemplateName.AUTO;

    @Option(names = "--answer-tokens", description = "tokens of an evaluated answer at most (default: 24)")
    private int answerTokens = 24;

    @Option(names = "--precision", description = "of the model's weights: float32 or bfloat16 (default: float32)")
    private Precision precision = Precision.FLOAT32;

    @Option(names = "--cache", description = "folder of the features that training does not change")
    private Optional<Path> cache = Optional.empty();

    @Option(names = "--results", required = true, description = "file of the results, one JSON object a line")
    private Path results = Path.of("");

    @Option(names = "--page", description = "HTML file to write, with all tables and plots")
    private Optional<Path> page = Optional.empty();

    @Option(names = "--plots", description = "folder to write the plots to, as PREFIX-EXPERIMENT.svg")
    private Optional<Path> plots = Optional.empty();

    @Option(names = "--prefix", description = "beginning of the plots' names (default: experiment)")
    private String prefix = "experiment";

    @Option(names = "--parallel", description = "clients that run at a time; changes no result (default: 2)")
    private int parallel = 2;

    @Option(names = "--table-only", description = "run nothing; print the tables of the results file")
    private boolean tableOnly;

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
        if (!tableOnly) {
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
        require(model.isPresent() == data.isPresent(), "--model and --data belong together");
        require(
                partition.equals("task") || partition.matches("dirichlet:[0-9.]+"),
                "--partition must be task or dirichlet:ALPHA, such as dirichlet:0.5, was " + partition);
        require(fraction > 0 && fraction <= 1, "--fraction must be above 0 and at most 1, was " + fraction);
        Map<String, Integer> counts = new TreeMap<>(Map.of(
                "--per-task", perTask,
                "--unseen-per-task", unseenPerTask,
                "--longest", longest,
                "--clients", clients,
                "--rounds", rounds,
                "--samples-per-group", samplesPerGroup(),
                "--epochs", epochs(),
                "--answer-tokens", answerTokens,
                "--parallel", parallel));
        counts.forEach((option, count) -> require(count >= 1, option + " must be 1 or more, was " + count));
        require(minClusterSize >= 2, "--min-cluster-size must be 2 or more, was " + minClusterSize);
        rate.ifPresent(value -> require(value > 0 && value < 1e3, "--rate must be above 0, was " + value));
        fullRate.ifPresent(value -> require(value > 0 && value < 1e3, "--full-rate must be above 0, was " + value));
        Path folder = results.toAbsolutePath().getParent();
        require(
                folder != null && Files.isWritable(folder) && !Files.isDirectory(results),
                "--results must be a file in a folder that exists and may be written, was " + results);
        plots.ifPresent(path -> require(Files.isDirectory(path), "--plots must be a folder that exists, was " + path));
    }

    private void require(boolean holds, String rule) {
        if (!holds) {
            throw new ParameterException(spec.commandLine(), rule);
        }
    }

    private ResultsFile<Outcome> file() {
        return new ResultsFile<>(results, Outcome.class);
    }

    private void run(PrintWriter out) {
        Bed.Limits limits = new Bed.Limits(heldOut, leaveOut, perTask, unseenPerTask, longest, openAnswers);
        Bed bed = data.map(path -> Bed.read(path, limits)).orElseGet(() -> Bed.embedded(limits));
        out.printf(
                "%d instructions of %d tasks, %d unseen instructions%n",
                bed.instructions(), bed.tasks().size(), bed.unseen().size());
        ModelOptions options = ModelOptions.defaults().withThreads(1).withPrecision(precision);
        try (LanguageModel loaded = model.map(path -> LanguageModel.load(path, options))
                        .orElseGet(() -> EmbeddedModel.load(options));
                LanguageModel small = featureModel
                        .map(path -> LanguageModel.load(path, options))
                        .orElse(null)) {
            PaperRun.Scale scale = new PaperRun.Scale(
                    clients,
                    rounds,
                    rate.orElse(model.isPresent() ? 0 : 5e-3),
                    fullRate.orElse(model.isPresent() ? 0 : 2e-3),
                    epochs(),
                    frozen,
                    answerTokens,
                    parallel,
                    cache);
            PaperRun run =
                    new PaperRun(loaded, Optional.ofNullable(small), template.of(loaded), bed, scale, settings());
            Map<Outcome.Key, Outcome> done = file().read().stream()
                    .collect(Collectors.toMap(Outcome::key, outcome -> outcome, (one, same) -> one, HashMap::new));
            for (long seed : seeds) {
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
        return samplesPerGroup.orElse(model.isPresent() ? 1 : 3);
    }

    private int epochs() {
        return epochs.orElse(model.isPresent() ? 1 : 3);
    }

    private Map<String, String> settings() {
        Map<String, String> settings = new TreeMap<>();
        settings.put("model", name(model));
        settings.put("data", name(data));
        settings.put(
                "feature model of Turbo",
                featureModel.map(PaperExperiments::lastName).orElse("first layers"));
        settings.put("features", frozen ? "of the base model" : "of the tuned model");
        settings.put("held out", String.join(",", heldOut));
        settings.put("left out", String.join(",", leaveOut));
        settings.put("per task", String.valueOf(perTask));
        settings.put("unseen per task", String.valueOf(unseenPerTask));
        settings.put("longest", String.valueOf(longest));
        settings.put("evaluated tasks", openAnswers ? "open answers" : "all");
        settings.put("clients", String.valueOf(clients));
        settings.put("rounds", String.valueOf(rounds));
        settings.put("rate", rate.map(String::valueOf).orElse("default"));
        settings.put("rate with full data", fullRate.map(String::valueOf).orElse("default"));
        settings.put("epochs", String.valueOf(epochs()));
        settings.put("template", template.name());
        settings.put("precision", precision.name());
        settings.put("answer tokens", String.valueOf(answerTokens));
        return settings;
    }

    /** The last name of a path: results do not depend on where the files lie. */
    private static String name(Optional<Path> path) {
        return path.map(PaperExperiments::lastName).orElse("embedded");
    }

    private static String lastName(Path path) {
        return String.valueOf(path.getFileName());
    }

    private static void write(Path file, String text) {
        try {
            Files.writeString(file, text);
        } catch (IOException e) {
            throw new FedHdsException(file + " cannot be written: " + e, e);
        }
    }
}
