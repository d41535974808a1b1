package io.github.fedhds.examples;

import io.github.fedhds.peft.MergedFolder;
import io.github.fedhds.peft.PeftFolder;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Merges a base model and an adapter into one model folder, for programs without adapter support. */
@Command(
        name = "merge-adapter",
        mixinStandardHelpOptions = true,
        description = "Writes the base model with the adapter merged in, as a Hugging Face folder.")
public final class MergeAdapter implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "BASE", description = "folder of the base model")
    private Path base = Path.of("");

    @Parameters(index = "1", paramLabel = "ADAPTER", description = "adapter folder in PEFT's layout")
    private Path adapter = Path.of("");

    @Parameters(index = "2", paramLabel = "OUT", description = "folder to write; new or empty")
    private Path out = Path.of("");

    @Option(
            names = "--dtype",
            description =
                    "F32, BF16 or F16 (default: the base's types; in the two of 16 bits, rounding loses small changes)")
    private MergedFolder.@Nullable Type dtype;

    public static void main(String[] args) {
        System.exit(commandLine().execute(args));
    }

    static CommandLine commandLine() {
        return Programs.commandLine(new MergeAdapter());
    }

    @Override
    public Integer call() {
        PeftFolder peft = PeftFolder.read(adapter);
        if (dtype == null) {
            MergedFolder.write(base, peft.config(), peft.adapter(), out);
        } else {
            MergedFolder.write(base, peft.config(), peft.adapter(), out, dtype);
        }
        return 0;
    }
}
