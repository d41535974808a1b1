package io.github.fedhds.examples.benchmark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

class ReductionBenchmarkTest {
    @Test
    void main_withoutPython_printsALineAMethodAndSize() {
        StringWriter out = new StringWriter();
        int code = new CommandLine(new ReductionBenchmark())
                .setOut(new PrintWriter(out))
                .execute("--rows", "5,12", "--columns", "8", "--repeats", "1");
        assertEquals(0, code);
        List<String> lines = out.toString().lines().toList();
        assertEquals(2 + 2 * 5, lines.size(), out.toString());
        assertTrue(
                lines.get(2).matches("\\| PCA, exact \\| 5 \\| \\d+\\.\\d{3} s \\| NaN s \\| NaN \\|"), lines.get(2));
    }
}
