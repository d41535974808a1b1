package io.github.fedhds.examples.benchmark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.internal.safetensors.SafetensorsWriter;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClusterBenchmarkTest {
    @TempDir
    private Path folder = Path.of("");

    private final StringWriter out = new StringWriter();
    private final StringWriter error = new StringWriter();

    private int run(String... more) {
        return ClusterBenchmark.commandLine()
                .setOut(new PrintWriter(out))
                .setErr(new PrintWriter(error))
                .execute(Stream.concat(Stream.of(folder.toString()), Stream.of(more))
                        .toArray(String[]::new));
    }

    @Test
    void run_twoClouds_tellsTheirTimesAndClusters() {
        float[] values = new float[40];
        for (int i = 0; i < 20; i++) {
            values[2 * i] = i < 10 ? i * i : 1000 + i * i;
            values[2 * i + 1] = i;
        }
        SafetensorsWriter.write(
                folder.resolve("hdbscan_20_2.safetensors"),
                Map.of("points", new Tensor(new int[] {20, 2}, values)),
                Map.of());
        assertEquals(0, run("--repeats", "2"), error.toString());
        String[] lines = out.toString().split(System.lineSeparator());
        assertEquals(2, lines.length);
        assertTrue(lines[0].matches("HDBSCAN 20 x 2: [0-9.]+ s, 2 clusters, [0-9.]+ MiB allocated"), lines[0]);
        assertTrue(lines[1].startsWith("server's choice 20 x 2: "), lines[1]);
    }

    @Test
    void run_folderWithoutPoints_saysSo() {
        assertEquals(2, run());
        assertTrue(error.toString().contains("no hdbscan_*.safetensors in "), error.toString());
    }

    @Test
    void growth_twoNumbers_givesTimesAndTheExponent() {
        assertEquals(0, run("--growth", "100,200", "--repeats", "1"), error.toString());
        String[] lines = out.toString().split("\\R");
        assertEquals(4, lines.length, out.toString());
        assertTrue(lines[3].matches("\\| 200 \\| [0-9.]+ s \\| -?[0-9.]+ \\|"), lines[3]);
    }

    @Test
    void line_fourTimesTheTimeOfTwiceTheRows_hasExponentTwo() {
        Growth growth = new Growth();
        assertEquals("| 1,000 | 0.5000 s |  |", growth.line(1000, 0.5));
        assertEquals("| 2,000 | 2.0000 s | 2.00 |", growth.line(2000, 2));
    }

    @Test
    void run_noRepeats_isRefused() {
        assertEquals(2, run("--repeats", "0"));
    }
}
