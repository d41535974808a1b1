package io.github.fedhds.examples.benchmark;

import com.sun.management.ThreadMXBean;
import io.github.fedhds.clustering.Clustering;
import io.github.fedhds.clustering.Hdbscan;
import io.github.fedhds.coreset.Candidates;
import io.github.fedhds.feature.Points;
import io.github.fedhds.internal.safetensors.Dtype;
import io.github.fedhds.internal.safetensors.SafetensorsFile;
import io.github.fedhds.round.RoundContext;
import io.github.fedhds.selection.HdbscanSelector;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/**
 * Speed of HDBSCAN and of a server's selection: two lines per file of points, with the best time of some runs. The
 * points are those of the Python program for comparison, safetensors files with one tensor {@code points [n, d]}.
 * Memory is the total allocation of the calling thread in one run, which is more than the peak. Or how HDBSCAN's time
 * grows with the points, on normal clouds in the plane.
 */
@Command(
        name = "cluster-benchmark",
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        description = "Speed of HDBSCAN and of a server's choice on files of points.")
public final class ClusterBenchmark implements Callable<Integer> {
    @Parameters(index = "0", arity = "0..1", description = "folder of hdbscan_*.safetensors; this one by default")
    private Path folder = Path.of("");

    @Option(
            names = "--growth",
            arity = "0..1",
            split = ",",
            fallbackValue = "1000,3000,10000,30000,100000",
            description = "how the time grows with these numbers of points, without files")
    private List<Integer> growth = List.of();

    @Option(names = "--threads", description = "threads that share the work")
    private int threads = 2;

    @Option(names = "--repeats", description = "runs of which the best counts; the first ones only warm up")
    private int repeats = 20;

    @Spec
    private CommandSpec spec = CommandSpec.create();

    public static void main(String[] args) {
        System.exit(commandLine().execute(args));
    }

    static CommandLine commandLine() {
        return new CommandLine(new ClusterBenchmark());
    }

    @Override
    public Integer call() {
        if (threads < 1 || repeats < 1) {
            throw new ParameterException(spec.commandLine(), "--threads and --repeats must be 1 or more");
        }
        if (!growth.isEmpty()) {
            grow();
            return 0;
        }
        for (Path file : files()) {
            Points points = read(file);
            Hdbscan method = Hdbscan.builder().threads(threads).build();
            report("HDBSCAN", points, () -> method.fit(points), Clustering::clusters);
            Hdbscan pairs = Hdbscan.builder().minClusterSize(2).threads(threads).build();
            HdbscanSelector server = HdbscanSelector.builder().clustering(pairs).build();
            report(
                    "server's choice",
                    points,
                    () -> server.select(Candidates.of(points), RoundContext.first()),
                    coreset -> coreset.groups().size());
        }
        return 0;
    }

    private void grow() {
        PrintWriter out = spec.commandLine().getOut();
        out.println("| points | time | exponent |\n|---|---|---|");
        Growth lines = new Growth();
        for (int n : growth) {
            float[] values = Growth.clouds(n, 2, Math.max(10, n / 50), 60, 0.3);
            double[] places = new double[values.length];
            Arrays.setAll(places, i -> values[i]);
            Points points = new Points(n, 2, places);
            Hdbscan method = Hdbscan.builder().threads(threads).build();
            double best = Double.POSITIVE_INFINITY;
            for (int run = 0; run < repeats; run++) {
                long start = System.nanoTime();
                method.fit(points);
                best = Math.min(best, (System.nanoTime() - start) / 1e9);
            }
            out.println(lines.line(n, best));
            out.flush();
        }
    }

    private List<Path> files() {
        try (Stream<Path> entries = Files.list(folder)) {
            List<Path> files = entries.filter(
                            entry -> entry.getFileName().toString().matches("hdbscan_.*\\.safetensors"))
                    .sorted(Comparator.comparingLong(ClusterBenchmark::size).thenComparing(Path::toString))
                    .toList();
            if (files.isEmpty()) {
                throw new ParameterException(spec.commandLine(), "no hdbscan_*.safetensors in " + folder);
            }
            return files;
        } catch (IOException unreadable) {
            throw new ParameterException(spec.commandLine(), "cannot list " + folder + ": " + unreadable);
        }
    }

    private static long size(Path file) {
        try {
            return Files.size(file);
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
    }

    private static Points read(Path path) {
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            int[] shape = file.shape("points");
            if (shape.length != 2 || !(file.dtype("points") == Dtype.F64 || file.dtype("points") == Dtype.F32)) {
                throw new IllegalArgumentException("points of " + path + " must be [n, d] of F64 or F32");
            }
            double[] values = new double[shape[0] * shape[1]];
            file.dtype("points").decode(file.read("points"), values, values.length);
            return new Points(shape[0], shape[1], values);
        }
    }

    /** Counts the parts of a result. */
    @FunctionalInterface
    private interface Parts<T> {
        int of(T result);
    }

    private <T> void report(String name, Points points, Supplier<T> work, Parts<T> parts) {
        ThreadMXBean counter = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        double best = Double.POSITIVE_INFINITY;
        long bytes = 0;
        int found = 0;
        for (int run = 0; run < repeats; run++) {
            long before = counter.getCurrentThreadAllocatedBytes();
            long start = System.nanoTime();
            found = parts.of(work.get());
            best = Math.min(best, (System.nanoTime() - start) / 1e9);
            bytes = counter.getCurrentThreadAllocatedBytes() - before;
        }
        PrintWriter out = spec.commandLine().getOut();
        out.println(String.format(
                Locale.ROOT,
                "%s %d x %d: %.4f s, %d clusters, %.1f MiB allocated",
                name,
                points.size(),
                points.dimensions(),
                best,
                found,
                bytes / 1048576.0));
        out.flush();
    }
}
