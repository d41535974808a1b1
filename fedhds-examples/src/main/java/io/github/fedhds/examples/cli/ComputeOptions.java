package io.github.fedhds.examples.cli;

import io.github.fedhds.model.ModelOptions;
import io.github.fedhds.model.Precision;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** Options of a command that computes with a model: where, how precisely, with which seed. */
class ComputeOptions {
    @Option(names = "--seed", paramLabel = "N", description = "seed of the run (default: 1)")
    long seed = 1;

    @Option(names = "--fusion", paramLabel = "NAME", description = "tsne, pca or last-layer (default: tsne)")
    FusionName fusion = FusionName.TSNE;

    @Option(
            names = "--device",
            split = ",",
            paramLabel = "DEVICE",
            description =
                    "auto, cpu, cuda or cuda:N (default: auto); several, separated by commas, load --model on each"
                            + " and spread the clients over them")
    List<String> devices = List.of("auto");

    @Option(
            names = "--precision",
            paramLabel = "TYPE",
            description = "type of the weights: float32 or bfloat16, which takes half the memory (default: float32)")
    Precision precision = Precision.FLOAT32;

    @Option(
            names = "--packed",
            description =
                    "keep the matrices of a GGUF or NF4 model packed in memory: less memory, slower, same results")
    boolean packed;

    @Option(
            names = "--parallel",
            paramLabel = "N",
            description = "clients that run at a time; changes no result (default: the cores, at least the devices)")
    private Optional<Integer> parallel = Optional.empty();

    final int parallel() {
        return parallel.orElse(Math.max(Runtime.getRuntime().availableProcessors(), devices.size()));
    }

    /** One thread per operation: clients run in parallel instead, and their number changes no bit. */
    final ModelOptions ofModel() {
        return ModelOptions.defaults()
                .onDevice(devices.get(0))
                .withThreads(1)
                .withPrecision(precision)
                .withPacked(packed);
    }

    /** @throws ParameterException if a value is out of range; the message names the option */
    final void checkCompute(CommandLine line) {
        range(line, "--parallel", parallel(), 1, 1024);
    }

    static void range(CommandLine line, String name, int value, int least, int most) {
        if (value < least || value > most) {
            throw new ParameterException(line, name + " must be " + least + " to " + most + ", was " + value);
        }
    }

    static void share(CommandLine line, String name, double value) {
        if (!(value > 0 && value <= 1)) {
            throw new ParameterException(line, name + " must be above 0 and at most 1, was " + value);
        }
    }
}
