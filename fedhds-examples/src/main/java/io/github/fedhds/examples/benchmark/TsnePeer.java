package io.github.fedhds.examples.benchmark;

import io.github.fedhds.feature.Points;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * t-SNE of a Python package, in a separate process: scikit-learn below 20,000 rows, openTSNE from there on. It reads
 * the rows from the same file, measures its time and writes its map.
 */
final class TsnePeer {
    private static final String PYTHON = """
            import sys, time
            from safetensors.numpy import load_file
            file, rows, repeats, target = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
            x = load_file(file)["points"][:rows]
            if rows < 20000:
                from sklearn.manifold import TSNE
                name, place = "scikit-learn", lambda: TSNE(2, perplexity=30).fit_transform(x)
            else:
                import openTSNE
                name, place = "openTSNE", lambda: openTSNE.TSNE(2, perplexity=30, n_jobs=2, initialization="pca").fit(x)
            best = float("inf")
            for _ in range(repeats):
                start = time.perf_counter()
                places = place()
                best = min(best, time.perf_counter() - start)
            places.astype("<f8").tofile(target)
            print(name, best)
            """;

    /**
     * Result of the package.
     *
     * @param name name of the package
     * @param seconds seconds of its best run
     */
    record Run(String name, double seconds, Points points) {}

    private TsnePeer() {}

    /** Reduces the first rows of a file, with the repeats of its program: one run from 3,000 rows on, else three. */
    static Run of(String python, Path file, int rows) throws IOException {
        Path folder = Files.createTempDirectory("tsne");
        Path script = folder.resolve("peer.py");
        Path target = folder.resolve("map.f64");
        try {
            Files.writeString(script, PYTHON);
            int repeats = rows < 3000 ? 3 : 1;
            Process process = new ProcessBuilder(
                            python, script.toString(), file.toString(), "" + rows, "" + repeats, target.toString())
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            String[] answer = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
                    .strip()
                    .split(" ");
            if (answer.length != 2 || !Files.exists(target)) {
                throw new IOException("the Python process ended without a map; has it safetensors and scikit-learn, or "
                        + "openTSNE for 20,000 rows?");
            }
            double[] places = new double[2 * rows];
            ByteBuffer.wrap(Files.readAllBytes(target))
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .asDoubleBuffer()
                    .get(places);
            return new Run(answer[0], Double.parseDouble(answer[1]), new Points(rows, 2, places));
        } finally {
            Files.deleteIfExists(script);
            Files.deleteIfExists(target);
            Files.delete(folder);
        }
    }
}
