package io.github.fedhds.examples.benchmark;

import io.github.fedhds.feature.FeatureMatrix;
import io.github.fedhds.fusion.Fusion;
import io.github.fedhds.reduction.KernelPcaFusion;
import io.github.fedhds.reduction.PcaFusion;
import io.github.fedhds.round.RoundContext;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * Speed of PCA and kernel PCA with two axes, compared with scikit-learn on the same rows if a Python is given. The two
 * run in turn, so that a busy machine slows both; the best of some repeats counts.
 */
@Command(
        name = "reduction-benchmark",
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        description = "Seconds of PCA and kernel PCA, and their ratio to scikit-learn's.")
public final class ReductionBenchmark implements Callable<Integer> {
    private static final String PYTHON = """
            import sys, time, numpy as np
            from sklearn.decomposition import PCA, KernelPCA
            methods = {
                "arpack": lambda x: PCA(2, svd_solver="arpack"),
                "randomized": lambda x: PCA(2, svd_solver="randomized", random_state=1),
                "rbf": lambda x: KernelPCA(2, kernel="rbf"),
                "cosine": lambda x: KernelPCA(2, kernel="cosine"),
                "poly": lambda x: KernelPCA(2, kernel="poly"),
            }
            for line in sys.stdin:
                method, file, rows, dtype = line.split()
                x = np.fromfile(file, dtype="<f4").reshape(int(rows), -1).astype(dtype)
                start = time.perf_counter()
                methods[method](x).fit_transform(x)
                print(time.perf_counter() - start, flush=True)
            """;

    /** A method of this library and the equivalent one of scikit-learn. */
    private record Pair(String name, Fusion fusion, String python) {}

    @Option(names = "--rows", split = ",", description = "numbers of rows")
    private List<Integer> rows = List.of(300, 1000, 3000);

    @Option(names = "--columns", description = "numbers in a row")
    private int columns = 4608;

    @Option(names = "--repeats", description = "runs of which the best counts")
    private int repeats = 5;

    @Option(names = "--python", description = "a Python with scikit-learn to compare with; none by default")
    private String python = "";

    @Option(
            names = "--float32",
            description = "scikit-learn in single precision; FedHDS' PCA stays in double, its products of all pairs of"
                    + " many rows in float")
    private boolean single;

    @Spec
    private CommandSpec spec = CommandSpec.create();

    public static void main(String[] args) {
        System.exit(new CommandLine(new ReductionBenchmark()).execute(args));
    }

    @Override
    public Integer call() throws IOException {
        List<Pair> pairs = List.of(
                new Pair("PCA, exact", new PcaFusion(), "arpack"), // the faster one of its exact solvers
                new Pair("PCA, randomised", PcaFusion.randomised(2, 1), "randomized"),
                new Pair("kernel PCA, rbf", KernelPcaFusion.rbf(2), "rbf"),
                new Pair("kernel PCA, cosine", KernelPcaFusion.cosine(2), "cosine"),
                new Pair("kernel PCA, polynomial", KernelPcaFusion.polynomial(2), "poly"));
        PrintWriter out = spec.commandLine().getOut();
        out.println("| method | rows | FedHDS | scikit-learn | ratio |\n|---|---|---|---|---|");
        Path folder = Files.createTempDirectory("reduction");
        Path file = folder.resolve("features.f32");
        try (Reference reference = python.isEmpty() ? null : new Reference(python, folder)) {
            for (int n : rows) {
                FeatureMatrix features = features(n);
                write(features, file);
                for (Pair pair : pairs) {
                    double here = Double.POSITIVE_INFINITY;
                    double there = Double.POSITIVE_INFINITY;
                    for (int run = 0; run < repeats; run++) {
                        long start = System.nanoTime();
                        int placed =
                                pair.fusion.fuse(features, RoundContext.first()).size();
                        here = Math.min(here, (System.nanoTime() - start) / 1e9);
                        if (placed != n) {
                            throw new IllegalStateException(pair.name + " placed " + placed + " of " + n + " rows");
                        }
                        there = reference == null
                                ? Double.NaN
                                : Math.min(there, reference.seconds(pair.python, file, n, single));
                    }
                    out.printf(
                            Locale.ROOT,
                            "| %s | %,d | %.3f s | %.3f s | %.2f |%n",
                            pair.name,
                            n,
                            here,
                            there,
                            here / there);
                    out.flush();
                }
            }
        } finally {
            Files.deleteIfExists(file);
            Files.deleteIfExists(folder.resolve("reference.py"));
            Files.delete(folder);
        }
        return 0;
    }

    /** Rows around twenty centres, with decreasing spread along the columns: a spectrum similar to that of features. */
    private FeatureMatrix features(int n) {
        SplittableRandom random = new SplittableRandom(1);
        double[] centres = random.doubles(20L * columns, -1, 1).toArray();
        float[] values = new float[Math.multiplyExact(n, columns)];
        for (int i = 0; i < n; i++) {
            for (int c = 0; c < columns; c++) {
                double spread = 1 / Math.sqrt(1 + c / 16.0);
                values[i * columns + c] =
                        (float) (centres[i % 20 * columns + c] + 4 * spread * (random.nextDouble() - 0.5));
            }
        }
        return new FeatureMatrix(n, 1, columns, values);
    }

    private static void write(FeatureMatrix features, Path file) throws IOException {
        float[] values = features.toArray();
        ByteBuffer bytes =
                ByteBuffer.allocate(Math.multiplyExact(4, values.length)).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(values);
        Files.write(file, bytes.array());
    }

    /** A Python process that executes one run at a time. */
    private static final class Reference implements AutoCloseable {
        private final Process process;
        private final Writer questions;
        private final BufferedReader answers;

        Reference(String python, Path folder) throws IOException {
            Path script = folder.resolve("reference.py");
            Files.writeString(script, PYTHON);
            process = new ProcessBuilder(python, script.toString())
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            questions = new OutputStreamWriter(process.getOutputStream(), StandardCharsets.UTF_8);
            answers = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        }

        double seconds(String method, Path file, int rows, boolean single) throws IOException {
            questions.write(method + " " + file + " " + rows + (single ? " float32\n" : " float64\n"));
            questions.flush();
            String answer = answers.readLine();
            if (answer == null) {
                throw new IOException("the Python process ended; has it numpy and scikit-learn?");
            }
            return Double.parseDouble(answer);
        }

        @Override
        public void close() {
            process.destroy();
        }
    }
}
