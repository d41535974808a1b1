package io.github.fedhds.examples.comparison;

import io.github.fedhds.examples.cli.TemplateName;
import io.github.fedhds.examples.embedded.EmbeddedModel;
import io.github.fedhds.instruction.PromptTemplate;
import io.github.fedhds.model.ModelOptions;
import io.github.fedhds.model.Precision;
import io.github.fedhds.transformer.LanguageModel;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import picocli.CommandLine;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** Options of programs that run many federations on one model and one data set, and keep their results in a file. */
public final class ExperimentOptions {
    @Option(
            names = "--model",
            showDefaultValue = Visibility.NEVER,
            description = "model folder or GGUF file (default: the embedded model and its data)")
    private Optional<Path> model = Optional.empty();

    @Option(names = "--data", showDefaultValue = Visibility.NEVER, description = "instructions, as for the main job")
    private Optional<Path> data = Optional.empty();

    @Option(names = "--held-out", split = ",", description = "beginnings of the names of the tasks for the evaluation")
    private List<String> heldOut = List.of();

    @Option(names = "--leave-out", split = ",", description = "beginnings of the names of tasks that are not used")
    private List<String> leaveOut = List.of();

    @Option(names = "--per-task", description = "training instructions of each task at most")
    private int perTask = 40;

    @Option(names = "--unseen-per-task", description = "instructions of each unseen task at most")
    private int unseenPerTask;

    @Option(names = "--longest", description = "characters of an instruction with input and answer at most")
    private int longest;

    @Option(
            names = "--open-answers",
            description = "evaluate only tasks of which more than half of the answers differ, not those with labels")
    private boolean openAnswers;

    @Option(names = "--template", description = "prompt template, as for the main job")
    private TemplateName template = TemplateName.AUTO;

    @Option(names = "--answer-tokens", description = "tokens of an evaluated answer at most")
    private int answerTokens = 24;

    @Option(names = "--precision", description = "of the model's weights: ${COMPLETION-CANDIDATES}")
    private Precision precision = Precision.FLOAT32;

    @Option(names = "--seeds", split = ",", description = "seeds")
    private List<Long> seeds = List.of(1L, 2L, 3L);

    @Option(
            names = "--cache",
            showDefaultValue = Visibility.NEVER,
            description = "folder that keeps the features that training does not change")
    private Optional<Path> cache = Optional.empty();

    @Option(names = "--results", required = true, description = "file of the results, one JSON object a line")
    private Path results = Path.of("");

    @Option(names = "--parallel", description = "clients that run at a time; changes no result")
    private int parallel = 2;

    @Option(names = "--table-only", description = "run nothing; print what the results file holds")
    private boolean tableOnly;

    /** Options with a program's defaults of {@code --unseen-per-task} and {@code --longest}. */
    public ExperimentOptions(int unseenPerTask, int longest) {
        this.unseenPerTask = unseenPerTask;
        this.longest = longest;
    }

    /**
     * Rejects values out of range.
     *
     * @throws ParameterException if there is one; the message names the option
     */
    public void check(CommandLine line) {
        require(line, model.isPresent() == data.isPresent(), "--model and --data belong together");
        Map<String, Integer> counts = new TreeMap<>(Map.of(
                "--per-task", perTask,
                "--unseen-per-task", unseenPerTask,
                "--longest", longest,
                "--answer-tokens", answerTokens,
                "--parallel", parallel));
        counts.forEach((option, count) -> require(line, count >= 1, option + " must be 1 or more, was " + count));
        Path folder = results.toAbsolutePath().getParent();
        require(
                line,
                folder != null && Files.isWritable(folder) && !Files.isDirectory(results),
                "--results must be a file in a folder that exists and may be written, was " + results);
    }

    /**
     * Rejects an option unless a rule holds.
     *
     * @throws ParameterException with the rule
     */
    public static void require(CommandLine line, boolean holds, String rule) {
        if (!holds) {
            throw new ParameterException(line, rule);
        }
    }

    /** Whether the model is the user's. */
    public boolean isOwn() {
        return model.isPresent();
    }

    /** Reads the data, and says how many there are. */
    public Bed bed(PrintWriter out) {
        Bed.Limits limits = new Bed.Limits(heldOut, leaveOut, perTask, unseenPerTask, longest, openAnswers);
        Bed bed = data.map(path -> Bed.read(path, limits)).orElseGet(() -> Bed.embedded(limits));
        out.printf(
                "%d instructions of %d tasks, %d unseen instructions%n",
                bed.instructions(), bed.tasks().size(), bed.unseen().size());
        return bed;
    }

    /** One thread per operation: clients run in parallel instead. */
    public ModelOptions modelOptions() {
        return ModelOptions.defaults().withThreads(1).withPrecision(precision);
    }

    public LanguageModel load() {
        return model.map(path -> LanguageModel.load(path, modelOptions()))
                .orElseGet(() -> EmbeddedModel.load(modelOptions()));
    }

    public PromptTemplate template(LanguageModel loaded) {
        return template.of(loaded);
    }

    public int answerTokens() {
        return answerTokens;
    }

    public List<Long> seeds() {
        return seeds;
    }

    public Optional<Path> cache() {
        return cache;
    }

    public Path results() {
        return results;
    }

    public int parallel() {
        return parallel;
    }

    public boolean tableOnly() {
        return tableOnly;
    }

    public boolean openAnswers() {
        return openAnswers;
    }

    /** Adds what results depend on, apart from {@link #openAnswers}. */
    public void describe(Map<String, String> settings) {
        settings.put("model", name(model));
        settings.put("data", name(data));
        settings.put("held out", String.join(",", heldOut));
        settings.put("left out", String.join(",", leaveOut));
        settings.put("per task", String.valueOf(perTask));
        settings.put("unseen per task", String.valueOf(unseenPerTask));
        settings.put("longest", String.valueOf(longest));
        settings.put("template", template.name());
        settings.put("precision", precision.name());
        settings.put("answer tokens", String.valueOf(answerTokens));
    }

    private static String name(Optional<Path> path) {
        return path.map(ExperimentOptions::name).orElse("embedded");
    }

    /** The last name of a path: results do not depend on where the files lie. */
    public static String name(Path path) {
        return String.valueOf(path.getFileName());
    }
}
