package io.github.fedhds.examples.cli;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.model.DecoderConfig;
import io.github.fedhds.peft.GgufAdapter;
import io.github.fedhds.peft.ModelCard;
import io.github.fedhds.peft.PeftFolder;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Converts an adapter between PEFT's folder and the GGUF file of llama.cpp and Ollama. */
@Command(
        name = "export",
        mixinStandardHelpOptions = true,
        description =
                "Writes an adapter as a GGUF file for llama.cpp and Ollama, or such a file as a folder in PEFT's layout. Of the"
                        + " base model only the configuration is read.")
final class ExportCommand implements Callable<Integer> {
    @Mixin
    private ConfigFile config = new ConfigFile();

    @Parameters(index = "0", paramLabel = "BASE", description = "the base model: a folder, or a GGUF file")
    private Path base = Path.of("");

    @Parameters(
            index = "1",
            paramLabel = "ADAPTER",
            description = "adapter folder in PEFT's layout, or an adapter's GGUF file")
    private Path adapter = Path.of("");

    @Parameters(index = "2", paramLabel = "OUT", description = "new file, NAME.gguf, or new folder for PEFT's layout")
    private Path out = Path.of("");

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() {
        if (Files.exists(out)) {
            throw new FedHdsException(out + " exists; name a new file or folder");
        }
        DecoderConfig model = DecoderConfig.read(base);
        if (isGguf(out)) {
            PeftFolder peft = PeftFolder.read(adapter);
            GgufAdapter.write(out, model, peft.config(), peft.adapter());
        } else if (isGguf(adapter)) {
            PeftFolder read = GgufAdapter.read(adapter, model);
            PeftFolder.write(out, read.config(), read.adapter(), ModelCard.of(base));
        } else {
            throw new FedHdsException("neither " + adapter + " nor " + out
                    + " is a GGUF file, so there is nothing to convert; name a file that ends with .gguf");
        }
        PrintWriter console = spec.commandLine().getOut();
        console.println("wrote " + out);
        console.flush();
        return ExitStatus.DONE;
    }

    private static boolean isGguf(Path path) {
        return path.toString().toLowerCase(Locale.ROOT).endsWith(".gguf");
    }
}
