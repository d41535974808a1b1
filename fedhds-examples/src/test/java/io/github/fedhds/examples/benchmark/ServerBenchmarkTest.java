package io.github.fedhds.examples.benchmark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

class ServerBenchmarkTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter error = new StringWriter();

    private int run(String... args) {
        return ServerBenchmark.commandLine()
                .setOut(new PrintWriter(out))
                .setErr(new PrintWriter(error))
                .execute(args);
    }

    @Test
    void run_fewClients_tellsMessagesAndRound() {
        assertEquals(0, run("--clients", "30", "--centroids", "4", "--rounds", "2"), error.toString());
        String[] lines = out.toString().split(System.lineSeparator());
        assertEquals(3, lines.length);
        String rate = ", half of them copies, on 2 threads: [0-9.]+ s, [0-9]+ a second";
        assertTrue(lines[0].matches("120 messages \\(records\\)" + rate), lines[0]);
        assertTrue(lines[1].matches("120 messages \\(bytes decoded\\)" + rate), lines[1]);
        assertTrue(lines[2].startsWith("a round of 30 clients with 4 centroids each: "), lines[2]);
        assertTrue(lines[2].contains(" of 120 groups "), lines[2]);
    }

    @Test
    void run_noClients_isRefused() {
        assertEquals(2, run("--clients", "0"));
        assertTrue(error.toString().contains("must be 1 or more"), error.toString());
    }
}
