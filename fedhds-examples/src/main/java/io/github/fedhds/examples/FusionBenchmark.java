package io.github.fedhds.examples;

import io.github.fedhds.feature.FeatureMatrix;
import io.github.fedhds.feature.Points;
import io.github.fedhds.fusion.TsneFusion;
import io.github.fedhds.wire.SafetensorsFile;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/**
 * How fast t-SNE runs here, and how good its maps are, on the points that a Python program left: of each file {@code
 * tsne_N.safetensors} the tensor {@code points}, {@code [n, d]}. One line a file, the fewest rows first: seconds of the best
 * run after a first one, and the divergence over all pairs, exact.
 */
@Command(
        name = "fusion-benchmark",
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        description = "Speed and divergence of t-SNE on the files tsne_N.safetensors of a folder.")
public final class FusionBenchmark implements Callable<Integer> {
    private static final Pattern NAME = Pattern.compile("tsne_(\\d{1,9})\\.safetensors");

    @Parameters(index = "0", description = "folder of the files")
    private Path folder = Path.of("");

    @Option(names = "--rows", split = ",", description = "numbers of rows of the files to take; all by default")
    private List<Integer> rows = List.of();

    @Option(names = "--first", description = "take so many rows of each file only; 0: all")
    private int first;

    @Option(names = "--threads", description = "threads that share the work")
    private int threads = 2;

    @Option(names = "--repeats", description = "runs of which the best counts")
    private int repeats = 3;

    @Option(
            names = "--exact-rows",
            description = "most rows of which every repulsion is computed; below 0: the default")
    private int exactRows = -1;

    @Spec
    private CommandSpec spec = CommandSpec.create();

    public static void main(String[] args) {
        System.exit(new CommandLine(new FusionBenchmark()).execute(args));
    }

    @Override
    public Integer call() throws IOException {
        PrintWriter out = spec.commandLine().getOut();
        List<Path> files;
        try (Stream<Path> all = Files.list(folder)) {
            files = all.filter(file -> taken(count(file)))
                    .sorted((a, b) -> Integer.compare(count(a), count(b)))
                    .toList();
        }
        if (files.isEmpty()) {
            spec.commandLine().getErr().println(folder + " holds no tsne_N.safetensors that is asked for");
            return 1;
        }
        for (Path file : files) {
            out.println(measure(read(file)));
            out.flush();
        }
        return 0;
    }

    private boolean taken(int count) {
        return count >= 0 && (rows.isEmpty() || rows.contains(count));
    }

    /** Rows that the file's name tells, or -1. */
    private static int count(Path file) {
        Matcher name = NAME.matcher(String.valueOf(file.getFileName()));
        return name.matches() ? Integer.parseInt(name.group(1)) : -1;
    }

    private FeatureMatrix read(Path path) {
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            int[] shape = file.shape("points");
            float[] values = file.readFloats("points");
            int n = first > 0 ? Math.min(first, shape[0]) : shape[0];
            return new FeatureMatrix(n, 1, shape[1], Arrays.copyOf(values, n * shape[1]));
        }
    }

    private String measure(FeatureMatrix features) {
        TsneFusion.Builder settings = TsneFusion.builder().threads(threads);
        if (exactRows >= 0) {
            settings.exactRows(exactRows);
        }
        TsneFusion fusion = settings.build();
        Points points = fusion.apply(features); // compiles, and loads the linear algebra
        double best = Double.MAX_VALUE;
        for (int i = 0; i < repeats; i++) {
            long start = System.nanoTime();
            points = fusion.apply(features);
            best = Math.min(best, (System.nanoTime() - start) / 1e9);
        }
        return String.format(
                Locale.ROOT,
                "t-SNE %d x %d: %.3f s, divergence %.4f",
                features.rows(),
                features.columns(),
                best,
                fusion.divergence(features, points));
    }
}
