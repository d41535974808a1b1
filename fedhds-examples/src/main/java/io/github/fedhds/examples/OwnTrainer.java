package io.github.fedhds.examples;

import com.google.gson.Gson;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.dataset.Dataset;
import io.github.fedhds.dataset.Partitions;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.peft.ModelCard;
import io.github.fedhds.peft.PeftFolder;
import io.github.fedhds.round.RoundContext;
import io.github.fedhds.setup.FedHds;
import io.github.fedhds.simulation.Federation;
import io.github.fedhds.training.LocalTrainer;
import io.github.fedhds.training.TrainingResult;
import io.github.fedhds.transformer.LanguageModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * How do I train with a program of my own? The clients choose their samples with FedHDS; a command of yours trains. It
 * is called with a folder as its last argument. The folder has the chosen samples, {@code samples.jsonl}, and the round's
 * adapter in PEFT's layout, {@code adapter}. The command writes the trained adapter to {@code adapter} and the mean loss,
 * one number, to {@code loss.txt}.
 *
 * <pre>OwnTrainer MODEL DATA WORK COMMAND...</pre>
 *
 * MODEL is a Hugging Face folder, DATA a file of JSON lines whose instructions name their task (each task is one
 * client), WORK a folder for the command's files, COMMAND the program with its arguments.
 */
public final class OwnTrainer {
    private OwnTrainer() {}

    public static void main(String[] args) {
        Programs.require(args.length >= 4, "OwnTrainer MODEL DATA WORK COMMAND...");
        List<String> command = Arrays.asList(args).subList(3, args.length);
        System.out.println(run(Path.of(args[0]), Path.of(args[1]), Path.of(args[2]), command));
    }

    /** The mean of the adapters that the command has trained. */
    static Adapter run(Path modelFolder, Path data, Path work, List<String> command) {
        try (LanguageModel model = LanguageModel.load(modelFolder)) {
            FedHds fedHds = FedHds.on(model).recommended(0.05).build();
            LocalTrainer trainer = (samples, round) -> train(fedHds, modelFolder, samples, round, work, command);
            Federation federation = Federation.builder(fedHds)
                    .clients(Partitions.byTask(Dataset.load(data, 1).training()))
                    .activeShare(1)
                    .clientSettings(client -> client.trainer(trainer))
                    .build();
            System.out.println("loss " + federation.run().get(0).result().meanLoss());
            return federation.adapter();
        }
    }

    private static TrainingResult train(
            FedHds fedHds, Path base, List<Instruction> samples, RoundContext round, Path work, List<String> command) {
        try {
            Files.createDirectories(work);
            Path folder = Files.createTempDirectory(work, "training-"); // clients may train at the same time
            List<String> lines = samples.stream().map(new Gson()::toJson).toList();
            Files.write(folder.resolve("samples.jsonl"), lines);
            Path adapter = folder.resolve("adapter");
            PeftFolder.write(adapter, fedHds.lora(), round.globalAdapter(), ModelCard.of(base));
            call(command, folder);
            double loss = Double.parseDouble(
                    Files.readString(folder.resolve("loss.txt")).strip());
            return new TrainingResult(PeftFolder.read(adapter).adapter(), samples.size(), new double[] {loss});
        } catch (IOException e) {
            throw new FedHdsException("the files of " + command + " cannot be exchanged: " + e, e);
        }
    }

    private static void call(List<String> command, Path folder) throws IOException {
        List<String> line = new ArrayList<>(command);
        line.add(folder.toString());
        try {
            int status = new ProcessBuilder(line).inheritIO().start().waitFor();
            if (status != 0) {
                throw new FedHdsException(line + " ended with status " + status);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new FedHdsException("interrupted while " + line + " ran", e);
        }
    }
}
