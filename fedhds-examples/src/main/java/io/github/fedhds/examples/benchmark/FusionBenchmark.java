package io.github.fedhds.examples.benchmark;

import io.github.fedhds.feature.FeatureMatrix;
import io.github.fedhds.feature.Points;
import io.github.fedhds.internal.safetensors.SafetensorsFile;
import io.github.fedhds.reduction.TsneFusion;
import io.github.fedhds.round.RoundContext;
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
 * Speed and quality of t-SNE on points of a Python program: the tensor {@code points}, {@code [n, d]}, of each file
 * {@code tsne_N.safetensors}. One line per file, the fewest rows first: seconds of the best run after a warm-up, and
 * the exact divergence over all pairs. With a Python, the same for its package's map, and the ratios. Or how the time
 * grows with the rows, on normal clouds of 64 columns.
 */
@Command(
        name = "fusion-benchmark",
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        description = "Speed and divergence of t-SNE on the files tsne_N.safetensors of a folder.")
public final class FusionBenchmark implements Callable<Integer> {
    private static final Pattern NAME = Pattern.compile("tsne_(\\d{1,9})\\.safetensors");

    private static final List<Integer> GROWTH = List.of(300, 1000, 3000, 10_000, 20_000);

    @Parameters(index = "0", arity = "0..1", description = "folder of the files; this one by default")
    private Path folder = Path.of("");

    @Option(
            names = "--python",
            description = "a Python with scikit-learn and openTSNE to compare with; none by default")
    private String python = "";

    @Option(names = "--growth", description = "how the time grows with the rows, without files")
    private boolean growth;

    @Option(names = "--rows", split = ",", description = "numbers of rows of the files to take, or to grow by")
    private List<Integer> rows = List.of();

    @Option(names = "--first", description = "rows of each file to use; 0: all")
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
        if (growth) {
            grow(out);
            return 0;
        }
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
            measure(file, out);
        }
        return 0;
    }

    private boolean taken(int count) {
        return count >= 0 && (rows.isEmpty() || rows.contains(count));
    }

    /** Number of rows in the file's name, or -1. */
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

    private TsneFusion fusion() {
        TsneFusion.Builder settings = TsneFusion.builder().threads(threads);
        if (exactRows >= 0) {
            settings.exactRows(exactRows);
        }
        return settings.build();
    }

    /** A map and the seconds of the best run. */
    private record Placed(Points points, double seconds) {}

    private Placed place(FeatureMatrix features) {
        TsneFusion fusion = fusion();
        Points points = fusion.fuse(features, RoundContext.first()); // warm-up: compiles, and loads the linear algebra
        double best = Double.MAX_VALUE;
        for (int i = 0; i < repeats; i++) {
            long start = System.nanoTime();
            points = fusion.fuse(features, RoundContext.first());
            best = Math.min(best, (System.nanoTime() - start) / 1e9);
        }
        return new Placed(points, best);
    }

    private void measure(Path file, PrintWriter out) throws IOException {
        FeatureMatrix features = read(file);
        int n = features.rows();
        Placed here = place(features);
        double divergence = fusion().divergence(features, here.points);
        out.printf(
                Locale.ROOT, "t-SNE %d x %d: %.3f s, divergence %.4f", n, features.columns(), here.seconds, divergence);
        if (!python.isEmpty()) {
            TsnePeer.Run there = TsnePeer.of(python, file, n);
            double wanted = fusion().divergence(features, there.points());
            out.printf(
                    Locale.ROOT,
                    "; %s %.3f s, divergence %.4f; ratios %.2f and %.2f",
                    there.name(),
                    there.seconds(),
                    wanted,
                    here.seconds / there.seconds(),
                    divergence / wanted);
        }
        out.println();
        out.flush();
    }

    private void grow(PrintWriter out) {
        out.println("| rows | time | exponent |\n|---|---|---|");
        Growth lines = new Growth();
        for (int n : rows.isEmpty() ? GROWTH : rows) {
            FeatureMatrix features = new FeatureMatrix(n, 1, 64, Growth.clouds(n, 64, 20, 10, 3));
            out.println(lines.line(n, place(features).seconds));
            out.flush();
        }
    }
}
