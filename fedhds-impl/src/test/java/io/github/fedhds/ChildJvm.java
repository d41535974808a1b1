package io.github.fedhds;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A program of the tests in a JVM of its own, with their class path, which is asked over its standard input and answers over
 * its standard output: a command and byte arrays there, byte arrays back. What it says to standard error goes to that of the
 * tests. To be killed at any moment.
 */
public final class ChildJvm implements AutoCloseable {
    private final Process process;
    private final DataOutputStream commands;
    private final DataInputStream answers;

    /** What a program does with a command. */
    @FunctionalInterface
    public interface Program {
        List<byte[]> answer(String command, List<byte[]> input) throws IOException;
    }

    private ChildJvm(Process process) {
        this.process = process;
        commands = new DataOutputStream(process.getOutputStream());
        answers = new DataInputStream(process.getInputStream());
    }

    /** Starts the main method of a class. */
    public static ChildJvm start(Class<?> main, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-Xshare:auto",
                "-cp",
                System.getProperty("java.class.path"),
                main.getName()));
        command.addAll(Arrays.asList(arguments));
        return new ChildJvm(new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start());
    }

    /** In the child: answers commands to the end of the input. What the program throws ends it. */
    public static void serve(Program program) throws IOException {
        OutputStream out = System.out;
        System.setOut(new PrintStream(System.err, true)); // whoever prints must not disturb the answers
        DataInputStream in = new DataInputStream(System.in);
        DataOutputStream answers = new DataOutputStream(out);
        while (true) {
            String command;
            try {
                command = in.readUTF();
            } catch (EOFException e) {
                return;
            }
            write(answers, program.answer(command, read(in)));
        }
    }

    private static void write(DataOutputStream out, List<byte[]> parts) throws IOException {
        out.writeInt(parts.size());
        for (byte[] part : parts) {
            out.writeInt(part.length);
            out.write(part);
        }
        out.flush();
    }

    private static List<byte[]> read(DataInputStream in) throws IOException {
        List<byte[]> parts = new ArrayList<>();
        for (int count = in.readInt(); count > 0; count--) {
            parts.add(in.readNBytes(in.readInt()));
        }
        return parts;
    }

    /** Gives a command without waiting for the answer. */
    public void send(String command, byte[]... input) throws IOException {
        commands.writeUTF(command);
        write(commands, List.of(input));
    }

    /** Gives a command; the answer. */
    public List<byte[]> ask(String command, byte[]... input) throws IOException {
        send(command, input);
        return read(answers);
    }

    /** Kills it: SIGKILL on Linux. */
    public void kill() throws InterruptedException {
        process.destroyForcibly();
        process.waitFor();
    }

    /** Lets it come to its end by itself, which must be a good one. */
    public void end() throws IOException, InterruptedException {
        commands.close();
        assertEquals(0, process.waitFor(), "exit status of the child");
    }

    /** Kills it if it still runs. */
    @Override
    public void close() {
        process.destroyForcibly();
    }
}
