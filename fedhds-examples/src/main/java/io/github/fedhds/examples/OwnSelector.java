package io.github.fedhds.examples;

import io.github.fedhds.coreset.Coreset;
import io.github.fedhds.coreset.CoresetSelector;
import io.github.fedhds.coreset.Group;
import io.github.fedhds.dataset.Dataset;
import io.github.fedhds.dataset.Partitions;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.message.RoundResult;
import io.github.fedhds.selection.Selection;
import io.github.fedhds.setup.FedHds;
import io.github.fedhds.simulation.Federation;
import io.github.fedhds.transformer.LanguageModel;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * How do I write my own sample selection? Each client selects its samples with the longest answers; the server selects
 * the groups of all clients. The selector reads no points, so no features are computed.
 *
 * <pre>OwnSelector MODEL DATA COUNT</pre>
 *
 * MODEL is a Hugging Face folder, DATA a file of JSON lines whose instructions name their task (each task is one
 * client), COUNT the number of samples per client.
 */
public final class OwnSelector {
    private OwnSelector() {}

    public static void main(String[] args) {
        Programs.require(args.length == 3, "OwnSelector MODEL DATA COUNT");
        RoundResult result = run(Path.of(args[0]), Path.of(args[1]), Integer.parseInt(args[2]));
        System.out.println(
                result.samples() + " samples of " + result.reports() + " clients, loss " + result.meanLoss());
    }

    /** All samples are one group, longest answer first; the first {@code count} are selected. */
    static CoresetSelector longestAnswers(int count) {
        return (candidates, round) -> {
            List<Instruction> samples = candidates.instructions();
            if (samples.isEmpty()) {
                return Coreset.empty();
            }
            int[] longestFirst = IntStream.range(0, samples.size())
                    .boxed()
                    .sorted(Comparator.comparingInt(
                            i -> -samples.get(i).output().length()))
                    .mapToInt(Integer::intValue)
                    .toArray();
            return new Coreset(List.of(new Group(0, longestFirst, Math.min(count, samples.size()))));
        };
    }

    static RoundResult run(Path modelFolder, Path data, int count) {
        try (LanguageModel model = LanguageModel.load(modelFolder)) {
            FedHds fedHds = FedHds.on(model)
                    .selection(Selection.everything().withClient(longestAnswers(count)))
                    .build();
            Federation federation = Federation.builder(fedHds)
                    .clients(Partitions.byTask(Dataset.load(data, 1).training()))
                    .activeShare(1)
                    .build();
            return federation.run().get(0).result();
        }
    }
}
