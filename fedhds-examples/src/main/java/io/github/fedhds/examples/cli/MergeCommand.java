package io.github.fedhds.examples.cli;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.peft.MergedFolder;
import io.github.fedhds.peft.MergedGguf;
import io.github.fedhds.peft.PeftFolder;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Merges a base model and an adapter into one model, for programs without adapter support. */
@Command(
        name = "merge",
        mixinStandardHelpOptions = true,
        description = "Writes the base model with the adapter merged in, as a Hugging Face folder or a GGUF file.")
final class MergeCommand implements Callable<Integer> {
    /** Types of a merged model's weights. */
    enum Dtype {
        F32,
        F16,
        BF16,
        Q8_0
    }

    @Mixin
    private ConfigFile config = new ConfigFile();

    @Parameters(
            index = "0",
            paramLabel = "BASE",
            description = "the base model: a folder, or a GGUF file; of a GGUF file, OUT must be one")
    private Path base = Path.of("");

    @Parameters(index = "1", paramLabel = "ADAPTER", description = "adapter folder in PEFT's layout")
    private Path adapter = Path.of("");

    @Parameters(
            index = "2",
            paramLabel = "OUT",
            description = "folder to write, new or empty; or a new GGUF file, NAME.gguf")
    private Path out = Path.of("");

    @Option(
            names = "--dtype",
            paramLabel = "TYPE",
            description =
                    "F32, F16, BF16, and Q8_0 of a GGUF file (default: the base's types in a folder, F16 in a GGUF file; all"
                            + " but F32 round, which loses small changes)")
    private @Nullable Dtype dtype;

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() {
        PeftFolder peft = PeftFolder.read(adapter);
        if (out.toString().toLowerCase(Locale.ROOT).endsWith(".gguf")) {
            MergedGguf.write(
                    base,
                    peft.config(),
                    peft.adapter(),
                    out,
                    type(MergedGguf.Type.class, dtype == null ? Dtype.F16 : dtype));
        } else if (dtype == null) {
            MergedFolder.write(base, peft.config(), peft.adapter(), out);
        } else {
            MergedFolder.write(base, peft.config(), peft.adapter(), out, type(MergedFolder.Type.class, dtype));
        }
        PrintWriter console = spec.commandLine().getOut();
        console.println("wrote " + out);
        console.flush();
        return ExitStatus.DONE;
    }

    private <T extends Enum<T>> T type(Class<T> types, Dtype chosen) {
        try {
            return Enum.valueOf(types, chosen.name());
        } catch (IllegalArgumentException e) {
            throw new FedHdsException(
                    "--dtype " + chosen + " is none of " + out + "; it can have "
                            + Arrays.toString(types.getEnumConstants()),
                    e);
        }
    }
}
