package io.github.fedhds.examples.experiment;

import io.github.fedhds.coreset.Candidates;
import io.github.fedhds.coreset.Group;
import io.github.fedhds.examples.cli.EmbeddedComparison;
import io.github.fedhds.examples.cli.FusionName;
import io.github.fedhds.examples.embedded.EmbeddedModel;
import io.github.fedhds.feature.FeatureMatrix;
import io.github.fedhds.feature.Points;
import io.github.fedhds.fusion.Fusion;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.lora.LoraTrainer;
import io.github.fedhds.model.ModelOptions;
import io.github.fedhds.model.Precision;
import io.github.fedhds.reduction.PcaFusion;
import io.github.fedhds.reduction.TsneFusion;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.round.RoundContext;
import io.github.fedhds.selection.HdbscanSelector;
import io.github.fedhds.setup.FedHds;
import io.github.fedhds.transformer.LanguageModel;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * Compares weights in bfloat16 and float32 on the embedded model and its instructions: the features, the samples
 * selected with them, and the training losses. For comparison it also changes the features by one part in a million,
 * far less than bfloat16 does: t-SNE and clustering react even to that.
 */
@Command(
        name = "precision-effect",
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        description = "Features, selection and losses with weights in bfloat16, compared with float32.")
public final class PrecisionEffect implements Callable<Integer> {
    @Option(names = "--clients", description = "clients whose selection is compared")
    private int clients = 8;

    @Option(names = "--samples", description = "instructions trained on")
    private int samples = 200;

    @Option(names = "--seed", description = "seed of the partition, the selection and the training")
    private long seed = 1;

    @Spec
    private CommandSpec spec = CommandSpec.create();

    public static void main(String[] args) {
        System.exit(commandLine().execute(args));
    }

    public static CommandLine commandLine() {
        return new CommandLine(new PrecisionEffect());
    }

    /** Results of one precision. */
    private record Outcome(List<FeatureMatrix> features, double[] losses) {}

    @Override
    public Integer call() {
        Map<String, List<Instruction>> byTask = EmbeddedComparison.trainingTasks();
        List<List<Instruction>> held = List.copyOf(
                        EmbeddedComparison.clients(byTask, 24, seed).values())
                .subList(0, clients);
        Outcome exact = outcome(Precision.FLOAT32, held);
        Outcome rounded = outcome(Precision.BFLOAT16, held);
        PrintWriter out = spec.commandLine().getOut();
        double[] errors = errors(exact.features(), rounded.features());
        out.printf(
                Locale.ROOT,
                "features: relative error of a row, median %.5f, largest %.5f (%d rows)%n",
                errors[errors.length / 2],
                errors[errors.length - 1],
                errors.length);
        List<FeatureMatrix> moved =
                exact.features().stream().map(PrecisionEffect::moved).toList();
        agreement(out, "t-SNE", TsneFusion.builder().build(), exact, rounded, moved);
        agreement(out, "PCA", new PcaFusion(), exact, rounded, moved);
        out.printf(
                Locale.ROOT,
                "losses of %d steps: mean %.4f in float32, %.4f in bfloat16; mean difference of a step %.4f%n",
                exact.losses().length,
                Arrays.stream(exact.losses()).average().orElseThrow(),
                Arrays.stream(rounded.losses()).average().orElseThrow(),
                meanDifference(exact.losses(), rounded.losses()));
        out.printf(
                Locale.ROOT,
                "losses of the last quarter: mean %.4f in float32, %.4f in bfloat16%n",
                lastQuarter(exact.losses()),
                lastQuarter(rounded.losses()));
        out.flush();
        return 0;
    }

    private Outcome outcome(Precision precision, List<List<Instruction>> held) {
        ModelOptions options = ModelOptions.defaults().onDevice("cpu").withPrecision(precision);
        try (LanguageModel model = EmbeddedModel.load(options)) {
            FedHds fedHds = EmbeddedComparison.fedHds(model, 1e-3, 1, FusionName.TSNE);
            RoundContext round = new RoundContext(
                    "precision",
                    1,
                    Optional.of(new ClientId("one")),
                    seed,
                    LoraTrainer.firstAdapter(model, fedHds.lora(), seed),
                    Map.of());
            List<FeatureMatrix> features = new ArrayList<>();
            for (List<Instruction> instructions : held) {
                features.add(fedHds.extractor().extract(instructions, round));
            }
            List<Instruction> some =
                    held.stream().flatMap(List::stream).limit(samples).toList();
            return new Outcome(features, fedHds.trainer().train(some, round).losses());
        }
    }

    private void agreement(
            PrintWriter out, String name, Fusion fusion, Outcome exact, Outcome rounded, List<FeatureMatrix> moved) {
        out.printf(
                Locale.ROOT,
                "chosen samples by %s: %.0f %% alike in bfloat16, %.0f %% alike after a change by one in a million%n",
                name,
                100 * alike(fusion, exact.features(), rounded.features()),
                100 * alike(fusion, exact.features(), moved));
    }

    /** Number of samples in both selections, as a share of those in either. */
    private double alike(Fusion fusion, List<FeatureMatrix> some, List<FeatureMatrix> others) {
        int both = 0;
        int either = 0;
        for (int i = 0; i < some.size(); i++) {
            Set<Integer> one = chosen(fusion.fuse(some.get(i), RoundContext.first()));
            Set<Integer> other = chosen(fusion.fuse(others.get(i), RoundContext.first()));
            Set<Integer> common = new HashSet<>(one);
            common.retainAll(other);
            both += common.size();
            either += one.size() + other.size() - common.size();
        }
        return (double) both / either;
    }

    private static Set<Integer> chosen(Points points) {
        Set<Integer> chosen = new HashSet<>();
        for (Group group : HdbscanSelector.forClient()
                .select(Candidates.of(points), RoundContext.first())
                .groups()) {
            Arrays.stream(group.representatives()).forEach(chosen::add);
        }
        return chosen;
    }

    private static FeatureMatrix moved(FeatureMatrix features) {
        SplittableRandom random = new SplittableRandom(5);
        float[] values = features.toArray();
        for (int i = 0; i < values.length; i++) {
            values[i] *= (float) (1 + 1e-6 * random.nextGaussian());
        }
        return new FeatureMatrix(features.rows(), features.blocks(), features.width(), values);
    }

    /** Norm of the difference divided by the norm, per row, ascending. */
    private static double[] errors(List<FeatureMatrix> exact, List<FeatureMatrix> rounded) {
        List<Double> errors = new ArrayList<>();
        for (int i = 0; i < exact.size(); i++) {
            for (int row = 0; row < exact.get(i).rows(); row++) {
                float[] one = exact.get(i).row(row);
                float[] other = rounded.get(i).row(row);
                double off = 0;
                double norm = 0;
                for (int j = 0; j < one.length; j++) {
                    off += Math.pow(one[j] - other[j], 2);
                    norm += Math.pow(one[j], 2);
                }
                errors.add(Math.sqrt(off / norm));
            }
        }
        return errors.stream().mapToDouble(Double::doubleValue).sorted().toArray();
    }

    private static double meanDifference(double[] some, double[] others) {
        double sum = 0;
        for (int i = 0; i < some.length; i++) {
            sum += Math.abs(some[i] - others[i]);
        }
        return sum / some.length;
    }

    private static double lastQuarter(double[] losses) {
        return Arrays.stream(losses, losses.length * 3 / 4, losses.length)
                .average()
                .orElseThrow();
    }
}
