package io.github.fedhds.examples;

import io.github.fedhds.dataset.Dataset;
import io.github.fedhds.dataset.Partitions;
import io.github.fedhds.feature.FeatureExtractor;
import io.github.fedhds.feature.FeatureMatrix;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.message.RoundResult;
import io.github.fedhds.setup.FedHds;
import io.github.fedhds.simulation.Federation;
import io.github.fedhds.transformer.LanguageModel;
import java.nio.file.Path;
import java.util.Locale;

/**
 * How do I use features of my own? Each client describes a sample by the words in it, so that no text runs through the
 * model before the training. A sentence encoder of yours goes in the same place.
 *
 * <pre>OwnExtractor MODEL DATA</pre>
 *
 * MODEL is a Hugging Face folder, DATA a file of JSON lines whose instructions name their task (each task is one
 * client).
 */
public final class OwnExtractor {
    private OwnExtractor() {}

    public static void main(String[] args) {
        Programs.require(args.length == 2, "OwnExtractor MODEL DATA");
        RoundResult result = run(Path.of(args[0]), Path.of(args[1]));
        System.out.println(result.chosen() + " groups chosen of " + result.centroids() + ", loss " + result.meanLoss());
    }

    /** Row i counts the words of instruction i, each in a column given by its hash, divided by the length of the row. */
    static FeatureExtractor words(int columns) {
        return (instructions, round) ->
                FeatureMatrix.of(instructions.size(), 1, columns, i -> row(instructions.get(i), columns));
    }

    private static float[] row(Instruction sample, int columns) {
        float[] counts = new float[columns];
        String text = sample.instruction() + " " + sample.input() + " " + sample.output();
        for (String word : text.toLowerCase(Locale.ROOT).split("\\W+", -1)) {
            counts[Math.floorMod(word.hashCode(), columns)]++; // equal on every machine
        }
        double squares = 0;
        for (float count : counts) {
            squares += (double) count * count;
        }
        for (int i = 0; i < columns; i++) {
            counts[i] /= (float) Math.sqrt(squares);
        }
        return counts;
    }

    static RoundResult run(Path modelFolder, Path data) {
        FeatureExtractor words = words(256);
        try (LanguageModel model = LanguageModel.load(modelFolder)) {
            FedHds fedHds = FedHds.on(model).recommended(0.05).build();
            Federation federation = Federation.builder(fedHds)
                    .clients(Partitions.byTask(Dataset.load(data, 1).training()))
                    .activeShare(1)
                    .clientSettings(client -> client.featureExtractor(words))
                    .build();
            return federation.run().get(0).result();
        }
    }
}
