package io.github.fedhds.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import picocli.CommandLine;

/** A run of a program in this process. */
public final class ProgramRun {
    private ProgramRun() {}

    /** What the program prints, to both streams; it must end with this status. */
    public static String of(CommandLine program, int status, List<String> arguments) {
        StringWriter text = new StringWriter();
        program.setOut(new PrintWriter(text)).setErr(new PrintWriter(text));
        assertEquals(status, program.execute(arguments.toArray(String[]::new)), text::toString);
        return text.toString();
    }
}
