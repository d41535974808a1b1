package io.github.fedhds.examples.benchmark;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

class MessageBenchmarkTest {
    @Test
    void call_printsALineAMessage() {
        StringWriter out = new StringWriter();
        int status = MessageBenchmark.commandLine()
                .setOut(new PrintWriter(out))
                .execute("--seconds", "0", "--parameters", "3200");
        assertEquals(0, status, out::toString);
        assertEquals(2 + 4 + 3, out.toString().lines().count(), out::toString);
    }
}
