package io.github.fedhds.examples.benchmark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.internal.safetensors.SafetensorsWriter;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class FusionBenchmarkTest {
    @TempDir
    private Path folder = Path.of("");

    private int run(StringWriter out, String... options) {
        String[] args = new String[options.length + 1];
        args[0] = folder.toString();
        System.arraycopy(options, 0, args, 1, options.length);
        return new CommandLine(new FusionBenchmark())
                .setOut(new PrintWriter(out))
                .setErr(new PrintWriter(out))
                .execute(args);
    }

    @Test
    void folder_withPoints_givesTimeAndDivergenceOfEachFile() {
        for (int n : new int[] {30, 8}) {
            float[] values = new float[n * 4];
            Random random = new Random(n);
            for (int i = 0; i < values.length; i++) {
                values[i] = random.nextFloat();
            }
            SafetensorsWriter.write(
                    folder.resolve("tsne_" + n + ".safetensors"),
                    Map.of("points", new Tensor(new int[] {n, 4}, values)),
                    Map.of());
        }
        StringWriter out = new StringWriter();
        assertEquals(0, run(out, "--repeats", "1"), out.toString());
        String number = "\\d+\\.\\d+";
        String line = "t-SNE %d x 4: " + number + " s, divergence " + number + "\\R";
        assertTrue(out.toString().matches(String.format(line + line, 8, 30)), out.toString());
        StringWriter part = new StringWriter();
        assertEquals(0, run(part, "--repeats", "1", "--rows", "30", "--first", "9", "--exact-rows", "0"));
        assertTrue(part.toString().matches(String.format(line, 9)), part.toString());
    }

    @Test
    void growth_ofSomeRows_givesTimesAndExponents() {
        StringWriter out = new StringWriter();
        assertEquals(0, run(out, "--growth", "--rows", "20,40", "--repeats", "1"), out.toString());
        String[] lines = out.toString().split("\\R");
        assertEquals(4, lines.length, out.toString());
        assertTrue(lines[2].matches("\\| 20 \\| \\d+\\.\\d{4} s \\|  \\|"), lines[2]);
        assertTrue(lines[3].matches("\\| 40 \\| \\d+\\.\\d{4} s \\| -?\\d+\\.\\d{2} \\|"), lines[3]);
    }

    @Test
    void python_thatGivesNoMap_isToldSo() {
        SafetensorsWriter.write(
                folder.resolve("tsne_6.safetensors"),
                Map.of("points", new Tensor(new int[] {6, 1}, new float[] {1, 2, 3, 5, 7, 11})),
                Map.of());
        StringWriter out = new StringWriter();
        assertEquals(1, run(out, "--repeats", "1", "--python", "true"));
        assertTrue(out.toString().contains("ended without a map"), out.toString());
    }

    @Test
    void folder_withoutPoints_isAnError() {
        StringWriter out = new StringWriter();
        assertEquals(1, run(out));
        assertTrue(out.toString().contains("holds no tsne_N.safetensors"), out.toString());
    }
}
