package io.github.fedhds.examples.experiment;

import io.github.fedhds.FedHdsClientBuilder;
import io.github.fedhds.coreset.SampleScore;
import io.github.fedhds.coreset.SampleScorer;
import io.github.fedhds.dataset.Dataset;
import io.github.fedhds.dataset.Partitions;
import io.github.fedhds.examples.cli.EmbeddedComparison;
import io.github.fedhds.examples.embedded.EmbeddedModel;
import io.github.fedhds.feature.FeatureMatrix;
import io.github.fedhds.features.AnswerLossScorer;
import io.github.fedhds.features.CachedFusion;
import io.github.fedhds.features.FeatureCache;
import io.github.fedhds.features.HiddenStateExtractor;
import io.github.fedhds.features.LayerScaling;
import io.github.fedhds.fusion.Fusion;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.instruction.PromptTemplate;
import io.github.fedhds.model.ModelOptions;
import io.github.fedhds.reduction.TsneFusion;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.selection.KCenterSelector;
import io.github.fedhds.selection.Selection;
import io.github.fedhds.transformer.AdapterForm;
import io.github.fedhds.transformer.LanguageModel;
import io.github.fedhds.transformer.Pooling;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.stream.DoubleStream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * How many bad samples does each strategy choose? Some samples of each client are corrupted, of each {@link Corruption} as many;
 * then each strategy chooses in one round, with and without leaving out badly aligned pairs. Nothing is trained.
 */
@Command(
        name = "corrupted-data",
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        description = "Share of bad samples among the chosen ones, for each selection strategy.")
public final class CorruptedData implements Callable<Integer> {
    private static final int TOKEN_BUDGET = 2048;

    @Option(names = "--model", description = "model folder or GGUF file; without it the embedded model")
    private Optional<Path> model = Optional.empty();

    @Option(names = "--data", description = "instructions, as for the main job; without it the embedded instructions")
    private Optional<Path> data = Optional.empty();

    @Option(names = "--cache", description = "folder that keeps the features")
    private Optional<Path> cache = Optional.empty();

    @Option(names = "--instances", description = "instructions of each task at most")
    private int instances = 60;

    @Option(names = "--clients", description = "number of clients")
    private int clients = 20;

    @Option(names = "--max-tokens", description = "longest sample; 0: as long as the model allows")
    private int maxTokens;

    @Option(names = "--corrupted", description = "share of each client's samples that are corrupted")
    private double corrupted = 0.1;

    @Option(names = "--share", description = "share of the samples that is chosen")
    private double share = 0.05;

    @Option(names = "--left-out", description = "share of each client's samples that pair quality leaves out")
    private double leftOut = 0.1;

    @Option(names = "--pooling", description = "how tokens become a feature: ${COMPLETION-CANDIDATES}")
    private Pooling pooling = Pooling.LAST_TOKEN;

    @Option(names = "--layer-scaling", description = "how layers are scaled: ${COMPLETION-CANDIDATES}")
    private LayerScaling layerScaling = LayerScaling.NONE;

    @Option(
            names = "--seeds",
            description = "rounds with other clients and other bad samples, 1 to this number as seeds")
    private int seeds = 5;

    @Spec
    private CommandSpec spec = CommandSpec.create();

    public static void main(String[] args) {
        System.exit(commandLine().execute(args));
    }

    public static CommandLine commandLine() {
        return new CommandLine(new CorruptedData());
    }

    @Override
    public Integer call() {
        if (model.isPresent() != data.isPresent()) {
            throw new ParameterException(spec.commandLine(), "--model and --data belong together");
        }
        if (Math.min(Math.min(clients, seeds), instances) < 1 || !(corrupted > 0 && corrupted <= 1)) {
            throw new ParameterException(
                    spec.commandLine(), "all numbers must be 1 or more, and --corrupted above 0 and at most 1");
        }
        Map<String, List<Instruction>> tasks = tasks();
        Map<String, List<List<Instruction>>> chosen = new LinkedHashMap<>();
        long bad = 0;
        ModelOptions options = ModelOptions.defaults();
        try (LanguageModel loaded = model.isPresent()
                ? LanguageModel.load(model.get(), options)
                : EmbeddedModel.load(options.onDevice("cpu"))) {
            for (long seed = 1; seed <= seeds; seed++) {
                UnaryOperator<FedHdsClientBuilder> roles = roles(loaded);
                Random random = new Random(seed);
                Map<ClientId, List<Instruction>> dealt = new LinkedHashMap<>();
                Partitions.dirichlet(tasks, clients, 0.5, 40, seed)
                        .forEach((id, list) -> dealt.put(id, Corruption.corrupt(list, corrupted, random)));
                int all = dealt.values().stream().mapToInt(List::size).sum();
                bad += dealt.values().stream()
                        .flatMap(List::stream)
                        .filter(sample -> Corruption.of(sample).isPresent())
                        .count();
                if (bad == 0) {
                    throw new ParameterException(
                            spec.commandLine(),
                            "--corrupted " + corrupted + " of the samples of a client is less than one; take more"
                                    + " --instances, fewer --clients or a larger share");
                }
                for (Map.Entry<String, Selection> way :
                        ways((int) (share * all)).entrySet()) {
                    List<Instruction> found =
                            SelectionQuality.choose(way.getValue(), dealt, roles, seed).values().stream()
                                    .flatMap(List::stream)
                                    .toList();
                    chosen.computeIfAbsent(way.getKey(), w -> new ArrayList<>()).add(found);
                }
            }
        }
        int samples = tasks.values().stream().mapToInt(List::size).sum();
        print(samples, 100.0 * bad / seeds / samples, chosen);
        return 0;
    }

    private Map<String, List<Instruction>> tasks() {
        Map<String, List<Instruction>> all =
                data.isPresent() ? Dataset.load(data.get(), 1).training() : EmbeddedComparison.trainingTasks();
        Map<String, List<Instruction>> some = new LinkedHashMap<>();
        all.forEach((task, list) -> some.put(task, list.subList(0, Math.min(instances, list.size()))));
        return some;
    }

    /** Each strategy by its name, and the same with pair quality. */
    private Map<String, Selection> ways(int samples) {
        Map<String, Selection> plain = new LinkedHashMap<>();
        plain.put("random", Selection.random(share));
        plain.put("balanced", Selection.balanced(share));
        plain.put("paper", Selection.paper());
        plain.put("recommended", Selection.recommended(share));
        KCenterSelector limited = KCenterSelector.shareOfSamples(share).withClientLimits();
        for (double power : new double[] {0, 0.5}) {
            plain.put(
                    "recommended, density^" + power,
                    Selection.recommended(share).withServer(limited.withDensity(power)));
        }
        plain.put("feddca", Selection.feddca(samples));
        plain.put("diverseEvol", Selection.diverseEvol(share));
        for (double power : new double[] {0.5, 1}) {
            KCenterSelector client =
                    KCenterSelector.share(share).withRandomStart().withDensity(power);
            plain.put(
                    "diverseEvol, density^" + power,
                    Selection.diverseEvol(share).withClient(client));
        }
        plain.put("perplexity", Selection.perplexity(share));
        plain.put("difficulty (IFD)", Selection.difficulty(share));
        Map<String, Selection> ways = new LinkedHashMap<>();
        plain.forEach((name, way) -> {
            ways.put(name, way);
            ways.put(name + ", pair quality", way.withPairQuality(leftOut));
        });
        return ways;
    }

    /** Features and scores of the base model, computed once for each client. */
    private UnaryOperator<FedHdsClientBuilder> roles(LanguageModel loaded) {
        int context = loaded.config().contextLength();
        int tokens = maxTokens > 0 ? Math.min(maxTokens, context) : context;
        PromptTemplate template = loaded.promptTemplate();
        HiddenStateExtractor extractor = HiddenStateExtractor.builder(loaded)
                .maxTokens(tokens)
                .pooling(pooling)
                .layerScaling(layerScaling)
                .tokenBudget(TOKEN_BUDGET)
                .cache(cache.map(FeatureCache::inFolder).orElseGet(() -> FeatureCache.inMemory(1L << 30)))
                .build();
        SampleScorer scorer = new AnswerLossScorer(loaded, AdapterForm.none(), template, tokens, TOKEN_BUDGET);
        Map<List<Instruction>, FeatureMatrix> features = new HashMap<>();
        Map<SampleScore, Map<List<Instruction>, double[]>> scores = new HashMap<>();
        Fusion fusion = new CachedFusion(TsneFusion.builder().threads(1).build().compose(pooling::grouping), 1 << 20);
        return client -> client.featureExtractor(
                        (list, round) -> features.computeIfAbsent(list, of -> extractor.extract(of, round)))
                .fusion(fusion)
                .scorer((kind, list, round) -> scores.computeIfAbsent(kind, k -> new HashMap<>())
                        .computeIfAbsent(list, of -> scorer.score(kind, of, round)));
    }

    private void print(int samples, double percentBad, Map<String, List<List<Instruction>>> chosen) {
        PrintWriter out = spec.commandLine().getOut();
        out.printf(
                Locale.ROOT,
                "%d samples, %.1f %% of them bad, %d clients, %d seeds; percent of the chosen samples%n",
                samples,
                percentBad,
                clients,
                seeds);
        out.println("| choice | samples | bad | wrong answer | truncated | noisy duplicate |");
        out.println("|---|---|---|---|---|---|");
        chosen.forEach((way, rounds) -> {
            double size = rounds.stream().mapToInt(List::size).average().orElse(0);
            out.printf(
                    Locale.ROOT,
                    "| %s | %.1f | %s |",
                    way,
                    size,
                    SelectionQuality.spread(percent(rounds, Optional::isPresent)));
            for (Corruption kind : Corruption.values()) {
                double[] ofKind = percent(rounds, Optional.of(kind)::equals);
                out.printf(
                        Locale.ROOT,
                        " %.1f |",
                        DoubleStream.of(ofKind).average().orElse(0));
            }
            out.println();
        });
        out.flush();
    }

    /** Percent of each round's samples whose kind is the wanted one. */
    private static double[] percent(List<List<Instruction>> rounds, Predicate<Optional<Corruption>> wanted) {
        return rounds.stream()
                .mapToDouble(list ->
                        100.0 * list.stream().map(Corruption::of).filter(wanted).count() / Math.max(1, list.size()))
                .toArray();
    }
}
