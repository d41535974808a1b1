package io.github.fedhds.examples.benchmark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AggregationBenchmarkTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter error = new StringWriter();

    private int run(String... args) {
        return AggregationBenchmark.commandLine()
                .setOut(new PrintWriter(out))
                .setErr(new PrintWriter(error))
                .execute(args);
    }

    @Test
    void run_smallAdapters_tellsTheTimeOfEachRule() {
        assertEquals(0, run("--clients", "11", "--modules", "2", "--width", "6", "--rank", "2"), error.toString());
        String[] lines = out.toString().split(System.lineSeparator());
        assertEquals(10, lines.length, out.toString());
        assertEquals("11 clients, 48 parameters each", lines[0]);
        assertTrue(lines[8].matches("Bulyan\\[f = 2\\]: [0-9.]+ s"), lines[8]);
    }

    @Test
    void run_onDisk_leavesNoFile(@TempDir Path folder) {
        String[] small = {"--clients", "11", "--modules", "2", "--width", "6", "--rank", "2", "--streamed"};
        String[] onDisk = Arrays.copyOf(small, small.length + 4);
        System.arraycopy(
                new String[] {"--on-disk", folder.toString(), "--rules", "Krum,Coord"}, 0, onDisk, small.length, 4);
        assertEquals(0, run(onDisk), error.toString());
        assertEquals(3, out.toString().lines().count(), out.toString());
        assertEquals(0, folder.toFile().list().length);
    }

    @Test
    void run_fewestClients_everyRuleCanWork() {
        assertEquals(0, run("--clients", "3", "--modules", "1", "--width", "2", "--rank", "4"), error.toString());
    }

    @Test
    void run_nothingToMeasure_isRefused() {
        assertEquals(2, run("--clients", "2"));
        assertEquals(2, run("--repeats", "0"));
    }
}
