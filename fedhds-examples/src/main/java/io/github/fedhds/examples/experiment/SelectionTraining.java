package io.github.fedhds.examples.experiment;

import io.github.fedhds.evaluation.AnswerEvaluator;
import io.github.fedhds.examples.cli.EmbeddedComparison;
import io.github.fedhds.examples.cli.FusionName;
import io.github.fedhds.examples.cli.TunedRun;
import io.github.fedhds.examples.embedded.EmbeddedModel;
import io.github.fedhds.examples.embedded.corpus.InstructionSet;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.model.ModelOptions;
import io.github.fedhds.monitoring.RoundListener;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.round.RoundContext;
import io.github.fedhds.selection.ScoreSelector;
import io.github.fedhds.selection.Selection;
import io.github.fedhds.transformer.LanguageModel;
import io.github.fedhds.transformer.Pooling;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import java.util.function.ToIntFunction;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * Compares selection strategies: the embedded model is trained on the samples of each strategy, an equal number per
 * round, and evaluated by Rouge-L on unseen tasks, over several seeds.
 */
@Command(
        name = "selection-training",
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        description = "Rouge-L on unseen tasks for each selection strategy.")
public final class SelectionTraining implements Callable<Integer> {
    private static final RoundListener SILENT = new RoundListener() {};

    @Option(names = "--seeds", description = "runs of each strategy, with the seeds from 1 on")
    private int seeds = 5;

    @Option(names = "--rounds", description = "rounds of a run")
    private int rounds = 5;

    @Option(names = "--epochs", description = "epochs over chosen samples")
    private int epochs = EmbeddedComparison.FEW_EPOCHS;

    @Option(names = "--parallel", description = "clients that run at a time")
    private int parallel = 2;

    @Option(names = "--no-full", description = "leave out all data at equal rounds, which take longest")
    private boolean noFull;

    @Spec
    private CommandSpec spec = CommandSpec.create();

    public static void main(String[] args) {
        System.exit(new CommandLine(new SelectionTraining()).execute(args));
    }

    /** Result of one run. */
    private record Outcome(double rougeL, long samples) {}

    @Override
    public Integer call() {
        Map<String, List<Outcome>> outcomes = new LinkedHashMap<>();
        try (LanguageModel model = EmbeddedModel.load(ModelOptions.defaults().onDevice("cpu"))) {
            for (long seed = 1; seed <= seeds; seed++) {
                compare(model, seed, outcomes);
            }
        }
        print(outcomes);
        return 0;
    }

    private void compare(LanguageModel model, long seed, Map<String, List<Outcome>> outcomes) {
        EmbeddedComparison.Options defaults = EmbeddedComparison.Options.defaults();
        InstructionSet set = new InstructionSet(EmbeddedComparison.INSTRUCTION_SEED);
        Map<ClientId, List<Instruction>> clients = EmbeddedComparison.clients(
                EmbeddedComparison.byTask(set.training(EmbeddedComparison.PER_TASK)), defaults.clients(), seed);
        List<Instruction> unseen = set.unseen(EmbeddedComparison.UNSEEN_PER_TASK);
        TunedRun.Setting few = new TunedRun.Setting(
                EmbeddedComparison.fedHds(model, Pooling.LAST_TOKEN, defaults.learningRate(), epochs, FusionName.TSNE),
                clients,
                rounds,
                defaults.fraction(),
                seed,
                parallel);
        TunedRun.Setting parts = few.with(
                EmbeddedComparison.fedHds(model, Pooling.PARTS, defaults.learningRate(), epochs, FusionName.TSNE));
        TunedRun.Setting once = few.with(
                EmbeddedComparison.fedHds(model, Pooling.LAST_TOKEN, defaults.learningRate(), 1, FusionName.TSNE));
        TunedRun.Setting full = few.with(
                EmbeddedComparison.fedHds(model, Pooling.LAST_TOKEN, defaults.fullLearningRate(), 1, FusionName.TSNE));

        TunedRun paper = few.fedHds(defaults.samplesPerGroup(), SILENT);
        ToIntFunction<RoundContext> ofClient = few.asManyAs(paper);

        Map<String, TunedRun> runs = new LinkedHashMap<>();
        runs.put("paper", paper);
        runs.put("diverse, parts", parts.diverseAsManyAs(paper, SILENT));
        runs.put("random", few.random(ofClient, SILENT));
        runs.put("perplexity", few.chosenBy(scored(ScoreSelector::perplexity, ofClient), SILENT));
        runs.put("difficulty (IFD)", few.chosenBy(scored(ScoreSelector::difficulty, ofClient), SILENT));
        runs.put(
                "full data, equal steps",
                once.random(once.dealt(paper, report -> epochs * report.result().samples()), SILENT));
        if (!noFull) {
            runs.put("full data, equal rounds", full.full(SILENT));
        }
        AnswerEvaluator evaluator = few.fedHds().evaluator(24);
        runs.forEach((way, run) -> {
            double rougeL =
                    few.fedHds().evaluate(evaluator, unseen, run.adapter()).rougeL();
            outcomes.computeIfAbsent(way, w -> new ArrayList<>()).add(new Outcome(rougeL, run.samples()));
            spec.commandLine().getOut().printf(Locale.ROOT, "seed %d, %s: %.4f%n", seed, way, rougeL);
            spec.commandLine().getOut().flush();
        });
    }

    /** A number of samples per client, those with the highest scores. */
    private static Selection scored(Supplier<ScoreSelector.Builder> score, ToIntFunction<RoundContext> count) {
        return Selection.everything()
                .withClient((candidates, round) ->
                        score.get().count(count.applyAsInt(round)).build().select(candidates, round));
    }

    private void print(Map<String, List<Outcome>> outcomes) {
        PrintWriter out = spec.commandLine().getOut();
        out.printf("%n%d runs of %d rounds each; Rouge-L on unseen tasks%n%n", seeds, rounds);
        out.printf("%-24s %8s %8s %9s   %s%n", "", "samples", "mean", "deviation", "by seed");
        outcomes.forEach((way, list) -> {
            double[] rougeL = list.stream().mapToDouble(Outcome::rougeL).toArray();
            double mean = DoubleStream.of(rougeL).average().orElseThrow();
            double squares =
                    DoubleStream.of(rougeL).map(r -> (r - mean) * (r - mean)).sum();
            out.printf(
                    Locale.ROOT,
                    "%-24s %8.1f %8.4f %9.4f   %s%n",
                    way,
                    list.stream().mapToLong(Outcome::samples).average().orElseThrow(),
                    mean,
                    Math.sqrt(squares / Math.max(1, rougeL.length - 1)),
                    DoubleStream.of(rougeL)
                            .mapToObj(r -> String.format(Locale.ROOT, "%.4f", r))
                            .collect(Collectors.joining(" ")));
        });
        out.flush();
    }
}
