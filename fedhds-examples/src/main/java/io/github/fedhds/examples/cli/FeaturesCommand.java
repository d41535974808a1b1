package io.github.fedhds.examples.cli;

import com.google.gson.Gson;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.feature.FeatureMatrix;
import io.github.fedhds.feature.Points;
import io.github.fedhds.features.FeatureCache;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.round.RoundContext;
import io.github.fedhds.setup.FedHds;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Computes the features of instructions, for pictures and analyses of the user's own. */
@Command(
        name = "features",
        mixinStandardHelpOptions = true,
        abbreviateSynopsis = true,
        description = {
            "Computes the features of all instructions of --data and writes them to a file: row i is that of instruction i.",
            "A row has the last token's hidden state of each layer of the base model or, with --fused, two coordinates."
        })
final class FeaturesCommand implements Callable<Integer> {
    private static final Gson GSON = new Gson();

    /** Kinds of files. */
    enum Format {
        /** One tensor, {@code features}, of shape [instructions, columns]. */
        SAFETENSORS,
        /** A header, then one row for each instruction, its task first. */
        CSV,
        /** One object for each instruction. */
        JSONL
    }

    private final PrintStream console;

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Mixin
    private ConfigFile config = new ConfigFile();

    @Mixin
    private InputOptions own = new InputOptions();

    @Mixin
    private ComputeOptions compute = new ComputeOptions();

    @Option(names = "--out", paramLabel = "FILE", description = "file to write")
    private Optional<Path> out = Optional.empty();

    @Option(
            names = "--format",
            description = "safetensors, csv or jsonl (default: by the ending of --out, otherwise safetensors)")
    private Optional<Format> format = Optional.empty();

    @Option(
            names = "--fused",
            description = "reduce the rows to two dimensions with --fusion, all instructions together")
    private boolean fused;

    FeaturesCommand(PrintStream console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        CommandLine line = spec.commandLine();
        if (own.model.isEmpty() || own.data.isEmpty() || out.isEmpty()) {
            throw new ParameterException(line, "features needs --model, --data and --out");
        }
        if (!fused && line.getParseResult().hasMatchedOption("--fusion")) {
            throw new ParameterException(line, "--fusion needs --fused");
        }
        own.checkInput(line);
        compute.checkCompute(line);
        OutputFile.check(line, out.get(), own.data.get());
        List<Instruction> instructions = OwnData.read(
                        own.data.get(),
                        new OwnData.Reading(own.instances, own.heldOut, false, compute.seed),
                        new PartitionChoice(PartitionChoice.Kind.EVEN, ""),
                        Optional.of(1))
                .training();
        try (LoadedModels models = new LoadedModels(own, compute)) {
            FedHds fedHds = own.on(models.models(), models.features(), compute.fusion)
                    .frozenFeatures(true)
                    .build();
            write(fedHds, instructions);
        }
        return ExitStatus.DONE;
    }

    private void write(FedHds fedHds, List<Instruction> instructions) {
        RoundContext round = RoundContext.first().withSeed(compute.seed);
        long began = System.nanoTime();
        FeatureMatrix rows = fedHds.extractor().extract(instructions, round);
        double extracted = (System.nanoTime() - began) / 1e9;
        String more = String.format(Locale.ROOT, ", %d blocks of %d", rows.blocks(), rows.width());
        if (fused) {
            Points points = compute.fusion.fusion().fuse(rows, round);
            double all = (System.nanoTime() - began) / 1e9;
            write(instructions, points.dimensions(), i -> floats(points.point(i)));
            more = String.format(Locale.ROOT, ", fused in %.1f s", all - extracted);
        } else {
            write(instructions, rows.columns(), rows::row);
        }
        console.printf(
                Locale.ROOT,
                "features [%d, %d]%s, computed in %.1f s; wrote %s%n",
                instructions.size(),
                fused ? 2 : rows.columns(),
                more,
                extracted,
                out.orElseThrow());
        fedHds.featureCache().map(FeatureCache::statistics).ifPresent(counts -> console.println(CacheLine.of(counts)));
    }

    private static float[] floats(double[] values) {
        float[] floats = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            floats[i] = (float) values[i];
        }
        return floats;
    }

    private Format format(Path file) {
        String name = file.toString().toLowerCase(Locale.ROOT);
        return format.orElse(
                name.endsWith(".csv")
                        ? Format.CSV
                        : name.endsWith(".jsonl") || name.endsWith(".json") ? Format.JSONL : Format.SAFETENSORS);
    }

    private void write(List<Instruction> instructions, int columns, IntFunction<float[]> rows) {
        Path file = out.orElseThrow();
        int n = instructions.size();
        switch (format(file)) {
            case SAFETENSORS -> {
                float[] values = new float[Math.multiplyExact(n, columns)];
                for (int i = 0; i < n; i++) {
                    System.arraycopy(rows.apply(i), 0, values, i * columns, columns);
                }
                OutputFile.tensors(
                        file, Map.of("features", Tensor.of(new int[] {n, columns}, at -> values[(int) at])), Map.of());
            }
            case CSV -> {
                Stream<String> names =
                        IntStream.range(0, columns).mapToObj(i -> fused ? "xy".substring(i, i + 1) : "f" + i);
                Stream<String> lines = IntStream.range(0, n)
                        .mapToObj(i -> quoted(instructions.get(i).task()) + "," + joined(rows.apply(i)));
                OutputFile.lines(
                        file,
                        Stream.concat(Stream.of("task," + String.join(",", names.toList())), lines)
                                .iterator());
            }
            case JSONL -> {
                Iterator<String> lines = IntStream.range(0, n)
                        .mapToObj(i -> {
                            Map<String, Object> line = new LinkedHashMap<>();
                            line.put("task", instructions.get(i).task());
                            line.put("features", rows.apply(i));
                            return GSON.toJson(line);
                        })
                        .iterator();
                OutputFile.lines(file, lines);
            }
        }
    }

    private static String joined(float[] row) {
        StringBuilder line = new StringBuilder();
        for (int i = 0; i < row.length; i++) {
            line.append(i == 0 ? "" : ",").append(row[i]);
        }
        return line.toString();
    }

    /** A field of CSV. */
    private static String quoted(String text) {
        return text.matches("(?s).*[\",\r\n].*") ? "\"" + text.replace("\"", "\"\"") + "\"" : text;
    }
}
