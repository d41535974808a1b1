package io.github.fedhds.examples;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A program of this class path in a small JVM of its own, and the file with what it says. */
public record JavaProcess(Process process, Path log) {
    /**
     * Starts it.
     *
     * @param options of the JVM, such as system properties
     */
    public static JavaProcess start(Path log, List<String> options, Class<?> program, String... arguments)
            throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1"));
        command.addAll(options);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), program.getName()));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        return new JavaProcess(process, log);
    }

    /** Waits until the process has said this, in one line; two minutes at most. */
    public void awaitLine(String... parts) throws IOException, InterruptedException {
        for (int i = 0; i < 1200; i++) {
            if (said().lines().anyMatch(line -> Arrays.stream(parts).allMatch(line::contains))) {
                return;
            }
            assertTrue(process.isAlive(), this::said);
            Thread.sleep(100);
        }
        throw new AssertionError("no line with " + Arrays.toString(parts) + " in " + said());
    }

    /** All that the process has said. */
    public String said() {
        try {
            return Files.readString(log);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
