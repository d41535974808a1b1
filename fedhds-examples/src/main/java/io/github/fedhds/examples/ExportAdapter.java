package io.github.fedhds.examples;

import io.github.fedhds.dataset.Dataset;
import io.github.fedhds.dataset.Partitions;
import io.github.fedhds.peft.ModelCard;
import io.github.fedhds.peft.PeftFolder;
import io.github.fedhds.setup.FedHds;
import io.github.fedhds.simulation.Federation;
import io.github.fedhds.transformer.LanguageModel;
import java.nio.file.Path;

/**
 * How do other programs get the trained adapter? Runs one round, writes its adapter as a PEFT folder, reads it back,
 * and answers an instruction. {@link GenerateAnswer} answers with such a folder later.
 *
 * <pre>ExportAdapter MODEL DATA OUT "INSTRUCTION"</pre>
 *
 * MODEL is a Hugging Face folder, DATA a file of JSON lines whose instructions name their task (each task is one
 * client), OUT the folder to write.
 */
public final class ExportAdapter {
    private ExportAdapter() {}

    public static void main(String[] args) {
        Programs.require(args.length == 4, "ExportAdapter MODEL DATA OUT \"INSTRUCTION\"");
        System.out.println(run(Path.of(args[0]), Path.of(args[1]), Path.of(args[2]), args[3]));
    }

    /** The tuned model's answer. */
    static String run(Path modelFolder, Path data, Path out, String instruction) {
        try (LanguageModel model = LanguageModel.load(modelFolder)) {
            FedHds fedHds = FedHds.on(model).recommended(0.05).build();
            Federation federation = Federation.builder(fedHds)
                    .clients(Partitions.byTask(Dataset.load(data, 1).training()))
                    .activeShare(1)
                    .build();
            federation.run();
            PeftFolder.write(out, fedHds.lora(), federation.adapter(), ModelCard.of(modelFolder));
            return PeftFolder.read(out).on(model).answer(instruction, 128);
        }
    }
}
