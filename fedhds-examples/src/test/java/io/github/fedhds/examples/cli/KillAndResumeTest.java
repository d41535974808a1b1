package io.github.fedhds.examples.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.github.fedhds.examples.TinyModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * The main job in a process of its own, killed (SIGKILL on Linux) at random moments and run again with {@code --resume}: it
 * leaves the bytes of a run that was never disturbed. Five kills; {@code -Dfedhds.kills=50} asks for more,
 * {@code -Dfedhds.kills.seed=7} for other moments.
 */
class KillAndResumeTest {
    private static final int KILLS = Integer.getInteger("fedhds.kills", 5);
    private static final long SEED = Long.getLong("fedhds.kills.seed", 2410);
    private static final int ROUNDS = 10;
    private static final Pattern ROUND = Pattern.compile(", round \\d+ of ");

    @TempDir
    private Path folder = Path.of("");

    private int resumed;
    private int begun;

    @BeforeEach
    void writeInputs() throws IOException {
        TinyModel.write(Files.createDirectories(folder.resolve("model")));
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            JsonObject line = new JsonObject();
            line.addProperty("instruction", "say " + i);
            line.addProperty("output", "abcdefghij".substring(i % 10));
            line.addProperty("task", "task-" + i / 10);
            lines.add(line.toString());
        }
        Files.write(folder.resolve("data.jsonl"), lines);
    }

    private Process start(Path out, Path said) throws IOException {
        List<String> command = List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName(),
                "--model",
                folder.resolve("model").toString(),
                "--data",
                folder.resolve("data.jsonl").toString(),
                "--out",
                out.toString(),
                "--resume",
                "--selection",
                "full",
                "--fraction",
                "0.4",
                "--rounds",
                String.valueOf(ROUNDS),
                "--learning-rate",
                "1e-2",
                "--evaluate-every",
                "3",
                "--answer-tokens",
                "4",
                "--device",
                "cpu",
                "--parallel",
                "2");
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(said.toFile());
        builder.environment().putAll(Map.of("OMP_WAIT_POLICY", "passive"));
        return builder.start();
    }

    /** True if it was killed, false if it had come to its end. */
    private boolean runAndKill(Path out, SplittableRandom random) throws IOException, InterruptedException {
        Path said = folder.resolve("said.txt");
        Process process = start(out, said);
        int rounds = random.nextInt(-1, 4); // -1: while it starts
        while (process.isAlive() && rounds(said) <= rounds) {
            Thread.sleep(2);
        }
        boolean ended = process.waitFor(random.nextInt(rounds < 0 ? 2000 : 300), TimeUnit.MILLISECONDS);
        process.destroyForcibly();
        int status = process.waitFor();
        String text = Files.readString(said);
        assertTrue(!ended || status == 0, () -> "ended with " + status + ": " + text);
        resumed += text.contains("resumed after round") ? 1 : 0;
        begun += rounds(said);
        return status != 0;
    }

    private static int rounds(Path said) throws IOException {
        return (int) ROUND.matcher(Files.readString(said)).results().count();
    }

    private void runToTheEnd(Path out) throws IOException, InterruptedException {
        Path said = folder.resolve("said.txt");
        int status = start(out, said).waitFor();
        String text = Files.readString(said);
        assertEquals(0, status, text);
        resumed += text.contains("resumed after round") ? 1 : 0;
        begun += rounds(said);
    }

    @Test
    void mainJob_killedAtRandomMoments_leavesTheBytesOfAnUndisturbedRun() throws IOException, InterruptedException {
        Path undisturbed = folder.resolve("undisturbed");
        runToTheEnd(undisturbed);
        assertEquals(ROUNDS, begun);
        resumed = 0;
        begun = 0;
        SplittableRandom random = new SplittableRandom(SEED);
        int runs = 0;
        Path out = folder.resolve("run-0");
        for (int kills = 0; kills < KILLS; ) {
            if (runAndKill(out, random)) {
                kills++;
            } else {
                assertSame(undisturbed, out);
                runs++;
                out = folder.resolve("run-" + runs);
            }
        }
        runToTheEnd(out);
        assertSame(undisturbed, out);
        runs++;
        System.out.printf(
                "main job: %d kills in %d runs of %d rounds, %d resumed, %d rounds begun for %d; adapter %s each%n",
                KILLS, runs, ROUNDS, resumed, begun, runs * ROUNDS, digest(undisturbed));
        assertTrue(resumed > 0, "no run was killed after a round, so nothing was resumed");
        assertTrue(begun <= runs * ROUNDS + KILLS, "more than one round was run again for a kill");
    }

    /**
     * Ctrl-C at a terminal sends SIGINT. Where it is ignored, as for a process that a shell has started in the background, SIGTERM
     * does the same with another status.
     */
    @Test
    @DisabledOnOs(OS.WINDOWS)
    void mainJob_interrupted_saysHowToGoOn() throws IOException, InterruptedException {
        Path said = folder.resolve("said.txt");
        int status = 0;
        int expected = 0;
        for (int attempt = 0; attempt < 5 && status == 0; attempt++) { // 0: it was at its end before the signal came
            Process process = start(folder.resolve("out-" + attempt), said);
            while (process.isAlive() && rounds(said) < 2) {
                Thread.sleep(2);
            }
            boolean terminate = ignoresInterrupts(process.pid());
            expected = terminate ? 143 : 130;
            new ProcessBuilder("kill", terminate ? "-TERM" : "-INT", String.valueOf(process.pid()))
                    .start()
                    .waitFor();
            status = process.waitFor();
        }
        String text = Files.readString(said);
        assertEquals(expected, status, text);
        assertTrue(text.contains("interrupted in round ") && text.contains("--resume"), text);
    }

    /** By Linux's list of ignored signals; SIGINT is the second. */
    private static boolean ignoresInterrupts(long process) throws IOException {
        Path list = Path.of("/proc/" + process + "/status");
        return Files.exists(list)
                && Files.readAllLines(list).stream()
                        .filter(line -> line.startsWith("SigIgn:"))
                        .anyMatch(line -> (Long.parseUnsignedLong(
                                                line.substring(line.indexOf(':') + 1)
                                                        .strip(),
                                                16)
                                        & 2)
                                != 0);
    }

    private static void assertSame(Path undisturbed, Path out) throws IOException {
        for (String adapter : List.of("adapter", "adapter-best")) {
            String weights = adapter + "/adapter_model.safetensors";
            assertArrayEquals(
                    Files.readAllBytes(undisturbed.resolve(weights)), Files.readAllBytes(out.resolve(weights)));
        }
        assertEquals(lines(undisturbed), lines(out));
        assertEquals(events(undisturbed), events(out));
        assertEquals(digest(undisturbed), digest(out));
    }

    private static List<JsonObject> lines(Path out) throws IOException {
        return Files.readAllLines(out.resolve("rounds.jsonl")).stream()
                .map(line -> {
                    JsonObject json = JsonParser.parseString(line).getAsJsonObject();
                    json.remove("seconds");
                    return json;
                })
                .toList();
    }

    /** What the events tell of each round, without times; each message once. */
    private static List<String> events(Path out) throws IOException {
        List<String> told = new ArrayList<>();
        for (String line : Files.readAllLines(out.resolve("events.jsonl"))) {
            JsonObject json = JsonParser.parseString(line).getAsJsonObject();
            boolean once = List.of("opened", "message", "selected", "round")
                    .contains(json.get("event").getAsString());
            if (once && json.has("round")) {
                json.remove("time");
                json.remove("seconds");
                told.add(json.toString());
            }
        }
        return told;
    }

    private static String digest(Path out) throws IOException {
        List<JsonObject> lines = lines(out);
        assertEquals(ROUNDS, lines.size());
        return lines.get(ROUNDS - 1).get("adapter_sha256").getAsString();
    }
}
