package io.github.fedhds.examples.experiment;

import io.github.fedhds.clustering.ClusterQuality;
import io.github.fedhds.clustering.Clustering;
import io.github.fedhds.dataset.Dataset;
import io.github.fedhds.examples.Programs;
import io.github.fedhds.examples.cli.ClusteringName;
import io.github.fedhds.examples.cli.EmbeddedComparison;
import io.github.fedhds.examples.cli.FusionName;
import io.github.fedhds.examples.embedded.EmbeddedModel;
import io.github.fedhds.examples.embedded.corpus.InstructionSet;
import io.github.fedhds.feature.FeatureMatrix;
import io.github.fedhds.feature.Points;
import io.github.fedhds.features.HiddenStateExtractor;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.model.ModelOptions;
import io.github.fedhds.reduction.Trustworthiness;
import io.github.fedhds.round.RoundContext;
import io.github.fedhds.transformer.LanguageModel;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * How good are the groups of one client? Prints the trustworthiness of each fusion (5 neighbours), and for each
 * clustering of its points the number of clusters, the share of noise and three indices without true labels; NaN if an
 * index is undefined.
 */
@Command(
        name = "cluster-indices",
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        description = "Trustworthiness of fusions and indices of clusterings on one client's samples.")
public final class ClusterIndices implements Callable<Integer> {
    private static final int NEIGHBOURS = 5;

    @Option(
            names = "--data",
            description = "Natural Instructions folder, .jsonl or .json file; without it the embedded instructions")
    private @Nullable Path data;

    @Option(names = "--model", description = "folder of a model; without it the embedded one")
    private @Nullable Path model;

    @Option(names = "--samples", description = "samples of the client, drawn at random from the training tasks")
    private int samples = 200;

    @Option(names = "--groups", description = "clusters of k-means")
    private int groups = 8;

    @Option(names = "--seed", description = "seed of the drawing, of the fusions and of k-means")
    private long seed = 1;

    @Spec
    private CommandSpec spec = CommandSpec.create();

    public static void main(String[] args) {
        System.exit(Programs.commandLine(new ClusterIndices()).execute(args));
    }

    @Override
    public Integer call() {
        List<Instruction> drawn = new ArrayList<>(
                data == null
                        ? new InstructionSet(EmbeddedComparison.INSTRUCTION_SEED).training(EmbeddedComparison.PER_TASK)
                        : Dataset.load(data, seed).allTraining());
        Collections.shuffle(drawn, new Random(seed));
        FeatureMatrix features = features(drawn.subList(0, Math.min(samples, drawn.size())));
        if (features.rows() <= 2 * NEIGHBOURS || groups < 1) {
            throw new ParameterException(spec.commandLine(), "--samples must be 11 or more, --groups 1 or more");
        }
        PrintWriter out = spec.commandLine().getOut();
        out.printf(
                "%-11s %15s %-11s %8s %7s %10s %17s %14s%n",
                "fusion",
                "trustworthiness",
                "clustering",
                "clusters",
                "noise",
                "silhouette",
                "Calinski-Harabasz",
                "Davies-Bouldin");
        for (FusionName fusion : FusionName.values()) {
            Points points = fusion.fusion().fuse(features, RoundContext.first().withSeed(seed));
            double trust = Trustworthiness.of(features, points, NEIGHBOURS);
            for (ClusteringName clustering : ClusteringName.values()) {
                Clustering found = clustering.clusterer(groups, seed).fit(points);
                ClusterQuality quality = ClusterQuality.of(points, found.labels());
                long noise = Arrays.stream(found.labels())
                        .filter(label -> label == Clustering.NOISE)
                        .count();
                out.printf(
                        Locale.ROOT,
                        "%-11s %15.4f %-11s %8d %5.1f %% %10.4f %17.1f %14.4f%n",
                        fusion,
                        trust,
                        clustering,
                        found.clusters(),
                        100.0 * noise / points.size(),
                        quality.silhouette(),
                        quality.calinskiHarabasz(),
                        quality.daviesBouldin());
            }
        }
        out.flush();
        return 0;
    }

    private FeatureMatrix features(List<Instruction> instructions) {
        ModelOptions options = ModelOptions.defaults().onDevice("cpu");
        try (LanguageModel loaded = model == null ? EmbeddedModel.load(options) : LanguageModel.load(model, options)) {
            return HiddenStateExtractor.builder(loaded).build().extract(instructions, RoundContext.first());
        }
    }
}
