package io.github.fedhds.examples.cli;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.dataset.DataFile;
import io.github.fedhds.dataset.Dataset;
import io.github.fedhds.evaluation.AnswerEvaluator;
import io.github.fedhds.evaluation.AnswerMeasure;
import io.github.fedhds.evaluation.AnswerScores;
import io.github.fedhds.evaluation.OptionChooser;
import io.github.fedhds.evaluation.TextMeasure;
import io.github.fedhds.features.AnswerLossScorer;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.instruction.PromptTemplate;
import io.github.fedhds.peft.PeftFolder;
import io.github.fedhds.transformer.AdapterForm;
import io.github.fedhds.transformer.LanguageModel;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Scores a model's answers, with and without an adapter. */
@Command(
        name = "evaluate",
        mixinStandardHelpOptions = true,
        abbreviateSynopsis = true,
        description = {
            "Answers the instructions of a data set and scores the answers: Rouge, exact match, token F1, loss and"
                    + " perplexity, and multiple choice where a task has few different answers.",
            "Of Natural Instructions, the test tasks; of data files, all instructions or with --unseen the tasks that run"
                    + " holds out."
        })
final class EvaluateCommand implements Callable<Integer> {
    private static final int TOKEN_BUDGET = 2048;

    /** Name of the scores by multiple choice. */
    static final String CHOICE = "choice";

    /** Name of the losses. */
    static final String LOSS = "loss";

    /** The measures of an answer's text. */
    private static final Map<String, AnswerMeasure> TEXT = textMeasures();

    private final PrintStream out;

    @Mixin
    private ConfigFile config = new ConfigFile();

    @Mixin
    private AnswerOptions answers = new AnswerOptions();

    @Option(
            names = "--data",
            paramLabel = "PATH",
            required = true,
            description = "instructions with reference answers, as for run")
    private Path data = Path.of("");

    @Option(names = "--unseen", description = "of data files, only the tasks that run holds out with the same --seed")
    private boolean unseen;

    @Option(names = "--seed", paramLabel = "N", description = "of --unseen and --limit (default: 1, as for run)")
    private long seed = 1;

    @Option(
            names = "--limit",
            paramLabel = "N",
            description = "instructions of each task at most, drawn with --seed (default: all)")
    private Optional<Integer> limit = Optional.empty();

    @Option(
            names = "--measures",
            paramLabel = "NAME,...",
            split = ",",
            description =
                    "of rouge-1, rouge-2, rouge-l, google-rouge-1, google-rouge-2, google-rouge-l, exact-match, token-f1,"
                            + " loss and choice; with only the last two nothing is generated, which is fast (default:"
                            + " all)")
    private Set<String> measures = new LinkedHashSet<>();

    @Option(
            names = "--base",
            description = "evaluate the base model too, and print the difference that --adapter makes")
    private boolean base;

    @Option(
            names = "--max-length",
            paramLabel = "N",
            description = "tokens of prompt and answer (default: 1024, or the model's context length)")
    private int maxLength = 1024;

    @Option(names = "--out", paramLabel = "DIR", description = "folder for evaluation.json and generations.jsonl")
    private Optional<Path> folder = Optional.empty();

    @Spec
    private CommandSpec spec = CommandSpec.create();

    /** Of each task with few different answers in all of the data, whatever the limit. */
    private Map<String, List<String>> options = Map.of();

    EvaluateCommand(PrintStream out) {
        this.out = out;
    }

    /**
     * What was found with one adapter.
     *
     * @param scores of all instructions
     * @param choice of the instructions of tasks with few different answers; maybe none
     * @param answers empty if no measure needs them
     */
    record Evaluated(AnswerScores scores, AnswerScores choice, List<String> answers) {
        /** The scores of each measure, without multiple choice if no task has few different answers. */
        Map<String, AnswerScores> all() {
            Map<String, AnswerScores> all = new LinkedHashMap<>();
            scores.names().forEach(name -> all.put(name, scores));
            if (choice.names().contains(CHOICE) && choice.values(CHOICE).length > 0) {
                all.put(CHOICE, choice);
            }
            return all;
        }
    }

    @Override
    public Integer call() {
        answers.check(spec.commandLine());
        limit.ifPresent(count -> RunOptions.range(spec.commandLine(), "--limit", count, 1, Integer.MAX_VALUE));
        RunOptions.range(spec.commandLine(), "--max-length", maxLength, 2, Integer.MAX_VALUE);
        checkMeasures();
        if (base && answers.adapter.isEmpty()) {
            throw new ParameterException(
                    spec.commandLine(), "--base needs --adapter; without one the base model is evaluated");
        }
        List<Instruction> instructions = instructions();
        if (measures.equals(Set.of(CHOICE)) && options.isEmpty()) {
            throw new FedHdsException(
                    data + " has no task with few different answers, which --measures choice needs: 2 to"
                            + " 10 answers to more instructions; choose another measure");
        }
        Optional<PeftFolder> adapter = answers.readAdapter();
        EvaluationReport report = new EvaluationReport(out, instructions);
        folder.ifPresent(EvaluationReport::checkFolder);
        try (LanguageModel model = answers.load()) {
            Evaluated tuned = evaluate(
                    model,
                    adapter.map(read -> read.config().form()).orElse(AdapterForm.none()),
                    adapter.map(PeftFolder::adapter).orElse(Adapter.empty()),
                    instructions);
            Optional<Evaluated> plain = base
                    ? Optional.of(evaluate(model, AdapterForm.none(), Adapter.empty(), instructions))
                    : Optional.empty();
            report.report(tuned, plain, folder, settings());
        }
        out.flush();
        return ExitStatus.DONE;
    }

    private static Map<String, AnswerMeasure> textMeasures() {
        Map<String, AnswerMeasure> measures = new LinkedHashMap<>();
        for (TextMeasure measure : TextMeasure.values()) {
            measures.put(OptionNames.of(measure), measure);
        }
        return measures;
    }

    private void checkMeasures() {
        Set<String> known = new LinkedHashSet<>(TEXT.keySet());
        known.addAll(List.of(LOSS, CHOICE));
        for (String name : measures) {
            if (!known.contains(name)) {
                throw new ParameterException(
                        spec.commandLine(),
                        "--measures: \"" + name + "\" is none of " + String.join(", ", known)
                                + UsageErrors.nearest(name, known));
            }
        }
        measures = measures.isEmpty() ? known : measures;
    }

    private Map<String, String> settings() {
        return Map.of(
                "model", answers.model.toString(),
                "adapter", answers.adapter.map(Path::toString).orElse(""),
                "data", data.toString(),
                "answer_tokens", String.valueOf(answers.answerTokens),
                "template", OptionNames.of(answers.template),
                "precision", OptionNames.of(answers.precision),
                "seed", String.valueOf(seed),
                "limit", limit.map(String::valueOf).orElse("all"),
                "measures", String.join(",", measures));
    }

    private List<Instruction> instructions() {
        boolean natural = Files.isDirectory(data.resolve("tasks"));
        List<Instruction> all = natural || unseen ? Dataset.load(data, seed).allUnseen() : DataFile.readAll(data);
        options = OptionChooser.options(all);
        List<Instruction> kept = OwnData.limited(EmbeddedComparison.byTask(all), limit, seed);
        if (kept.isEmpty()) {
            throw new FedHdsException(data + " has no instruction to evaluate on"
                    + (natural || unseen ? "; it holds out no task, so leave --unseen out" : ""));
        }
        return kept;
    }

    private Evaluated evaluate(LanguageModel model, AdapterForm form, Adapter adapter, List<Instruction> instructions) {
        PromptTemplate template = answers.template.of(model);
        int length = Math.min(maxLength, model.config().contextLength());
        AnswerScores scores = AnswerScores.of(instructions);
        List<String> made = List.of();
        if (TEXT.keySet().stream().anyMatch(measures::contains)) {
            made = new AnswerEvaluator(model, template, length, answers.answerTokens, TOKEN_BUDGET)
                    .parallel(answers.parallel)
                    .progress(new EvaluationLines(ProgressBar.on(out)))
                    .evaluate(instructions, form, adapter)
                    .answers();
            for (Map.Entry<String, AnswerMeasure> measure : TEXT.entrySet()) {
                if (measures.contains(measure.getKey())) {
                    scores = scores.with(measure.getKey(), measure.getValue(), made);
                }
            }
        }
        if (measures.contains(LOSS)) {
            scores = scores.with(
                    LOSS,
                    new AnswerLossScorer(model, form, template, length, TOKEN_BUDGET).losses(instructions, adapter));
        }
        AnswerScores choice = measures.contains(CHOICE)
                ? choice(model, form, adapter, template, length, instructions)
                : AnswerScores.of(List.of());
        return new Evaluated(scores, choice, made);
    }

    private AnswerScores choice(
            LanguageModel model,
            AdapterForm form,
            Adapter adapter,
            PromptTemplate template,
            int length,
            List<Instruction> instructions) {
        List<Instruction> asked = instructions.stream()
                .filter(instruction -> options.containsKey(instruction.task()))
                .filter(instruction -> !instruction.output().isBlank())
                .toList();
        List<List<String>> each = asked.stream()
                .map(instruction -> options.getOrDefault(instruction.task(), List.of()))
                .collect(Collectors.toList());
        int[] chosen = new OptionChooser(model, form, template, length, TOKEN_BUDGET)
                .choose(asked, each, adapter, OptionChooser.Length.NORMALISED);
        double[] right = new double[chosen.length];
        for (int i = 0; i < right.length; i++) {
            right[i] = each.get(i).get(chosen[i]).equals(asked.get(i).output().strip()) ? 1 : 0;
        }
        return AnswerScores.of(asked).with(CHOICE, right);
    }
}
