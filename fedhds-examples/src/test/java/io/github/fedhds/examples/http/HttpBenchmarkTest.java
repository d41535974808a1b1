package io.github.fedhds.examples.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

class HttpBenchmarkTest {
    @Test
    void fewClients_areAllAnswered() {
        StringWriter out = new StringWriter();
        assertEquals(
                0,
                HttpBenchmark.commandLine().setOut(new PrintWriter(out)).execute("--clients", "3", "--requests", "5"));
        assertTrue(out.toString().matches("(?s)3 clients, 15 requests: .* s, .* a second, 0 failed\\s+"), "" + out);
        assertEquals(
                2,
                HttpBenchmark.commandLine()
                        .setErr(new PrintWriter(new StringWriter()))
                        .execute("--clients", "0"));
    }
}
