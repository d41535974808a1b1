package io.github.fedhds.examples.experiment;

import io.github.fedhds.coreset.Candidates;
import io.github.fedhds.coreset.Group;
import io.github.fedhds.dataset.Dataset;
import io.github.fedhds.feature.FeatureMatrix;
import io.github.fedhds.feature.Points;
import io.github.fedhds.features.FeatureCache;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.message.Frame;
import io.github.fedhds.model.ModelOptions;
import io.github.fedhds.round.RoundContext;
import io.github.fedhds.selection.KCenterSelector;
import io.github.fedhds.setup.FedHds;
import io.github.fedhds.setup.FedHdsBuilder;
import io.github.fedhds.transformer.LanguageModel;
import io.github.fedhds.transformer.Pooling;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * How many tasks does a server find over many rounds, with and without a memory of what it has chosen? Each client holds
 * one task and sends one point, the mean of its instructions; in each round some clients answer and the server chooses a
 * few. Nothing is trained.
 *
 * <p>With {@code --model} and {@code --data} the points are features of the base model on the tasks of the data; without,
 * they are drawn: tasks in groups of similar ones, of very different sizes.
 */
@Command(
        name = "task-coverage",
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        description = "Distinct tasks that a server chooses over many rounds, with and without a memory.")
public final class TaskCoverage implements Callable<Integer> {
    private static final int WIDTH = 256;

    @Option(names = "--model", description = "model folder or GGUF file")
    private Optional<Path> model = Optional.empty();

    @Option(names = "--data", description = "instructions, as for the main job")
    private Optional<Path> data = Optional.empty();

    @Option(names = "--cache", description = "folder that keeps the features")
    private Optional<Path> cache = Optional.empty();

    @Option(names = "--instances", description = "instructions of each client at most")
    private int instances = 4;

    @Option(names = "--tasks", description = "number of tasks without --data")
    private int tasks = 738;

    @Option(names = "--clients", description = "clients of a round")
    private int clients = 37;

    @Option(names = "--rounds", description = "number of rounds")
    private int rounds = 40;

    @Option(names = "--picks", description = "clients that the server chooses in a round")
    private int picks = 10;

    @Option(names = "--seeds", description = "runs with other clients, 1 to this number as seeds")
    private int seeds = 10;

    @Option(names = "--dimensions", description = "coordinates of the shared frame")
    private int dimensions = 128;

    @Spec
    private CommandSpec spec = CommandSpec.create();

    public static void main(String[] args) {
        System.exit(commandLine().execute(args));
    }

    public static CommandLine commandLine() {
        return new CommandLine(new TaskCoverage());
    }

    /** How a server chooses. */
    private enum Choice {
        RANDOM("random"),
        NEW_FRAME("k-center, another frame in each round"),
        FIXED_FRAME("k-center, one frame"),
        MEMORY("k-center with a memory");

        private final String title;

        Choice(String title) {
            this.title = title;
        }
    }

    @Override
    public Integer call() {
        if (model.isPresent() != data.isPresent()) {
            throw new ParameterException(spec.commandLine(), "--model and --data belong together");
        }
        if (Math.min(Math.min(clients, rounds), Math.min(picks, seeds)) < 1
                || Math.min(instances, tasks) < 1
                || dimensions < 1) {
            throw new ParameterException(spec.commandLine(), "all numbers must be 1 or more");
        }
        FeatureMatrix features = model.isPresent() ? features(model.get(), data.orElseThrow()) : drawn();
        PrintWriter out = spec.commandLine().getOut();
        int all = features.rows();
        out.printf(
                Locale.ROOT,
                "%d tasks, %d rounds of %d clients, %d chosen in each, %d seeds%n",
                all,
                rounds,
                Math.min(clients, all),
                picks,
                seeds);
        out.println("| choice | distinct tasks, mean | standard deviation |");
        out.println("|---|---|---|");
        for (Choice choice : Choice.values()) {
            double[] found = IntStream.rangeClosed(1, seeds)
                    .mapToDouble(seed -> distinct(choice, features, seed))
                    .toArray();
            double mean = Arrays.stream(found).average().orElseThrow();
            double variance =
                    Arrays.stream(found).map(x -> (x - mean) * (x - mean)).sum() / Math.max(1, seeds - 1);
            out.printf(Locale.ROOT, "| %s | %.1f | %.1f |%n", choice.title, mean, Math.sqrt(variance));
        }
        out.flush();
        return 0;
    }

    /** Number of distinct tasks that one run chooses. */
    private int distinct(Choice choice, FeatureMatrix features, long seed) {
        Random random = new Random(seed);
        Points fixed = new Frame.Signs(dimensions, seed).place(features);
        List<Integer> order =
                new ArrayList<>(IntStream.range(0, features.rows()).boxed().toList());
        Set<Integer> found = new HashSet<>();
        List<double[]> earlier = new ArrayList<>();
        for (int round = 1; round <= rounds; round++) {
            Collections.shuffle(order, random); // drawn alike for every choice
            List<Integer> present = order.subList(0, Math.min(clients, order.size()));
            Points placed = choice == Choice.NEW_FRAME
                    ? new Frame.Signs(dimensions, 1000 * seed + round).place(features)
                    : fixed;
            Points points = Points.of(present.stream().map(placed::point).toList());
            Points before = choice == Choice.MEMORY && !earlier.isEmpty()
                    ? Points.of(earlier)
                    : new Points(0, dimensions, new double[0]);
            List<Group> groups = choice == Choice.RANDOM
                    ? List.of()
                    : KCenterSelector.count(picks)
                            .select(Candidates.of(points, present.size(), before), RoundContext.first())
                            .groups();
            List<Integer> chosen = choice == Choice.RANDOM
                    ? present.subList(0, Math.min(picks, present.size()))
                    : groups.stream()
                            .map(group -> present.get(group.members()[0]))
                            .toList();
            found.addAll(chosen);
            chosen.forEach(task -> earlier.add(fixed.point(task)));
        }
        return found.size();
    }

    /** The mean row of each task, of the base model without an adapter. */
    private FeatureMatrix features(Path folder, Path file) {
        List<List<Instruction>> byTask = Dataset.load(file, 1).training().values().stream()
                .map(list -> list.subList(0, Math.min(instances, list.size())))
                .toList();
        try (LanguageModel loaded = LanguageModel.load(folder, ModelOptions.defaults())) {
            FedHdsBuilder builder = FedHds.on(loaded).pooling(Pooling.MEAN).frozenFeatures(true);
            cache.ifPresent(kept -> builder.featureCache(FeatureCache.inFolder(kept)));
            FedHds fedHds = builder.build();
            float[][] means = new float[byTask.size()][];
            for (int task = 0; task < means.length; task++) {
                FeatureMatrix rows = fedHds.extractor().extract(byTask.get(task), RoundContext.first());
                means[task] = mean(rows);
            }
            return FeatureMatrix.of(means.length, 1, means[0].length, i -> means[i]);
        }
    }

    private static float[] mean(FeatureMatrix rows) {
        float[] row = new float[rows.columns()];
        float[] mean = new float[row.length];
        for (int i = 0; i < rows.rows(); i++) {
            rows.copy(i, 0, row);
            for (int c = 0; c < row.length; c++) {
                mean[c] += row[c] / rows.rows();
            }
        }
        return mean;
    }

    /** Tasks around centres, of which some have many tasks and most have few. */
    private FeatureMatrix drawn() {
        Random random = new Random(0);
        List<float[]> rows = new ArrayList<>();
        while (rows.size() < tasks) {
            float[] centre = gaussian(random, 3);
            int size = (int) Math.ceil(40 * Math.pow(random.nextDouble(), 4));
            for (int i = 0; i < size && rows.size() < tasks; i++) {
                float[] row = gaussian(random, 1);
                for (int c = 0; c < WIDTH; c++) {
                    row[c] += centre[c];
                }
                rows.add(row);
            }
        }
        return FeatureMatrix.of(rows.size(), 1, WIDTH, rows::get);
    }

    private static float[] gaussian(Random random, double spread) {
        float[] row = new float[WIDTH];
        for (int c = 0; c < WIDTH; c++) {
            row[c] = (float) (spread * random.nextGaussian());
        }
        return row;
    }
}
