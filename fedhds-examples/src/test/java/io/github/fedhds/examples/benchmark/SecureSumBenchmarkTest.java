package io.github.fedhds.examples.benchmark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

class SecureSumBenchmarkTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int execute(String... arguments) {
        return SecureSumBenchmark.commandLine()
                .setOut(new PrintWriter(out))
                .setErr(new PrintWriter(err))
                .execute(arguments);
    }

    @Test
    void call_withMissingClients_isNearTheExactMean() {
        int status = execute(
                "--clients", "12", "--values", "5000", "--missing", "3", "--degree", "10", "--answering", "0.6");
        assertEquals(0, status, err.toString());
        assertTrue(out.toString().contains("mean of 9 of 12 clients"), out.toString());
        assertTrue(out.toString().contains("largest error of the mean "), out.toString());
    }

    @Test
    void call_badSettings_areNamed() {
        assertEquals(2, execute("--clients", "3", "--missing", "3"));
        assertTrue(err.toString().contains("--missing"), err.toString());
        assertEquals(2, execute("--answering", "0.4"));
        assertTrue(err.toString().contains("must be above 0.5"), err.toString());
    }
}
