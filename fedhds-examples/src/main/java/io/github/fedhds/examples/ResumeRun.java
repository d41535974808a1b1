package io.github.fedhds.examples;

import io.github.fedhds.dataset.Dataset;
import io.github.fedhds.dataset.Partitions;
import io.github.fedhds.monitoring.RoundReport;
import io.github.fedhds.setup.FedHds;
import io.github.fedhds.simulation.Federation;
import io.github.fedhds.transformer.LanguageModel;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * How does a killed run continue? The run is saved after each round. Started again with the same arguments, it runs the
 * remaining rounds and gives the same bytes as an uninterrupted run.
 *
 * <pre>ResumeRun MODEL DATA FOLDER ROUNDS</pre>
 *
 * MODEL is a Hugging Face folder, DATA a file of JSON lines whose instructions name their task (each task is one
 * client), FOLDER is created by the first run, ROUNDS is the total number of rounds; a later run may increase it.
 */
public final class ResumeRun {
    private ResumeRun() {}

    public static void main(String[] args) {
        Programs.require(args.length == 4, "ResumeRun MODEL DATA FOLDER ROUNDS");
        List<RoundReport> rounds = run(Path.of(args[0]), Path.of(args[1]), Path.of(args[2]), Integer.parseInt(args[3]));
        rounds.forEach(round -> System.out.println(round.round() + ": " + round.adapterSha256()));
    }

    /** The reports of all rounds, including those of earlier runs, in order. */
    static List<RoundReport> run(Path modelFolder, Path data, Path folder, int rounds) {
        try (LanguageModel model = LanguageModel.load(modelFolder)) {
            FedHds fedHds = FedHds.on(model).recommended(0.05).build();
            return Federation.builder(fedHds)
                    .clients(Partitions.byTask(Dataset.load(data, 1).training()))
                    .activeShare(0.5)
                    .rounds(rounds)
                    .checkpoint(folder, Map.of("data", data.toString())) // a resume with other data is refused
                    .resume(true)
                    .build()
                    .run();
        }
    }
}
