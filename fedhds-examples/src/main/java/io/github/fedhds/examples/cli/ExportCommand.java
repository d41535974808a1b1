package io.github.fedhds.examples.cli;

import io.github.fedhds.model.DecoderConfig;
import io.github.fedhds.peft.GgufAdapter;
import io.github.fedhds.peft.PeftFolder;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Converts an adapter for llama.cpp and Ollama. */
@Command(
        name = "export",
        mixinStandardHelpOptions = true,
        description =
                "Writes an adapter as a GGUF file for llama.cpp and Ollama. Of the base model only the configuration is"
                        + " read.")
final class ExportCommand implements Callable<Integer> {
    @Mixin
    private ConfigFile config = new ConfigFile();

    @Parameters(index = "0", paramLabel = "BASE", description = "the base model: a folder, or a GGUF file")
    private Path base = Path.of("");

    @Parameters(index = "1", paramLabel = "ADAPTER", description = "adapter folder in PEFT's layout")
    private Path adapter = Path.of("");

    @Parameters(index = "2", paramLabel = "OUT.gguf", description = "file to write")
    private Path out = Path.of("");

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() {
        PeftFolder peft = PeftFolder.read(adapter);
        GgufAdapter.write(out, DecoderConfig.read(base), peft.config(), peft.adapter());
        PrintWriter console = spec.commandLine().getOut();
        console.println("wrote " + out);
        console.flush();
        return ExitStatus.DONE;
    }
}
