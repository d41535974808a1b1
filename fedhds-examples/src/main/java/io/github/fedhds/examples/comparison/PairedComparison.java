package io.github.fedhds.examples.comparison;

import com.google.common.base.Suppliers;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.examples.cli.TemplateName;
import io.github.fedhds.features.FeatureCache;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.monitoring.RoundReport;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.setup.FedHds;
import io.github.fedhds.setup.FedHdsBuilder;
import io.github.fedhds.simulation.Federation;
import io.github.fedhds.training.LocalTrainer;
import io.github.fedhds.training.TrainingResult;
import io.github.fedhds.transformer.LanguageModel;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * Compares selection methods over paired seeds: in a seed's runs all methods have the same clients, the same clients in each
 * round, the same first adapter and the same evaluation. Each result is appended to a file; runs that are in the file are not
 * repeated, so the program can be stopped and started again. Ends with a table of all results with these settings.
 *
 * <p>To find a learning rate without the tasks of the evaluation, name other tasks with {@code --held-out} and those of
 * the evaluation with {@code --leave-out}.
 */
@Command(
        name = "paired-comparison",
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        description = "Rouge-L on unseen tasks for several selection methods, over paired seeds.")
public final class PairedComparison implements Callable<Integer> {
    @Mixin
    private ExperimentOptions experiment = new ExperimentOptions(4, 400);

    @Option(names = "--clients", description = "number of clients, unless each has one task")
    private int clients = 24;

    @Option(
            names = "--alpha",
            showDefaultValue = Visibility.NEVER,
            description = "of the Dirichlet distribution of tasks (default: one task a client)")
    private Optional<Double> alpha = Optional.empty();

    @Option(names = "--fraction", description = "share of the clients in a round")
    private double fraction = 0.34;

    @Option(names = "--rounds", description = "rounds of a run")
    private int rounds = 4;

    @Option(names = "--share", description = "share of the instructions of a round's clients that is chosen")
    private double share = 0.015;

    @Option(names = "--samples-per-group", description = "samples of each group of the paper's choice")
    private int samplesPerGroup = 1;

    @Option(names = "--methods", split = ",", description = "among ${COMPLETION-CANDIDATES}")
    private List<Method> methods = List.of(Method.RANDOM, Method.BALANCED, Method.PAPER, Method.RECOMMENDED);

    @Option(names = "--rates", split = ",", description = "learning rates; 0: the default, which adapts to the steps")
    private List<Double> rates = List.of(0.0);

    @Option(names = "--epochs", split = ",", description = "passes over the chosen samples; 0: the default, which is 1")
    private List<Integer> epochs = List.of(0);

    @Option(names = "--choose-only", description = "train and evaluate nothing; compare what is chosen")
    private boolean chooseOnly;

    @Mixin
    private NoiseOptions noise = new NoiseOptions();

    @Spec
    private CommandSpec spec = CommandSpec.create();

    public static void main(String[] args) {
        System.exit(commandLine().execute(args));
    }

    static CommandLine commandLine() {
        CommandLine line = new CommandLine(new PairedComparison()).setCaseInsensitiveEnumValuesAllowed(true);
        TemplateName.register(line);
        return line;
    }

    @Override
    public Integer call() {
        checkOptions();
        PrintWriter out = spec.commandLine().getOut();
        Map<String, String> settings = settings();
        if (!experiment.tableOnly()) {
            Bed bed = experiment.bed(out);
            try (LanguageModel loaded = experiment.load()) {
                run(loaded, bed, settings, out);
            }
        }
        List<Trial> same = Trial.read(experiment.results()).stream()
                .filter(trial -> trial.settings().equals(settings))
                .toList();
        out.print(new PairedTable(same).text());
        out.flush();
        return 0;
    }

    /** Before hours of work, not after them. */
    private void checkOptions() {
        CommandLine line = spec.commandLine();
        experiment.check(line);
        ExperimentOptions.require(line, share > 0 && share <= 1, "--share must be above 0 and at most 1, was " + share);
        rates.forEach(rate -> ExperimentOptions.require(
                line,
                rate >= 0 && Double.isFinite(rate),
                "--rates must be finite and above 0, or 0 for the default, was " + rate));
        epochs.forEach(passes -> ExperimentOptions.require(
                line, passes >= 0, "--epochs must be 1 or more, or 0 for the default, was " + passes));
        ExperimentOptions.require(
                line, samplesPerGroup >= 1, "--samples-per-group must be 1 or more, was " + samplesPerGroup);
    }

    private void run(LanguageModel loaded, Bed bed, Map<String, String> settings, PrintWriter out) {
        Set<Trial.Key> done = Trial.read(experiment.results()).stream()
                .map(Trial::key)
                .collect(Collectors.toCollection(HashSet::new));
        if (!chooseOnly && done.add(new Trial.Key(settings, Trial.BASE, 0, 0, 0))) {
            note(base(loaded, bed, settings), out);
        }
        Supplier<Diversity> diversity = Suppliers.memoize(() -> new Diversity(
                features(Method.PARTS, loaded, bed).build().extractor(), bed)); // not if all runs are done
        for (long seed : experiment.seeds()) {
            for (double rate : rates) {
                for (int passes : epochs) {
                    for (Method method : methods) {
                        if (done.add(new Trial.Key(settings, method.name(), seed, rate, passes))) {
                            note(trial(loaded, bed, diversity, settings, method, seed, rate, passes), out);
                        }
                    }
                }
            }
        }
    }

    private void note(Trial trial, PrintWriter out) {
        trial.append(experiment.results());
        out.printf(
                Locale.ROOT,
                "%s, seed %d, rate %s, epochs %d: %s%d samples of %d tasks, %d families, features %.0f s,"
                        + " training %.0f s, evaluation %.0f s%n",
                trial.method(),
                trial.seed(),
                trial.learningRate(),
                trial.epochs(),
                trial.isTrained()
                        ? String.format(Locale.ROOT, "Rouge-L %.4f, loss %.4f, ", trial.rougeL(), trial.loss())
                        : "",
                trial.samples(),
                trial.tasks(),
                trial.families(),
                trial.featureSeconds(),
                trial.trainingSeconds(),
                trial.evaluationSeconds());
        out.flush();
    }

    private UnseenScore score(FedHds fedHds, Bed bed, Adapter adapter) {
        return UnseenScore.of(
                fedHds,
                experiment.template(fedHds.model()),
                bed.unseen(),
                adapter,
                experiment.answerTokens(),
                experiment.parallel());
    }

    private Trial base(LanguageModel loaded, Bed bed, Map<String, String> settings) {
        FedHds fedHds = FedHds.on(loaded).template(experiment.template(loaded)).build();
        UnseenScore score = score(fedHds, bed, Adapter.empty());
        return new Trial(
                settings,
                Trial.BASE,
                0,
                0,
                0,
                score.rougeL(),
                score.byTask(),
                score.loss(),
                0,
                0,
                Map.of(),
                0,
                0,
                0,
                0,
                score.seconds());
    }

    private Trial trial(
            LanguageModel loaded,
            Bed bed,
            Supplier<Diversity> diversity,
            Map<String, String> settings,
            Method method,
            long seed,
            double rate,
            int passes) {
        FedHdsBuilder builder = features(method, loaded, bed);
        if (rate > 0) {
            builder.learningRate(rate);
        }
        if (passes > 0) {
            builder.epochs(passes);
        }
        Map<ClientId, List<Instruction>> data = bed.clients(alpha, clients, seed);
        noise.on(builder, loaded.config().layers(), rounds, data.size(), fraction, bed.instructions() / data.size());
        FedHds fedHds = builder.build();
        Queue<Instruction> trained = new ConcurrentLinkedQueue<>();
        LocalTrainer recording = (instructions, round) -> {
            trained.addAll(instructions);
            return chooseOnly
                    ? new TrainingResult(round.globalAdapter(), instructions.size(), new double[0])
                    : fedHds.trainer().train(instructions, round);
        };
        Federation.Builder run = Federation.builder(fedHds)
                .clients(data)
                .activeShare(fraction)
                .rounds(rounds)
                .seed(seed)
                .parallelClients(experiment.parallel())
                .clientSettings(client -> client.trainer(recording));
        noise.on(run);
        Federation federation = run.build();
        List<RoundReport> reports = new ArrayList<>();
        try {
            reports.addAll(federation.run());
        } catch (FedHdsException e) {
            throw new FedHdsException(method + " with seed " + seed + ": " + e.getMessage(), e);
        }
        long samples =
                reports.stream().mapToLong(report -> report.result().samples()).sum();
        if (samples == 0 && !trained.isEmpty()) {
            throw new FedHdsException(method + " with seed " + seed + " and rate " + rate
                    + ": the server has accepted no adapter of a client, so the model is as it was; the log says why."
                    + " Usually the learning rate is too high");
        }
        UnseenScore score = chooseOnly ? UnseenScore.NONE : score(fedHds, bed, federation.adapter());
        return new Trial(
                settings,
                method.name(),
                seed,
                rate,
                passes,
                score.rougeL(),
                score.byTask(),
                score.loss(),
                samples,
                reports.stream()
                        .flatMap(report -> report.clients().stream())
                        .mapToLong(
                                client -> data.getOrDefault(client, List.of()).size())
                        .sum(),
                trained.stream().collect(Collectors.groupingBy(Instruction::task, Collectors.counting())),
                diversity.get().of(Set.copyOf(trained)),
                sum(reports, RoundReport.Seconds::features),
                sum(reports, RoundReport.Seconds::selection),
                sum(reports, RoundReport.Seconds::training),
                score.seconds());
    }

    private FedHdsBuilder features(Method method, LanguageModel loaded, Bed bed) {
        FedHdsBuilder builder = method.on(loaded, share, samplesPerGroup)
                .template(experiment.template(loaded))
                .maxTokens(maxTokens(loaded));
        experiment.cache().ifPresent(folder -> builder.featureCache(FeatureCache.inFolder(folder)));
        return method.withPublic(builder, bed.unseen(), share);
    }

    private static int maxTokens(LanguageModel loaded) {
        return Math.min(1024, loaded.config().contextLength());
    }

    private static double sum(List<RoundReport> reports, ToDoubleFunction<RoundReport.Seconds> step) {
        return reports.stream()
                .mapToDouble(report -> step.applyAsDouble(report.seconds()))
                .sum();
    }

    private Map<String, String> settings() {
        Map<String, String> settings = new TreeMap<>();
        experiment.describe(settings);
        settings.put("clients", alpha.map(a -> clients + ", Dirichlet " + a).orElse("one task each"));
        settings.put("fraction", String.valueOf(fraction));
        settings.put("rounds", String.valueOf(rounds));
        settings.put("share", String.valueOf(share));
        settings.put("samples per group", String.valueOf(samplesPerGroup));
        if (experiment.openAnswers()) { // absent otherwise, as in results from before this option
            settings.put("evaluated tasks", "open answers");
        }
        noise.describe(settings);
        if (chooseOnly) {
            settings.put(Trial.TRAINING, "none");
        }
        return settings;
    }
}
