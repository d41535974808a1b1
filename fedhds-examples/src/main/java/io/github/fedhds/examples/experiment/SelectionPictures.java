package io.github.fedhds.examples.experiment;

import io.github.fedhds.FedHdsClient;
import io.github.fedhds.FedHdsServer;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.aggregators.FedAvg;
import io.github.fedhds.coreset.Coreset;
import io.github.fedhds.coreset.CoresetSelector;
import io.github.fedhds.coreset.SampleScore;
import io.github.fedhds.feature.FeatureMatrix;
import io.github.fedhds.feature.Points;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.message.CentroidReport;
import io.github.fedhds.message.Frame;
import io.github.fedhds.message.GroupSelection;
import io.github.fedhds.message.RoundOpening;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.round.RoundContext;
import io.github.fedhds.selection.BudgetSelector;
import io.github.fedhds.selection.HdbscanSelector;
import io.github.fedhds.selection.KCenterSelector;
import io.github.fedhds.selection.Selection;
import io.github.fedhds.selection.WardSelector;
import io.github.fedhds.training.TrainingResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * Draws the choice of each selection strategy: three clients whose features are points of the plane, one round per
 * strategy with the real client and server. The fusion keeps the plane, so the pictures show the input of the
 * selectors.
 */
@Command(
        name = "selection-pictures",
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        description = "An SVG picture for each selection strategy.")
public final class SelectionPictures implements Callable<Integer> {
    /** A task: mean and standard deviation of its samples, and their number per client. */
    record Task(double x, double y, double spread, int... held) {}

    static final List<Task> TASKS = List.of(
            new Task(27, 92, 5, 28, 22, 26),
            new Task(76, 97, 2.5, 18, 0, 22),
            new Task(58, 60, 6, 24, 32, 26),
            new Task(22, 28, 3.5, 16, 20, 14),
            new Task(78, 22, 3, 0, 0, 14));
    private static final int CLIENTS = 3;
    private static final int SCATTERED = 8; // per client, anywhere

    @Option(names = "--out", required = true, description = "folder of the pictures; created if it is missing")
    private Path out = Path.of("");

    @Option(names = "--seed", description = "seed of the points and of random selections")
    private long seed;

    @Spec
    private CommandSpec spec = CommandSpec.create();

    public static void main(String[] args) {
        System.exit(new CommandLine(new SelectionPictures()).execute(args));
    }

    /** A sample: its features, and the mean loss of its answer with the prompt and alone. */
    private record Sample(float x, float y, double loss, double lossAlone) {
        double score(SampleScore kind) {
            return kind.equals(SampleScore.ANSWER_LOSS) ? loss : lossAlone;
        }
    }

    /** A picture of one strategy: its file, the strategy's name in code, and the meaning of the colours. */
    private record Way(String file, String name, SelectionPicture.Colour colour, Selection selection) {}

    private static List<Way> ways() {
        Selection diverse = inThePlane(Selection.diverse(4));
        Selection onClients = Selection.intraClientOnly();
        return List.of(
                new Way("paper", "Selection.paper()", SelectionPicture.Colour.BOTH, Selection.paper()),
                new Way(
                        "intra-client-only",
                        "Selection.intraClientOnly()",
                        SelectionPicture.Colour.CLIENT_GROUPS,
                        onClients),
                new Way(
                        "inter-client-only",
                        "Selection.interClientOnly()",
                        SelectionPicture.Colour.SERVER_GROUPS,
                        Selection.interClientOnly()),
                new Way("unique", "Selection.unique()", SelectionPicture.Colour.BOTH, inThePlane(Selection.unique())),
                new Way("diverse", "Selection.diverse(4)", SelectionPicture.Colour.BOTH, diverse),
                new Way(
                        "ward",
                        "Selection.diverse(4) with WardSelector.count(4)",
                        SelectionPicture.Colour.BOTH,
                        diverse.withServer(WardSelector.count(4))),
                new Way(
                        "cover-on-clients",
                        "KCenterSelector.count(6) on clients",
                        SelectionPicture.Colour.CLIENT_GROUPS,
                        onClients.withClient(KCenterSelector.count(6))),
                new Way(
                        "budget",
                        "BudgetSelector.count(HdbscanSelector.forClient(), 10) on clients",
                        SelectionPicture.Colour.CLIENT_GROUPS,
                        onClients.withClient(BudgetSelector.count(HdbscanSelector.forClient(), 10))),
                new Way("random", "Selection.random(0.1)", SelectionPicture.Colour.NONE, Selection.random(0.1)),
                new Way(
                        "perplexity",
                        "Selection.perplexity(0.1)",
                        SelectionPicture.Colour.LOSS,
                        Selection.perplexity(0.1)),
                new Way(
                        "difficulty",
                        "Selection.difficulty(0.1)",
                        SelectionPicture.Colour.DIFFICULTY,
                        Selection.difficulty(0.1)),
                new Way("everything", "Selection.everything()", SelectionPicture.Colour.NONE, Selection.everything()));
    }

    /** Replaces the random signs, which two columns do not need: the shared frame is the plane itself. */
    private static Selection inThePlane(Selection selection) {
        Frame plane = new Frame.Axes(new float[2], new float[] {1, 0, 0, 1});
        return selection.withFrame(round -> Optional.of(plane));
    }

    @Override
    public Integer call() throws IOException {
        if (Files.exists(out) && !Files.isDirectory(out)) {
            throw new CommandLine.ParameterException(
                    spec.commandLine(), "--out " + out + " is a file, not a folder; name a folder, new or old");
        }
        Map<ClientId, Map<Instruction, Sample>> dealt = deal(seed);
        Files.createDirectories(out);
        for (Way way : ways()) {
            List<SelectionPicture.Client> clients = new ArrayList<>();
            Coreset server = round(way.selection(), dealt, seed, clients);
            SelectionPicture picture = new SelectionPicture(way.name(), way.colour(), clients, server.groups());
            Files.writeString(out.resolve("selection-" + way.file() + ".svg"), picture.svg());
        }
        return 0;
    }

    /** Samples of the tasks, each at a slightly different position per client, and some of no task. */
    private static Map<ClientId, Map<Instruction, Sample>> deal(long seed) {
        Random random = new Random(seed);
        Map<ClientId, Map<Instruction, Sample>> dealt = new LinkedHashMap<>();
        for (int client = 0; client < CLIENTS; client++) {
            ClientId id = new ClientId("client " + (client + 1));
            List<Sample> samples = new ArrayList<>();
            for (Task task : TASKS) {
                double x = task.x() + 4 * random.nextGaussian();
                double y = task.y() + 4 * random.nextGaussian();
                for (int i = 0; i < task.held()[client]; i++) {
                    samples.add(sample(
                            x + task.spread() * random.nextGaussian(),
                            y + task.spread() * random.nextGaussian(),
                            random));
                }
            }
            for (int i = 0; i < SCATTERED; i++) {
                samples.add(sample(
                        SelectionPicture.WIDTH * (0.04 + 0.92 * random.nextDouble()),
                        SelectionPicture.HEIGHT * (0.04 + 0.92 * random.nextDouble()),
                        random));
            }
            Collections.shuffle(samples, random);
            Map<Instruction, Sample> hand = new LinkedHashMap<>();
            for (Sample sample : samples) {
                hand.put(new Instruction("of " + id, "sample " + hand.size(), ""), sample);
            }
            dealt.put(id, hand);
        }
        return dealt;
    }

    /** Losses that increase to the right, and without the prompt to the top, so that scores show the position. */
    private static Sample sample(double x, double y, Random random) {
        double loss = 0.6 + 2.4 * x / SelectionPicture.WIDTH + 0.25 * random.nextGaussian();
        double alone = 1.4 + 2.4 * y / SelectionPicture.HEIGHT + 0.25 * random.nextGaussian();
        return new Sample((float) x, (float) y, Math.max(0.1, loss), Math.max(0.1, alone));
    }

    /** One round with a trainer that only records. Adds the data of each client and returns the server's groups. */
    private static Coreset round(
            Selection way,
            Map<ClientId, Map<Instruction, Sample>> dealt,
            long seed,
            List<SelectionPicture.Client> seen) {
        List<Coreset> onServer = new ArrayList<>();
        FedHdsServer server = FedHdsServer.builder()
                .clients(List.copyOf(dealt.keySet()))
                .sampler((clients, round) -> clients)
                .seed(seed)
                .selector(watched(way.server(), onServer))
                .frame(way.frame())
                .aggregator(FedAvg.bySamples())
                .initialAdapter(Adapter.empty())
                .build();
        RoundOpening opening = server.open();
        List<FedHdsClient> clients = new ArrayList<>();
        List<Coreset> onClients = new ArrayList<>();
        List<CentroidReport> reports = new ArrayList<>();
        Map<ClientId, Set<Instruction>> chosen = new HashMap<>();
        dealt.forEach((id, hand) -> {
            chosen.put(id, new HashSet<>());
            FedHdsClient client = FedHdsClient.builder(id)
                    .instructions(List.copyOf(hand.keySet()))
                    .featureExtractor((list, round) -> features(of(hand, list)))
                    .fusion(SelectionPictures::points)
                    .scorer((kind, list, round) -> of(hand, list).stream()
                            .mapToDouble(sample -> sample.score(kind))
                            .toArray())
                    .selector(watched(way.client(), onClients))
                    .trainer((list, round) -> {
                        chosen.put(id, Set.copyOf(list));
                        return new TrainingResult(round.globalAdapter(), list.size(), new double[0]);
                    })
                    .build();
            CentroidReport report = client.summarise(opening);
            server.accept(report);
            clients.add(client);
            reports.add(report);
        });
        Map<ClientId, GroupSelection> groups = server.select();
        for (FedHdsClient client : clients) {
            client.train(Objects.requireNonNull(groups.get(client.id())));
        }
        for (int i = 0; i < clients.size(); i++) {
            ClientId id = clients.get(i).id();
            Map<Instruction, Sample> hand = Objects.requireNonNull(dealt.get(id));
            Set<Instruction> taken = Objects.requireNonNull(chosen.get(id));
            List<SelectionPicture.Mark> marks = new ArrayList<>();
            hand.forEach((instruction, sample) -> marks.add(new SelectionPicture.Mark(
                    sample.x(), sample.y(), sample.loss(), sample.lossAlone(), taken.contains(instruction))));
            seen.add(new SelectionPicture.Client(
                    id.toString(), marks, onClients.get(i), reports.get(i).centroids()));
        }
        return onServer.get(0);
    }

    private static CoresetSelector watched(CoresetSelector selector, List<Coreset> seen) {
        return (candidates, round) -> {
            Coreset coreset = selector.select(candidates, round);
            seen.add(coreset);
            return coreset;
        };
    }

    private static List<Sample> of(Map<Instruction, Sample> hand, List<Instruction> list) {
        return list.stream()
                .map(instruction -> Objects.requireNonNull(hand.get(instruction)))
                .toList();
    }

    private static FeatureMatrix features(List<Sample> samples) {
        float[] values = new float[2 * samples.size()];
        for (int i = 0; i < samples.size(); i++) {
            values[2 * i] = samples.get(i).x();
            values[2 * i + 1] = samples.get(i).y();
        }
        return new FeatureMatrix(samples.size(), 1, 2, values);
    }

    /** The fusion: columns as they are. */
    private static Points points(FeatureMatrix features, RoundContext round) {
        float[] values = features.toArray();
        double[] wide = new double[values.length];
        for (int i = 0; i < values.length; i++) {
            wide[i] = values[i];
        }
        return new Points(features.rows(), 2, wide);
    }
}
