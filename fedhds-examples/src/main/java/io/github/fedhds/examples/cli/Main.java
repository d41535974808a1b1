package io.github.fedhds.examples.cli;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.examples.embedded.EmbeddedModel;
import io.github.fedhds.lora.LoraConfig;
import io.github.fedhds.model.ModelOptions;
import io.github.fedhds.model.Precision;
import io.github.fedhds.transformer.LanguageModel;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The main job: without a model the embedded comparison, with one a federation on the user's own data. */
@Command(
        name = "fedhds",
        mixinStandardHelpOptions = true,
        exitCodeListHeading = "%nExit status:%n",
        exitCodeList = {
            "0:done",
            "1:failed; the message says why",
            "2:an option is wrong or missing",
            "3:nothing could be trained, so there is no adapter; the last line says why and what helps"
        },
        description = {
            "Federated, data-efficient instruction tuning.",
            "Without --model: compares FedHDS, random choice and full data on the embedded model and instructions.",
            "With --model, --data and --out: tunes your model on your data."
        })
public final class Main implements Callable<Integer> {
    private static final List<String> OWN_DATA_ONLY = List.of(
            "--feature-model",
            "--feature-cache",
            "--instances",
            "--selection",
            "--share",
            "--max-length",
            "--target-modules",
            "--answer-tokens",
            "--evaluate-every",
            "--patience",
            "--gradient-checkpointing");

    /** Exit status of a run that trained on nothing, distinct from failures (1) and wrong options (2). */
    static final int NOTHING_TRAINED = 3;

    private final PrintStream console;

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    @Option(
            names = "--model",
            description =
                    "Hugging Face folder: config.json, model.safetensors (or shards with an index), tokenizer.json")
    private @Nullable Path model;

    @Option(
            names = "--data",
            description = "Natural Instructions folder (tasks/*.json, splits/default/*.txt), or a .jsonl or .json file"
                    + " of {instruction, input, output, task}, Dolly's names, {prompt, completion} or {messages}")
    private @Nullable Path data;

    @Option(
            names = "--out",
            description =
                    "folder for adapter/, rounds.jsonl, config.json and checkpoint/ (embedded: of each of its runs)")
    private @Nullable Path out;

    @Option(names = "--rounds", description = "rounds (embedded: 5; own data: 10)")
    private @Nullable Integer rounds;

    @Option(
            names = "--fraction",
            description = "share of the clients in a round (embedded: 0.34; own data: 0.05, but at least 16 clients)")
    private @Nullable Double fraction;

    @Option(names = "--clients", description = "number of clients (embedded: 24; own data: one a task)")
    private @Nullable Integer clients;

    @Option(names = "--instances", description = "share of each client's instances (Natural Instructions: 0.2; else 1)")
    private @Nullable Double instances;

    @Option(names = "--seed", description = "seed of the run (default: 1)")
    private long seed = 1;

    @Option(
            names = "--selection",
            converter = SelectionName.class,
            description = "diverse, fedhds (the paper's), random or full (default: diverse)")
    private Selection selection = Selection.DIVERSE;

    @Option(
            names = "--share",
            description = "share of the instructions that --selection random and diverse take (default: 0.015)")
    private double share = 0.015;

    @Option(
            names = "--samples-per-group",
            description =
                    "samples of each chosen group that --selection fedhds takes (embedded: 3; own data: 1, the paper's)")
    private @Nullable Integer samplesPerGroup;

    @Option(
            names = "--fusion",
            converter = FusionConverter.class,
            description = "tsne, pca or last-layer (default: tsne)")
    private FusionName fusion = FusionName.TSNE;

    @Option(
            names = "--feature-model",
            description = "folder of a small model that gives the features instead of the tuned one (Turbo)")
    private @Nullable Path featureModel;

    @Option(
            names = "--feature-cache",
            description = "folder that keeps the rows of --feature-model for later runs (default: 256 MiB of memory)")
    private @Nullable Path featureCache;

    @Option(
            names = "--max-length",
            description = "longest sample in tokens (default: 1024, or the model's context length)")
    private int maxLength = 1024;

    @Option(
            names = "--target-modules",
            split = ",",
            paramLabel = "NAME",
            description = "modules that LoRA adapts: ends of their names, a pattern for whole names, or all-linear"
                    + " (default: those of the model's family)")
    private @Nullable List<String> targetModules;

    @Option(names = "--learning-rate", description = "of round 1 (embedded: 5e-3, full data 2e-3; own data: 3e-4)")
    private @Nullable Double learningRate;

    @Option(names = "--answer-tokens", description = "tokens of an evaluated answer at most (default: 128)")
    private int answerTokens = 128;

    @Option(
            names = "--evaluate-every",
            description = "evaluate after so many rounds; 0: after the last only (default: 0)")
    private int evaluateEvery;

    @Option(
            names = "--patience",
            description =
                    "stop when so many evaluations in a row were no better than the best one; 0: never (default: 0)")
    private int patience;

    @Option(
            names = "--resume",
            description = "go on with the run that --out holds, from its last round; begin it if there is none")
    private boolean resume;

    @Option(names = "--device", description = "auto, cpu, cuda or cuda:N (default: auto)")
    private String device = "auto";

    @Option(
            names = "--precision",
            converter = PrecisionName.class,
            description = "type of the weights: float32 or bfloat16, which takes half the memory (default: float32)")
    private Precision precision = Precision.FLOAT32;

    @Option(
            names = "--gradient-checkpointing",
            description = "train in the memory of one layer's activations, for a third more time")
    private boolean gradientCheckpointing;

    @Option(names = "--parallel", description = "clients that run at a time; changes no result (default: the cores)")
    private int parallel = Runtime.getRuntime().availableProcessors();

    private Main(PrintStream console) {
        this.console = console;
    }

    /** Runs the job; a failure ends the process with status 1 and a message, bad options with 2, a run that trained nothing with 3. */
    public static void main(String[] args) {
        int status = commandLine().execute(args);
        if (status != 0) {
            System.exit(status);
        }
    }

    public static CommandLine commandLine() {
        return commandLine(System.out);
    }

    /** The job, with its progress and results told to a stream. */
    public static CommandLine commandLine(PrintStream console) {
        CommandLine line = new CommandLine(new Main(console));
        line.setExecutionExceptionHandler((failure, command, parsed) -> {
            if (failure instanceof FedHdsException || failure instanceof IllegalArgumentException) {
                command.getErr().println("fedhds: " + failure.getMessage());
                return 1;
            }
            throw failure;
        });
        return line;
    }

    @Override
    public Integer call() {
        check();
        // One thread inside an operation: clients run side by side instead, and the bits do not depend on how many.
        ModelOptions options =
                ModelOptions.defaults().onDevice(device).withThreads(1).withPrecision(precision);
        boolean trained;
        if (model == null) {
            try (LanguageModel base = EmbeddedModel.load(options)) {
                trained = compare(base);
            }
        } else {
            Path folder = model;
            OwnRun run = ownRun();
            try (LanguageModel own = LanguageModel.load(folder, options);
                    LanguageModel features = featureModel == null ? null : LanguageModel.load(featureModel, options)) {
                trained = run.run(own, folder, Optional.ofNullable(features));
            }
        }
        return trained ? 0 : NOTHING_TRAINED;
    }

    private void check() {
        if (model == null && data != null) {
            throw new ParameterException(spec.commandLine(), "--data needs --model");
        }
        if (resume && out == null) {
            throw new ParameterException(spec.commandLine(), "--resume needs --out, which holds the run to go on with");
        }
        if (model != null && (data == null || out == null)) {
            throw new ParameterException(spec.commandLine(), "--model needs --data and --out");
        }
        for (String name : OWN_DATA_ONLY) {
            if (model == null && spec.commandLine().getParseResult().hasMatchedOption(name)) {
                throw new ParameterException(
                        spec.commandLine(), name + " needs --model; the embedded comparison has no such setting");
            }
        }
        if (featureCache != null && featureModel == null) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--feature-cache needs --feature-model; the tuned model's features change with every round");
        }
        if (model != null && samplesPerGroup != null && selection != Selection.FEDHDS) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--samples-per-group needs --selection fedhds; the others choose single samples");
        }
        if (targetModules != null) {
            try {
                LoraConfig.defaults().withTargetModules(targetModules);
            } catch (IllegalArgumentException e) {
                throw new ParameterException(spec.commandLine(), "--target-modules: " + e.getMessage(), e);
            }
        }
        range("--rounds", rounds, 1, 1_000_000);
        range("--clients", clients, 1, 10_000_000);
        range("--samples-per-group", samplesPerGroup, 1, 1_000_000);
        range("--max-length", maxLength, 2, Integer.MAX_VALUE);
        range("--answer-tokens", answerTokens, 1, Integer.MAX_VALUE);
        range("--evaluate-every", evaluateEvery, 0, Integer.MAX_VALUE);
        range("--patience", patience, 0, Integer.MAX_VALUE);
        if (patience > 0 && evaluateEvery == 0) {
            throw new ParameterException(
                    spec.commandLine(), "--patience needs --evaluate-every; it is counted in evaluations");
        }
        range("--parallel", parallel, 1, 1024);
        share("--fraction", fraction);
        share("--instances", instances);
        share("--share", share);
        if (learningRate != null && !(learningRate > 0 && learningRate < 1e3)) {
            throw new ParameterException(
                    spec.commandLine(), "--learning-rate must be above 0 and below 1000, was " + learningRate);
        }
    }

    private void range(String name, @Nullable Integer value, int least, int most) {
        if (value != null && (value < least || value > most)) {
            throw new ParameterException(
                    spec.commandLine(), name + " must be " + least + " to " + most + ", was " + value);
        }
    }

    private void share(String name, @Nullable Double value) {
        if (value != null && !(value > 0 && value <= 1)) {
            throw new ParameterException(spec.commandLine(), name + " must be above 0 and at most 1, was " + value);
        }
    }

    private boolean compare(LanguageModel base) {
        EmbeddedComparison.Options defaults = EmbeddedComparison.Options.defaults();
        EmbeddedComparison comparison = new EmbeddedComparison(
                new EmbeddedComparison.Options(
                        or(clients, defaults.clients()),
                        or(rounds, defaults.rounds()),
                        or(fraction, defaults.fraction()),
                        seed,
                        or(learningRate, defaults.learningRate()),
                        or(learningRate, defaults.fullLearningRate()),
                        or(samplesPerGroup, defaults.samplesPerGroup()),
                        fusion,
                        parallel,
                        Optional.ofNullable(out),
                        resume),
                console);
        comparison.print(comparison.run(base));
        return comparison.trained();
    }

    private OwnRun ownRun() {
        return new OwnRun(
                new OwnRun.Options(
                        java.util.Objects.requireNonNull(data),
                        java.util.Objects.requireNonNull(out),
                        or(rounds, 10),
                        Optional.ofNullable(fraction),
                        Optional.ofNullable(clients),
                        Optional.ofNullable(instances),
                        seed,
                        selection,
                        share,
                        or(samplesPerGroup, 1),
                        fusion,
                        Optional.ofNullable(featureModel),
                        Optional.ofNullable(featureCache),
                        maxLength,
                        Optional.ofNullable(targetModules),
                        or(learningRate, 3e-4),
                        gradientCheckpointing,
                        answerTokens,
                        evaluateEvery,
                        patience,
                        resume,
                        parallel),
                console);
    }

    private static <T> T or(@Nullable T value, T fallback) {
        return value == null ? fallback : value;
    }

    private static final class SelectionName implements ITypeConverter<Selection> {
        @Override
        public Selection convert(String value) {
            return named(Selection.class, value);
        }
    }

    private static final class PrecisionName implements ITypeConverter<Precision> {
        @Override
        public Precision convert(String value) {
            return named(Precision.class, value);
        }
    }

    private static final class FusionConverter implements ITypeConverter<FusionName> {
        @Override
        public FusionName convert(String value) {
            return named(FusionName.class, value);
        }
    }

    private static <E extends Enum<E>> E named(Class<E> type, String value) {
        for (E constant : type.getEnumConstants()) {
            if (constant.name().toLowerCase(Locale.ROOT).replace('_', '-').equals(value)) {
                return constant;
            }
        }
        String known = Stream.of(type.getEnumConstants())
                .map(e -> e.name().toLowerCase(Locale.ROOT).replace('_', '-'))
                .collect(java.util.stream.Collectors.joining(", "));
        throw new CommandLine.TypeConversionException("\"" + value + "\" is none of " + known);
    }
}
