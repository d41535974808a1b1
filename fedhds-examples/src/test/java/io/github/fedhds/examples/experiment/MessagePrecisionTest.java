package io.github.fedhds.examples.experiment;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import org.junit.jupiter.api.Test;

class MessagePrecisionTest {
    @Test
    void call_printsALineEach_andExactLosesNothing() {
        StringWriter out = new StringWriter();
        int status = MessagePrecision.commandLine()
                .setOut(new PrintWriter(out))
                .execute("--clients", "2", "--samples", "2", "--rounds", "2");
        assertEquals(0, status, out::toString);
        List<String> lines = out.toString().lines().toList();
        assertEquals(3, lines.size(), lines::toString);
        assertTrue(lines.get(0).matches("FLOAT32: .* relative 0.00e\\+00; losses of the rounds \\d.*"), lines.get(0));
        assertTrue(lines.get(2).matches("INT8: .* relative [1-9].*; losses of the rounds \\d.*"), lines.get(2));
    }
}
