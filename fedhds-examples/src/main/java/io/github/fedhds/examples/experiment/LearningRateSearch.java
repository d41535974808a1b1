package io.github.fedhds.examples.experiment;

import io.github.fedhds.examples.cli.EmbeddedComparison;
import io.github.fedhds.examples.cli.FusionName;
import io.github.fedhds.examples.cli.TunedRun;
import io.github.fedhds.examples.embedded.EmbeddedModel;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.model.ModelOptions;
import io.github.fedhds.monitoring.RoundListener;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.setup.FedHds;
import io.github.fedhds.transformer.LanguageModel;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Finds the embedded comparison's learning rate with only training tasks: every sixth of them replaces the unseen
 * tasks, which this program never reads.
 */
@Command(
        name = "learning-rate-search",
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        description = "Rouge-L on held-out training tasks for several learning rates.")
public final class LearningRateSearch implements Callable<Integer> {
    @Option(names = "--rates", split = ",", description = "learning rates to try")
    private List<Double> rates = List.of(5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 2e-2);

    @Option(names = "--seed", description = "seed of the runs")
    private long seed = 101;

    @Option(names = "--samples-per-group", description = "samples of each chosen group")
    private int samplesPerGroup = 3;

    @Option(names = "--epochs", description = "passes over few samples; full data is passed over once")
    private int epochs = EmbeddedComparison.FEW_EPOCHS;

    @Option(names = "--rounds", description = "rounds")
    private int rounds = 5;

    @Option(names = "--fraction", description = "share of the clients in a round")
    private double fraction = 0.34;

    @Option(names = "--full-up-to", description = "full data is tried at rates up to this one; larger ones destroy it")
    private double fullUpTo = 2e-3;

    public static void main(String[] args) {
        System.exit(new CommandLine(new LearningRateSearch()).execute(args));
    }

    @Override
    public Integer call() {
        Map<String, List<Instruction>> tasks = EmbeddedComparison.trainingTasks();
        Map<String, List<Instruction>> training = new LinkedHashMap<>();
        List<Instruction> heldOut = new ArrayList<>();
        int place = 0;
        for (Map.Entry<String, List<Instruction>> task : tasks.entrySet()) {
            if (place++ % 6 == 5) {
                heldOut.addAll(task.getValue().subList(0, 16));
            } else {
                training.put(task.getKey(), task.getValue());
            }
        }
        Map<ClientId, List<Instruction>> clients = EmbeddedComparison.clients(training, 24, seed);
        try (LanguageModel model = EmbeddedModel.load(ModelOptions.defaults().withThreads(1))) {
            System.out.printf("%-10s %18s %18s %18s%n", "rate", "FedHDS", "random choice", "full data");
            for (double rate : rates) {
                FedHds fedHds = EmbeddedComparison.fedHds(model, rate, epochs, FusionName.TSNE);
                FedHds once = EmbeddedComparison.fedHds(model, rate, 1, FusionName.TSNE);
                TunedRun.Setting setting = new TunedRun.Setting(fedHds, clients, rounds, fraction, seed, 2);
                RoundListener quiet = new RoundListener() {};
                TunedRun chosen = setting.fedHds(samplesPerGroup, quiet);
                TunedRun random = setting.random(setting.asManyAs(chosen), quiet);
                System.out.printf(
                        "%-10s %18s %18s %18s%n",
                        rate,
                        figure(fedHds, chosen, heldOut),
                        figure(fedHds, random, heldOut),
                        rate <= fullUpTo ? figure(once, setting.with(once).full(quiet), heldOut) : "-");
            }
        }
        return 0;
    }

    private static String figure(FedHds fedHds, TunedRun run, List<Instruction> heldOut) {
        double rougeL =
                fedHds.evaluate(fedHds.evaluator(24), heldOut, run.adapter()).rougeL();
        return String.format(Locale.ROOT, "%.4f (%d)", rougeL, run.samples());
    }
}
