package io.github.fedhds.examples.cli;

import ai.djl.engine.Engine;
import ai.djl.util.Utils;
import com.google.gson.JsonParser;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.dataset.Dataset;
import io.github.fedhds.dataset.NaturalInstructions;
import io.github.fedhds.examples.embedded.EmbeddedModel;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.model.DecoderConfig;
import io.github.fedhds.model.ModelOptions;
import io.github.fedhds.tokenizer.Tokenizer;
import io.github.fedhds.transformer.LanguageModel;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Checks what a run needs, and prints what to send with a question. */
@Command(
        name = "doctor",
        mixinStandardHelpOptions = true,
        description = {
            "Checks the engine, the devices, the folders, and with --model and --data a model and data.",
            "Exit status 1 if something is missing that a run needs."
        })
final class DoctorCommand implements Callable<Integer> {
    private static final double GIB = 1L << 30;

    private final PrintStream out;
    private boolean failed;

    @Mixin
    private ConfigFile config = new ConfigFile();

    @Option(
            names = "--model",
            paramLabel = "PATH",
            description = "model folder or GGUF file to check; of its weights only the files are looked for")
    private Optional<Path> model = Optional.empty();

    @Option(names = "--data", paramLabel = "PATH", description = "data to read and count, as for run")
    private Optional<Path> data = Optional.empty();

    DoctorCommand(PrintStream out) {
        this.out = out;
    }

    @Override
    public Integer call() {
        failed = false;
        check("fedhds", () -> Versions.of("fedhds"));
        check("built with", () -> Versions.dependencies());
        check(
                "Java",
                () -> Runtime.version() + ", " + System.getProperty("java.vm.name") + ", heap at most "
                        + gib(Runtime.getRuntime().maxMemory()));
        check(
                "system",
                () -> System.getProperty("os.name") + " " + System.getProperty("os.arch") + ", "
                        + Runtime.getRuntime().availableProcessors() + " cores, " + memory());
        check("engine", DoctorCommand::engine);
        check("devices", DoctorCommand::devices);
        check("native libraries", () -> folder(Utils.getEngineCacheDir().toAbsolutePath()));
        check(
                "clustering",
                () -> isPresent("elki.clustering.hierarchical.HDBSCANLinearMemory", "ELKI and the own one")
                        .orElse("the own implementation, which gives equal clusters; ELKI is not on the class path"));
        check(
                "ND4J",
                () -> isPresent("org.nd4j.linalg.factory.Nd4j", "on the class path")
                        .orElse("not on the class path; not needed"));
        check(
                "Parquet files",
                () -> isPresent("blue.strategic.parquet.ParquetReader", "can be read")
                        .orElse("cannot be read; put parquet-floor on the class path"));
        check("downloads", () -> "none at run time; ai.djl.offline is " + System.getProperty("ai.djl.offline"));
        model.ifPresent(path -> check("model " + path, () -> model(path)));
        data.ifPresent(path -> check("data " + path, () -> data(path)));
        out.println(failed ? "Something is missing; see the lines with FAILED." : "Nothing is missing.");
        out.flush();
        return failed ? ExitStatus.FAILED : ExitStatus.DONE;
    }

    private void check(String name, Supplier<String> state) {
        String text;
        try {
            text = state.get();
        } catch (RuntimeException | LinkageError e) {
            failed = true;
            text = "FAILED: " + (e.getMessage() == null ? e.toString() : e.getMessage());
        }
        out.printf("%-17s %s%n", name + ":", text);
        out.flush();
    }

    private static String gib(double bytes) {
        return String.format(Locale.ROOT, "%.1f GiB", bytes / GIB);
    }

    private static String memory() {
        return ManagementFactory.getOperatingSystemMXBean() instanceof com.sun.management.OperatingSystemMXBean system
                ? gib(system.getTotalMemorySize()) + " memory, " + gib(system.getFreeMemorySize()) + " free"
                : "memory unknown";
    }

    /** Loads the embedded model and computes with it. */
    private static String engine() {
        try (LanguageModel embedded =
                EmbeddedModel.load(ModelOptions.defaults().onDevice("cpu").withThreads(1))) {
            embedded.base().generate(List.of(new int[] {1, 2}), 1, 16);
            Engine engine = Engine.getInstance();
            return "PyTorch " + engine.getVersion() + " by DJL " + Engine.getDjlVersion() + ", computes";
        }
    }

    private static String devices() {
        int gpus = Engine.getInstance().getGpuCount();
        return gpus > 0
                ? "cpu, " + gpus + " GPU" + (gpus > 1 ? "s" : "") + " (--device cuda:0)"
                : "cpu; no GPU: the native library is built without CUDA, or the driver shows none";
    }

    private static String folder(Path folder) {
        try {
            Files.createDirectories(folder);
            Files.delete(Files.createTempFile(folder, "probe", ".tmp"));
            try (Stream<Path> files = Files.walk(folder)) {
                long bytes = files.filter(Files::isRegularFile)
                        .mapToLong(file -> file.toFile().length())
                        .sum();
                return folder + ", " + gib(bytes) + ", may be written";
            }
        } catch (IOException e) {
            throw new UncheckedIOException(folder + " cannot be written; set ENGINE_CACHE_DIR to a folder that can", e);
        }
    }

    private static Optional<String> isPresent(String type, String text) {
        try {
            Class.forName(type, false, DoctorCommand.class.getClassLoader());
            return Optional.of(text);
        } catch (ClassNotFoundException e) {
            return Optional.empty();
        }
    }

    private static String model(Path path) {
        DecoderConfig read = DecoderConfig.read(path);
        long bytes = Files.isDirectory(path) ? weights(path) : path.toFile().length();
        long parameters = ModelSize.parameters(read);
        try (Tokenizer tokenizer = Tokenizer.load(path)) {
            return String.format(
                    Locale.ROOT,
                    "%s, %.1f million parameters, %d layers, context %d, prompt template %s; %s of files; weights in"
                            + " memory %s in float32, %s in bfloat16",
                    read.family(),
                    parameters / 1e6,
                    read.layers(),
                    read.contextLength(),
                    TemplateName.of(tokenizer.promptTemplate()),
                    gib(bytes),
                    gib(4.0 * parameters),
                    gib(2.0 * parameters));
        }
    }

    /** Bytes of the files that hold the weights, all of which must be there. */
    private static long weights(Path folder) {
        Path index = folder.resolve("model.safetensors.index.json");
        Set<String> names = new TreeSet<>(Set.of("model.safetensors"));
        if (Files.exists(index)) {
            names.clear();
            try {
                JsonParser.parseString(Files.readString(index))
                        .getAsJsonObject()
                        .getAsJsonObject("weight_map")
                        .entrySet()
                        .forEach(tensor -> names.add(tensor.getValue().getAsString()));
            } catch (IOException | RuntimeException e) {
                throw new FedHdsException(index + " cannot be read: " + e.getMessage(), e);
            }
        }
        long bytes = 0;
        for (String name : names) {
            Path file = folder.resolve(name);
            if (!Files.isReadable(file)) {
                throw new FedHdsException(file + " is missing or cannot be read; it holds weights");
            }
            bytes += file.toFile().length();
        }
        return bytes;
    }

    private static String data(Path path) {
        Dataset read = Files.isDirectory(path.resolve("tasks"))
                ? NaturalInstructions.builder().build().read(path)
                : Dataset.load(path, 1);
        List<Instruction> training = read.allTraining();
        return training.size() + " instructions of " + read.training().size() + " tasks, "
                + read.allUnseen().size() + " of " + read.unseen().size() + " held-out tasks"
                + (read.training().containsKey("") ? "; some have no task, so run needs --clients" : "");
    }
}
