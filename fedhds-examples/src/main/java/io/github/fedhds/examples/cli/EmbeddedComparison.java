package io.github.fedhds.examples.cli;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.dataset.Partitions;
import io.github.fedhds.evaluation.AnswerEvaluator;
import io.github.fedhds.examples.embedded.corpus.InstructionSet;
import io.github.fedhds.examples.report.RunLog;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.monitoring.RoundListener;
import io.github.fedhds.monitoring.RoundReport;
import io.github.fedhds.peft.ModelCard;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.setup.FedHds;
import io.github.fedhds.setup.FedHdsBuilder;
import io.github.fedhds.transformer.LanguageModel;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;

/**
 * The embedded default: base model, the recommended and the paper's selection, random selection and full data on generated
 * instructions.
 */
public final class EmbeddedComparison {
    /** Seed of the instructions; the run's seed assigns them to clients and controls the rounds. */
    public static final long INSTRUCTION_SEED = 7;

    public static final int PER_TASK = 88;

    /** Instructions of each task in the main job, so that its longest row, full data, takes a minute or two. */
    private static final int COMPARED_PER_TASK = 40;

    /** Epochs over few samples: one epoch is a handful of steps, with a high variance. */
    public static final int FEW_EPOCHS = 3;

    public static final int UNSEEN_PER_TASK = 16;

    /** Names of the rows' folders, in the order in which they run. */
    private static final List<String> RUNS = List.of("recommended", "fedhds", "random", "full");

    private final Options options;
    private final PrintStream out;
    private final Optional<PrintStream> json;
    private final Map<String, TunedRun> untrained = new LinkedHashMap<>();

    /**
     * Settings of the comparison. Both learning rates were found with only training tasks, by {@code
     * PairedComparison --held-out}.
     *
     * @param share share of the instructions that the recommended selection takes
     * @param learningRate for rows with few samples, and so few steps
     * @param fullLearningRate for full data; the other rate is too high for it
     * @param folder each row's run is saved in a separate subfolder; empty: not saved
     * @param resume whether to continue saved runs
     */
    public record Options(
            int clients,
            int rounds,
            double fraction,
            long seed,
            double share,
            double learningRate,
            double fullLearningRate,
            int samplesPerGroup,
            FusionName fusion,
            int parallel,
            Optional<Path> folder,
            boolean resume) {
        public static Options defaults() {
            return new Options(24, 5, 0.34, 1, 0.03, 5e-3, 2e-3, 3, FusionName.TSNE, 2, Optional.empty(), false);
        }
    }

    /** A row of the table. */
    public record Row(
            String name,
            AnswerEvaluator.Result evaluation,
            long samples,
            double share,
            double features,
            double selection,
            double training,
            double evaluating) {}

    EmbeddedComparison(Options options, PrintStream out) {
        this(options, out, Optional.empty());
    }

    /** @param json receives each event of the runs as a line */
    EmbeddedComparison(Options options, PrintStream out, Optional<PrintStream> json) {
        this.options = options;
        this.out = out;
        this.json = json;
    }

    /** Runs all on one loaded model and returns the rows. */
    public List<Row> run(LanguageModel model) {
        InstructionSet set = new InstructionSet(INSTRUCTION_SEED);
        return run(model, set.training(COMPARED_PER_TASK), set.unseen(UNSEEN_PER_TASK));
    }

    /** The same with given instructions. */
    public List<Row> run(LanguageModel model, List<Instruction> training, List<Instruction> unseen) {
        if (!options.resume()) {
            options.folder()
                    .ifPresent(folder -> RunFolder.startAnew(
                            RUNS.stream().map(folder::resolve).toList(), options.rounds()));
        }
        Map<String, List<Instruction>> byTask = byTask(training);
        Map<ClientId, List<Instruction>> clients = clients(byTask, options.clients(), options.seed());
        TunedRun.Setting few = new TunedRun.Setting(
                fedHds(model, options.learningRate(), FEW_EPOCHS, options.fusion()),
                clients,
                options.rounds(),
                options.fraction(),
                options.seed(),
                options.parallel());
        out.printf(
                Locale.ROOT,
                "%d clients with %d instructions of %d tasks; %d rounds with %.0f %% of the clients; seed %d%n",
                clients.size(),
                training.size(),
                byTask.size(),
                options.rounds(),
                100 * options.fraction(),
                options.seed());

        List<Row> rows = new ArrayList<>();
        rows.add(row("base model", few.fedHds(), Adapter.empty(), unseen));
        TunedRun.Setting frozen = few.with(builder(model, options.learningRate(), FEW_EPOCHS, options.fusion())
                .recommended(options.share())
                .build());
        TunedRun recommended = add(
                rows,
                unseen,
                new Planned("recommended", "recommended", "recommended", frozen, options.learningRate()),
                (setting, listener) -> setting.recommended(options.share(), listener));
        add(
                rows,
                unseen,
                new Planned("fedhds", "FedHDS", "FedHDS (paper)", few, options.learningRate()),
                (setting, listener) -> setting.fedHds(options.samplesPerGroup(), listener));
        add(
                rows,
                unseen,
                new Planned("random", "random", "random choice", few, options.learningRate()),
                (setting, listener) -> setting.random(setting.asManyAs(recommended), listener));
        TunedRun.Setting all = few.with(fedHds(model, options.fullLearningRate(), 1, options.fusion()));
        add(
                rows,
                unseen,
                new Planned("full", "full data", "full data (FedIT)", all, options.fullLearningRate()),
                TunedRun.Setting::full);
        options.folder().ifPresent(folder -> ComparisonTable.writeIndex(folder, table(rows)));
        return rows;
    }

    /** The training instructions of the comparison by task. */
    public static Map<String, List<Instruction>> trainingTasks() {
        return byTask(new InstructionSet(INSTRUCTION_SEED).training(PER_TASK));
    }

    /** Instructions by task, in the order of each task's first instruction. */
    public static Map<String, List<Instruction>> byTask(List<Instruction> instructions) {
        Map<String, List<Instruction>> byTask = new LinkedHashMap<>();
        instructions.forEach(
                i -> byTask.computeIfAbsent(i.task(), t -> new ArrayList<>()).add(i));
        return byTask;
    }

    /** Partitions the tasks unevenly: each client has several, and no two clients have the same mixture. */
    public static Map<ClientId, List<Instruction>> clients(
            Map<String, List<Instruction>> byTask, int count, long seed) {
        return Partitions.dirichlet(byTask, count, 0.3, 40, seed);
    }

    /** A federation with the paper's features. */
    public static FedHds fedHds(LanguageModel model, double learningRate, int epochs, FusionName fusion) {
        return builder(model, learningRate, epochs, fusion).build();
    }

    private static FedHdsBuilder builder(LanguageModel model, double learningRate, int epochs, FusionName fusion) {
        return FedHds.on(model)
                .learningRate(learningRate)
                .epochs(epochs)
                .maxTokens(model.config().contextLength())
                .fusion(fusion.fusion());
    }

    /**
     * A row that trains.
     *
     * @param run name of its folder
     * @param name its name in progress lines
     * @param title its name in the table
     */
    private record Planned(String run, String name, String title, TunedRun.Setting setting, double learningRate) {}

    /** Runs and evaluates a row, with a folder of its own if there is a common one. */
    private TunedRun add(
            List<Row> rows,
            List<Instruction> unseen,
            Planned plan,
            BiFunction<TunedRun.Setting, RoundListener, TunedRun> work) {
        Optional<Path> path = options.folder().map(all -> all.resolve(plan.run()));
        RunLog log = new RunLog(plan.run(), options.rounds(), path, json, false);
        Map<String, Object> config = config(plan);
        FedHds fedHds = plan.setting().fedHds();
        log.start(config, String.valueOf(fedHds.agreedSettings().get("library version")));
        log.evaluated(0, rows.get(0).evaluation().rougeL());
        try (ConsoleProgress progress = new ConsoleProgress(out, plan.name(), options.rounds());
                Interruption interruption = Interruption.watch(out, options.rounds(), path.isPresent())) {
            TunedRun.Setting watched =
                    plan.setting().with(federation -> log.listened(federation).listener(interruption));
            TunedRun tuned = path.map(folder -> saved(plan, watched, folder, config, work, progress))
                    .orElseGet(() -> work.apply(watched, progress));
            if (tuned.samples() == 0) {
                untrained.put(plan.name(), tuned);
            }
            Row row = row(plan.title(), plan.setting(), tuned, unseen);
            rows.add(row);
            log.evaluated(tuned.rounds().size(), row.evaluation().rougeL());
            log.done(tuned.samples() > 0);
            return tuned;
        } catch (RuntimeException e) {
            log.failed(e);
            throw e;
        }
    }

    private Map<String, Object> config(Planned plan) {
        Map<String, Object> config = new LinkedHashMap<>();
        config.put("run", plan.run());
        config.put("clients", options.clients());
        config.put("rounds", options.rounds());
        config.put("fraction", options.fraction());
        config.put("seed", options.seed());
        config.put("share", options.share());
        config.put("samples_per_group", options.samplesPerGroup());
        config.put("fusion", OptionNames.of(options.fusion()));
        config.put("learning_rate", plan.learningRate());
        return config;
    }

    private TunedRun saved(
            Planned plan,
            TunedRun.Setting setting,
            Path path,
            Map<String, Object> config,
            BiFunction<TunedRun.Setting, RoundListener, TunedRun> work,
            RoundListener progress) {
        RunFolder folder = new RunFolder(path, config);
        Map<String, String> fingerprint = fingerprint(plan.run(), setting, plan.learningRate());
        TunedRun tuned = work.apply(
                setting.with(federation -> folder.listened(setting.more()
                        .apply(federation)
                        .checkpoint(RunFolder.checkpoint(path), fingerprint)
                        .resume(options.resume()))),
                progress);
        if (tuned.samples() > 0) {
            folder.adapter(setting.fedHds().lora(), tuned.adapter(), ModelCard.named(""));
        }
        return tuned;
    }

    /** All settings that a row's result depends on, except the number of rounds, which a resume may increase. */
    private Map<String, String> fingerprint(String run, TunedRun.Setting setting, double learningRate) {
        LanguageModel model = setting.fedHds().model();
        return new Fingerprint()
                .with("row", run)
                .with("epochs", run.equals("full") ? 1 : FEW_EPOCHS)
                .withData("the embedded comparison", setting.clients(), List.of())
                .with("--clients", options.clients())
                .with("--fraction", options.fraction())
                .with("--seed", options.seed())
                .with("share", options.share())
                .with("--samples-per-group", options.samplesPerGroup())
                .with("--fusion", options.fusion())
                .with("--learning-rate", learningRate)
                .with("--precision", model.precision())
                .with("--device", model.device())
                .settings();
    }

    private static Row row(String name, FedHds fedHds, Adapter adapter, List<Instruction> unseen) {
        long start = System.nanoTime();
        AnswerEvaluator.Result result = fedHds.evaluate(fedHds.evaluator(24), unseen, adapter);
        return new Row(name, result, 0, 0, 0, 0, 0, (System.nanoTime() - start) / 1e9);
    }

    private static Row row(String name, TunedRun.Setting setting, TunedRun run, List<Instruction> unseen) {
        Row evaluated = row(name, setting.fedHds(), run.adapter(), unseen);
        return new Row(
                name,
                evaluated.evaluation(),
                run.samples(),
                run.samples() / (double) setting.held(run),
                run.seconds(RoundReport.Seconds::features),
                run.seconds(RoundReport.Seconds::selection),
                run.seconds(RoundReport.Seconds::training),
                evaluated.evaluating());
    }

    /** Rows without what only the evaluation needs; the first is the base model's. */
    private static List<ComparisonTable.Row> table(List<Row> rows) {
        List<ComparisonTable.Row> table = new ArrayList<>();
        for (Row row : rows) {
            table.add(new ComparisonTable.Row(
                    row.name(),
                    table.isEmpty() ? Optional.empty() : Optional.of(RUNS.get(table.size() - 1)),
                    row.evaluation().rougeL(),
                    row.samples(),
                    row.share(),
                    row.features(),
                    row.selection(),
                    row.training(),
                    row.evaluating()));
        }
        return table;
    }

    /** Prints the rows as a table. */
    public void print(List<Row> rows) {
        ComparisonTable.print(out, table(rows), options.parallel());
        NothingTrained.Help help = new NothingTrained.Help(
                "fewer clients hold more each (--clients)",
                "give a round more clients (--fraction)",
                "the embedded model's context is no longer");
        untrained.forEach((name, run) -> out.println(
                name + " trained on nothing: " + NothingTrained.causes(run.rounds(), help, Optional.empty())));
    }

    /** Whether every row that should train did; {@link #print} reports why others did not. */
    public boolean trained() {
        return untrained.isEmpty();
    }
}
