package io.github.fedhds.examples.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.examples.benchmark.MessageBenchmark;
import io.github.fedhds.examples.experiment.MessagePrecision;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

class MessagesTest {
    private static List<String> lines(CommandLine command, String... arguments) {
        StringWriter out = new StringWriter();
        assertEquals(0, command.setOut(new PrintWriter(out)).execute(arguments), out::toString);
        return out.toString().lines().toList();
    }

    @Test
    void benchmark_printsALineAMessage() {
        List<String> lines = lines(MessageBenchmark.commandLine(), "--seconds", "0", "--parameters", "3200");
        assertEquals(2 + 4 + 3, lines.size(), lines::toString);
    }

    @Test
    void precision_printsALineEach_andExactLosesNothing() {
        List<String> lines = lines(MessagePrecision.commandLine(), "--clients", "2", "--samples", "2", "--rounds", "2");
        assertEquals(3, lines.size(), lines::toString);
        assertTrue(lines.get(0).matches("FLOAT32: .* relative 0.00e\\+00; losses of the rounds \\d.*"), lines.get(0));
        assertTrue(lines.get(2).matches("INT8: .* relative [1-9].*; losses of the rounds \\d.*"), lines.get(2));
    }
}
