package io.github.fedhds.examples.experiment;

import io.github.fedhds.FedHdsClient;
import io.github.fedhds.FedHdsServer;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.aggregators.FedAvg;
import io.github.fedhds.dataset.Dataset;
import io.github.fedhds.dataset.NaturalInstructions;
import io.github.fedhds.examples.cli.EmbeddedComparison;
import io.github.fedhds.examples.embedded.EmbeddedModel;
import io.github.fedhds.examples.embedded.corpus.InstructionSet;
import io.github.fedhds.feature.FeatureExtractor;
import io.github.fedhds.feature.FeatureMatrix;
import io.github.fedhds.features.CachedFusion;
import io.github.fedhds.features.HiddenStateExtractor;
import io.github.fedhds.fusion.Fusion;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.message.GroupSelection;
import io.github.fedhds.message.RoundOpening;
import io.github.fedhds.model.ModelOptions;
import io.github.fedhds.reduction.TsneFusion;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.round.RoundContext;
import io.github.fedhds.selection.Selection;
import io.github.fedhds.selection.WardSelector;
import io.github.fedhds.training.TrainingResult;
import io.github.fedhds.transformer.AdapterForm;
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
import java.util.stream.DoubleStream;
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
        Map<String, List<Instruction>> all = tasks();
        FeatureExtractor known =
                extracted(all.values().stream().flatMap(List::stream).toList());
        Fusion fusion = new CachedFusion(TsneFusion.builder().threads(1).build().compose(pooling::grouping), 1 << 20);
        Map<String, Selection> ways = ways();
        Map<String, List<Figure>> figures = new LinkedHashMap<>();
        for (long seed = 0; seed < seeds; seed++) {
            Map<ClientId, List<Instruction>> dealt = deal(all, seed);
            for (Map.Entry<String, Selection> way : ways.entrySet()) {
                Map<ClientId, List<Instruction>> chosen = choose(way.getValue(), dealt, known, fusion, seed);
                figures.computeIfAbsent(way.getKey(), w -> new ArrayList<>()).add(figure(chosen, dealt, seed));
            }
        }
        print(all.size(), figures);
        return 0;
    }

    /** The model's features of these instructions, computed once. */
    private FeatureExtractor extracted(List<Instruction> all) {
        Map<Instruction, float[]> rows = new HashMap<>();
        ModelOptions options = ModelOptions.defaults().onDevice("cpu");
        try (LanguageModel loaded = model == null ? EmbeddedModel.load(options) : LanguageModel.load(model, options)) {
            FeatureMatrix features = HiddenStateExtractor.builder(loaded)
                    .adapter(AdapterForm.none())
                    .maxTokens(loaded.config().contextLength())
                    .pooling(pooling)
                    .tokenBudget(2048)
                    .build()
                    .extract(all, RoundContext.first());
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

    private Map<String, List<Instruction>> tasks() {
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
            if (task.getValue().size() >= pool && place++ % 2 == half) {
                ours.put(task.getKey(), task.getValue().subList(0, pool));
            }
        }
        if (ours.size() < tasks || samples > pool) {
            throw new CommandLine.ParameterException(
                    spec.commandLine(),
                    ours.size() + " tasks have " + pool + " samples; a client holds " + samples + " of each of "
                            + tasks);
        }
        return ours;
    }

    private Map<String, Selection> ways() {
        Map<String, Selection> ways = new LinkedHashMap<>();
        ways.put("paper", Selection.paper());
        ways.put("intra-client only", Selection.intraClientOnly());
        ways.put("inter-client only", Selection.interClientOnly());
        ways.put(
                "unique, own frames",
                Selection.unique().withFrame(Selection.paper().frame()));
        ways.put("unique", Selection.unique());
        for (int budget : budgets) {
            ways.put("diverse " + budget, Selection.diverse(budget));
            ways.put("Ward " + budget, Selection.diverse(budget).withServer(WardSelector.count(budget)));
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

    /** One round with the real client and server, and a trainer that only records. */
    private static Map<ClientId, List<Instruction>> choose(
            Selection way,
            Map<ClientId, List<Instruction>> dealt,
            FeatureExtractor extractor,
            Fusion fusion,
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
            FedHdsClient client = FedHdsClient.builder(id)
                    .instructions(dealt.getOrDefault(id, List.of()))
                    .featureExtractor(extractor)
                    .fusion(fusion)
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

    private static double mean(double[] values) {
        return DoubleStream.of(values).average().orElse(Double.NaN);
    }

    /** Mean and standard deviation of a sample. */
    private static String spread(double[] values) {
        double mean = mean(values);
        double squares = Arrays.stream(values).map(v -> (v - mean) * (v - mean)).sum();
        return String.format(Locale.ROOT, "%.1f ± %.1f", mean, Math.sqrt(squares / Math.max(1, values.length - 1)));
    }
}
