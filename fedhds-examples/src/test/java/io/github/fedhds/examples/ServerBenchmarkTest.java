package io.github.fedhds.examples;

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
        assertEquals(2, lines.length);
        assertTrue(
                lines[0].matches("120 messages, half of them copies, on 2 threads: [0-9.]+ s, [0-9]+ a second"),
                lines[0]);
        assertTrue(lines[1].startsWith("a round of 30 clients with 4 centroids each: "), lines[1]);
        assertTrue(lines[1].contains(" of 120 groups "), lines[1]);
    }

    @Test
    void run_noClients_isRefused() {
        assertEquals(2, run("--clients", "0"));
        assertTrue(error.toString().contains("must be 1 or more"), error.toString());
    }
}
