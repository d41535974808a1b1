package io.github.fedhds.examples.experiment;

import io.github.fedhds.FedHdsClient;
import io.github.fedhds.FedHdsClientBuilder;
import io.github.fedhds.FedHdsServer;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.aggregators.FedAvg;
import io.github.fedhds.clustering.ClusterQuality;
import io.github.fedhds.dataset.Dataset;
import io.github.fedhds.dataset.NaturalInstructions;
import io.github.fedhds.examples.cli.EmbeddedComparison;
import io.github.fedhds.examples.embedded.EmbeddedModel;
import io.github.fedhds.examples.embedded.corpus.InstructionSet;
import io.github.fedhds.feature.FeatureExtractor;
import io.github.fedhds.feature.FeatureMatrix;
import io.github.fedhds.feature.Points;
import io.github.fedhds.features.CachedFusion;
import io.github.fedhds.features.FeatureCache;
import io.github.fedhds.features.HiddenStateExtractor;
import io.github.fedhds.features.LayerScaling;
import io.github.fedhds.fusion.Fusion;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.message.GroupSelection;
import io.github.fedhds.message.RoundOpening;
import io.github.fedhds.model.ModelOptions;
import io.github.fedhds.reduction.TsneFusion;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.round.RoundContext;
import io.github.fedhds.selection.AnchorFrame;
import io.github.fedhds.selection.Selection;
import io.github.fedhds.selection.WardSelector;
import io.github.fedhds.training.TrainingResult;
import io.github.fedhds.transformer.LanguageModel;
import io.github.fedhds.transformer.Pooling;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.function.UnaryOperator;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * How many different tasks do the selected samples cover, compared with random selection? Each client has some tasks,
 * and several clients have the same one; a selector sees texts, never task names. Half of the tasks are for finding
 * settings, the other half for reported figures.
 */
@Command(
        name = "selection-quality",
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        description = "Distinct tasks among the chosen samples, compared with random selection.")
public final class SelectionQuality implements Callable<Integer> {
    private static final int DRAWS = 200;

    /** Samples of each task whose neighbours are searched; the time grows with the square. */
    private static final int SEPARATED = 20;

    /** Axes of {@code --anchors}. */
    private static final int ANCHOR_AXES = 16;

    @Option(names = "--data", description = "folder of Natural Instructions; without it the embedded instructions")
    private @Nullable Path data;

    @Option(names = "--model", description = "folder of a model; without it the embedded one")
    private @Nullable Path model;

    @Option(names = "--clients", description = "clients of the round")
    private int clients = 20;

    @Option(names = "--tasks", description = "tasks that a client holds")
    private int tasks = 4;

    @Option(names = "--samples", description = "samples that a client holds of a task")
    private int samples = 40;

    @Option(names = "--pool", description = "samples of a task that the clients share; tasks with fewer are left out")
    private int pool = 120;

    @Option(names = "--seeds", description = "rounds, each with its own partition")
    private int seeds = 10;

    @Option(names = "--budgets", split = ",", description = "samples of a round")
    private int[] budgets = {10, 20, 30, 40};

    @Option(names = "--half", description = "0: tasks to find settings on, 1: tasks to report on")
    private int half = 1;

    @Option(names = "--pooling", description = "how tokens become a feature: ${COMPLETION-CANDIDATES}")
    private Pooling pooling = Pooling.LAST_TOKEN;

    @Option(names = "--layer-scaling", description = "how a row's layers are scaled: ${COMPLETION-CANDIDATES}")
    private LayerScaling layerScaling = LayerScaling.NONE;

    @Option(names = "--feature-layers", description = "features from so many first layers only; 0: from all")
    private int featureLayers;

    @Option(names = "--feature-cache", description = "folder that keeps the model's feature rows for other runs")
    private @Nullable Path featureCache;

    @Option(names = "--all-tasks", description = "tasks of all clients at most, spread over the half")
    private int allTasks = Integer.MAX_VALUE;

    @Option(
            names = "--anchors",
            description = "frame of diverse along the axes of so many other tasks' samples; 0: signs")
    private int anchors;

    @Option(names = "--whitened", description = "coordinates of --anchors have equal variance")
    private boolean whitened;

    @Option(names = "--search", description = "more strategies, to find settings")
    private boolean search;

    @Spec
    private CommandSpec spec = CommandSpec.create();

    public static void main(String[] args) {
        System.exit(new CommandLine(new SelectionQuality()).execute(args));
    }

    /** Result of one strategy on one seed. */
    record Figure(int chosen, int covered, int most, double likePerClient, double likeOverAll) {}

    @Override
    public Integer call() {
        Map<String, List<Instruction>> all = spread(tasks(half), allTasks);
        if (all.size() < tasks || samples > pool) {
            throw new CommandLine.ParameterException(
                    spec.commandLine(),
                    all.size() + " tasks have " + pool + " samples; a client holds " + samples + " of each of "
                            + tasks);
        }
        List<Instruction> others = anchors > 0 ? others() : List.of();
        FeatureExtractor known = extracted(Stream.concat(all.values().stream().flatMap(List::stream), others.stream())
                .toList());
        Fusion fusion = new CachedFusion(TsneFusion.builder().threads(1).build().compose(pooling::grouping), 1 << 20);
        Map<String, Selection> ways = ways(known, others);
        Map<String, List<Figure>> figures = new LinkedHashMap<>();
        for (long seed = 0; seed < seeds; seed++) {
            Map<ClientId, List<Instruction>> dealt = deal(all, seed);
            for (Map.Entry<String, Selection> way : ways.entrySet()) {
                Map<ClientId, List<Instruction>> chosen = choose(
                        way.getValue(),
                        dealt,
                        client -> client.featureExtractor(known).fusion(fusion),
                        seed);
                figures.computeIfAbsent(way.getKey(), w -> new ArrayList<>()).add(figure(chosen, dealt, seed));
            }
        }
        print(all.size(), figures);
        printSeparation(all, known);
        return 0;
    }

    /** The model's features of these instructions, computed once. */
    private FeatureExtractor extracted(List<Instruction> all) {
        Map<Instruction, float[]> rows = new HashMap<>();
        ModelOptions options = ModelOptions.defaults().onDevice("cpu");
        try (LanguageModel loaded = model == null ? EmbeddedModel.load(options) : LanguageModel.load(model, options)) {
            HiddenStateExtractor.Builder extractor = HiddenStateExtractor.builder(loaded)
                    .maxTokens(loaded.config().contextLength())
                    .pooling(pooling)
                    .layerScaling(layerScaling)
                    .tokenBudget(2048);
            if (featureLayers > 0) {
                extractor.states(IntStream.rangeClosed(0, featureLayers).toArray());
            }
            if (featureCache != null) {
                extractor.cache(FeatureCache.inFolder(featureCache));
            }
            FeatureMatrix features = extractor.build().extract(all, RoundContext.first());
            for (int i = 0; i < all.size(); i++) {
                rows.put(all.get(i), features.row(i));
            }
            int columns = features.columns();
            int blocks = features.blocks();
            return (list, round) -> {
                float[] values = new float[list.size() * columns];
                for (int i = 0; i < list.size(); i++) {
                    System.arraycopy(rows.getOrDefault(list.get(i), new float[0]), 0, values, i * columns, columns);
                }
                return new FeatureMatrix(list.size(), blocks, columns / blocks, values);
            };
        }
    }

    /** Samples of the tasks of the other half, one of each in turn. */
    private List<Instruction> others() {
        List<List<Instruction>> tasks = List.copyOf(tasks(1 - half).values());
        return IntStream.range(0, anchors)
                .mapToObj(i -> tasks.get(i % tasks.size()).get(i / tasks.size()))
                .toList();
    }

    /** The tasks of a half that have enough samples. */
    private Map<String, List<Instruction>> tasks(int part) {
        Map<String, List<Instruction>> all = new TreeMap<>();
        if (data == null) {
            InstructionSet set = new InstructionSet(EmbeddedComparison.INSTRUCTION_SEED);
            all.putAll(EmbeddedComparison.byTask(set.training(pool)));
            all.putAll(EmbeddedComparison.byTask(set.unseen(pool))); // no training, so these are ordinary tasks
        } else {
            Dataset set =
                    NaturalInstructions.builder().share(1).testShare(1).build().read(data);
            all.putAll(set.training());
            all.putAll(set.unseen());
        }
        Map<String, List<Instruction>> ours = new TreeMap<>();
        int place = 0;
        for (Map.Entry<String, List<Instruction>> task : all.entrySet()) {
            if (task.getValue().size() >= pool && place++ % 2 == part) {
                ours.put(task.getKey(), task.getValue().subList(0, pool));
            }
        }
        return ours;
    }

    /** So many of the tasks, at equal distances in the order of their names. */
    static Map<String, List<Instruction>> spread(Map<String, List<Instruction>> all, int count) {
        List<String> names = List.copyOf(all.keySet());
        Map<String, List<Instruction>> some = new TreeMap<>();
        for (int i = 0; i < Math.min(count, names.size()); i++) {
            String name = names.get((int) ((long) i * names.size() / Math.min(count, names.size())));
            some.put(name, all.getOrDefault(name, List.of()));
        }
        return some;
    }

    private Map<String, Selection> ways(FeatureExtractor extractor, List<Instruction> others) {
        Map<String, Selection> ways = new LinkedHashMap<>();
        ways.put("paper", Selection.paper());
        ways.put("intra-client only", Selection.intraClientOnly());
        ways.put("inter-client only", Selection.interClientOnly());
        ways.put(
                "unique, own frames",
                Selection.unique().withFrame(Selection.paper().frame()));
        ways.put("unique", Selection.unique());
        for (int budget : budgets) {
            Selection diverse = framed(Selection.diverse(budget), extractor, others);
            ways.put("diverse " + budget, diverse);
            ways.put("Ward " + budget, diverse.withServer(WardSelector.count(budget)));
            if (search) {
                for (int axes : new int[] {64, 256}) {
                    String name = axes + " axes " + budget;
                    ways.put("diverse " + name, Selection.diverse(budget).inSharedFrame(axes));
                    ways.put(
                            "Ward " + name,
                            Selection.diverse(budget)
                                    .withServer(WardSelector.count(budget))
                                    .inSharedFrame(axes));
                }
            }
        }
        return ways;
    }

    private Selection framed(Selection selection, FeatureExtractor extractor, List<Instruction> others) {
        if (others.isEmpty()) {
            return selection;
        }
        AnchorFrame frame = new AnchorFrame(extractor, others, ANCHOR_AXES);
        return selection.withFrame(whitened ? frame.whitened() : frame);
    }

    /**
     * Each client draws its tasks. Clients with the same task get different samples, until its pool is used up and
     * starts again.
     */
    private Map<ClientId, List<Instruction>> deal(Map<String, List<Instruction>> all, long seed) {
        Random random = new Random(seed);
        List<String> names = new ArrayList<>(all.keySet());
        Map<String, List<Instruction>> decks = new HashMap<>();
        Map<ClientId, List<Instruction>> dealt = new LinkedHashMap<>();
        for (int client = 0; client < clients; client++) {
            Collections.shuffle(names, random);
            List<Instruction> hand = new ArrayList<>();
            for (String task : names.subList(0, tasks)) {
                List<Instruction> deck = decks.computeIfAbsent(task, t -> new ArrayList<>());
                if (deck.size() < samples) {
                    deck.clear();
                    deck.addAll(all.getOrDefault(task, List.of()));
                    Collections.shuffle(deck, random);
                }
                List<Instruction> top = deck.subList(0, samples);
                hand.addAll(top);
                top.clear();
            }
            Collections.shuffle(hand, random);
            dealt.put(new ClientId("client-" + client), hand);
        }
        return dealt;
    }

    /**
     * One round with the real client and server, and a trainer that only records.
     *
     * @param roles sets the roles of each client that choosing needs
     */
    static Map<ClientId, List<Instruction>> choose(
            Selection way,
            Map<ClientId, List<Instruction>> dealt,
            UnaryOperator<FedHdsClientBuilder> roles,
            long seed) {
        FedHdsServer server = FedHdsServer.builder()
                .clients(List.copyOf(dealt.keySet()))
                .sampler((clients, round) -> clients)
                .seed(seed)
                .selector(way.server())
                .frame(way.frame())
                .aggregator(FedAvg.bySamples())
                .initialAdapter(Adapter.empty())
                .build();
        RoundOpening opening = server.open();
        Map<ClientId, List<Instruction>> chosen = new LinkedHashMap<>();
        List<FedHdsClient> all = new ArrayList<>();
        for (ClientId id : dealt.keySet()) {
            FedHdsClient client = roles.apply(FedHdsClient.builder(id))
                    .instructions(dealt.getOrDefault(id, List.of()))
                    .selector(way.client())
                    .trainer((list, round) -> {
                        chosen.put(id, list);
                        return new TrainingResult(round.globalAdapter(), list.size(), new double[0]);
                    })
                    .build();
            server.accept(client.summarise(opening));
            all.add(client);
        }
        Map<ClientId, GroupSelection> groups = server.select();
        for (FedHdsClient client : all) {
            GroupSelection selection = groups.get(client.id());
            if (selection != null) {
                client.train(selection);
            }
        }
        return chosen;
    }

    /**
     * The covered tasks, the maximum, and those covered by random selection of as many samples per client, and of all.
     */
    static Figure figure(Map<ClientId, List<Instruction>> chosen, Map<ClientId, List<Instruction>> dealt, long seed) {
        List<Instruction> held = dealt.values().stream().flatMap(List::stream).toList();
        List<Instruction> taken = chosen.values().stream().flatMap(List::stream).toList();
        Random random = new Random(seed);
        double perClient = 0;
        double overAll = 0;
        for (int draw = 0; draw < DRAWS; draw++) {
            List<Instruction> drawn = new ArrayList<>();
            chosen.forEach((id, list) -> drawn.addAll(draw(dealt.getOrDefault(id, List.of()), list.size(), random)));
            perClient += covered(drawn);
            overAll += covered(draw(held, taken.size(), random));
        }
        int most = Math.min(taken.size(), covered(held));
        return new Figure(taken.size(), covered(taken), most, perClient / DRAWS, overAll / DRAWS);
    }

    private static List<Instruction> draw(List<Instruction> from, int count, Random random) {
        List<Instruction> copy = new ArrayList<>(from);
        for (int i = 0; i < count; i++) {
            Collections.swap(copy, i, i + random.nextInt(copy.size() - i));
        }
        return copy.subList(0, count);
    }

    private static int covered(List<Instruction> list) {
        return (int) list.stream().map(Instruction::task).distinct().count();
    }

    private void print(int tasksInAll, Map<String, List<Figure>> figures) {
        PrintWriter out = spec.commandLine().getOut();
        out.printf(
                Locale.ROOT,
                "%d clients, %d of %d tasks each, %d samples a task; %d seeds; mean and standard deviation%n%n",
                clients,
                tasks,
                tasksInAll,
                samples,
                seeds);
        out.printf(
                "%-22s %8s %14s %6s %18s %18s %9s %9s%n",
                "", "samples", "tasks", "most", "random per client", "random over all", "gain", "possible");
        figures.forEach((way, list) -> {
            double[] tasksOf = list.stream().mapToDouble(Figure::covered).toArray();
            double most = list.stream().mapToInt(Figure::most).average().orElse(0);
            double[] perClient =
                    list.stream().mapToDouble(Figure::likePerClient).toArray();
            double[] overAll = list.stream().mapToDouble(Figure::likeOverAll).toArray();
            out.printf(
                    Locale.ROOT,
                    "%-22s %8.1f %14s %6.1f %18s %18s %+7.1f %% %+7.1f %%%n",
                    way,
                    list.stream().mapToInt(Figure::chosen).average().orElse(0),
                    spread(tasksOf),
                    most,
                    spread(perClient),
                    spread(overAll),
                    100 * (mean(tasksOf) / mean(overAll) - 1),
                    100 * (most / mean(overAll) - 1));
        });
        out.flush();
    }

    /** How well the features alone separate the tasks, without any clustering: on the first samples of each task. */
    private void printSeparation(Map<String, List<Instruction>> all, FeatureExtractor extractor) {
        List<Instruction> some = all.values().stream()
                .flatMap(list -> list.stream().limit(SEPARATED))
                .toList();
        List<String> names = List.copyOf(all.keySet());
        int[] labels = some.stream().mapToInt(one -> names.indexOf(one.task())).toArray();
        Points rows = points(pooling.grouping(extractor.extract(some, RoundContext.first())));
        spec.commandLine()
                .getOut()
                .printf(
                        Locale.ROOT,
                        "%n%s, %s: of %d samples %.1f %% have their nearest neighbour in their own task;"
                                + " Calinski-Harabasz index of the tasks %.1f, silhouette %.4f%n",
                        pooling,
                        layerScaling,
                        some.size(),
                        100 * nearestInSameTask(rows, labels),
                        ClusterQuality.of(rows, labels).calinskiHarabasz(),
                        ClusterQuality.of(rows, labels).silhouette());
        spec.commandLine().getOut().flush();
    }

    private static Points points(FeatureMatrix features) {
        double[] values = new double[features.rows() * features.columns()];
        for (int i = 0; i < values.length; i++) {
            values[i] = features.get(i / features.columns(), i % features.columns());
        }
        return new Points(features.rows(), features.columns(), values);
    }

    /** Share of the points whose nearest other point (the first of equals) has the same label. */
    static double nearestInSameTask(Points points, int[] labels) {
        int same = 0;
        for (int i = 0; i < labels.length; i++) {
            int nearest = -1;
            double least = Double.POSITIVE_INFINITY;
            for (int j = 0; j < labels.length; j++) {
                double squares = 0;
                for (int a = 0; a < points.dimensions() && squares < least; a++) {
                    double difference = points.get(i, a) - points.get(j, a);
                    squares += difference * difference;
                }
                if (j != i && squares < least) {
                    nearest = j;
                    least = squares;
                }
            }
            same += nearest >= 0 && labels[nearest] == labels[i] ? 1 : 0;
        }
        return (double) same / labels.length;
    }

    private static double mean(double[] values) {
        return DoubleStream.of(values).average().orElse(Double.NaN);
    }

    /** Mean and standard deviation of a sample. */
    static String spread(double[] values) {
        double mean = mean(values);
        double squares = Arrays.stream(values).map(v -> (v - mean) * (v - mean)).sum();
        return String.format(Locale.ROOT, "%.1f ± %.1f", mean, Math.sqrt(squares / Math.max(1, values.length - 1)));
    }
}
