package io.github.fedhds.examples.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The base model's score is computed once for the same model, data and settings. */
class BaseScoreTest extends OnMainJob {
    private static String line(Outcome outcome) {
        assertEquals(0, outcome.status(), outcome.err());
        return outcome.out()
                .lines()
                .filter(line -> line.startsWith("base model: "))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void orCompute_computesOnce_andAgainForOtherSettings() {
        Path file = folder.resolve("new/base-score.json");
        Map<String, String> settings = Map.of("model", "a", "--precision", "float32");
        assertEquals(Optional.empty(), new BaseScore(file, settings).kept());
        assertEquals(0.1 + 0.2, new BaseScore(file, settings).orCompute(() -> 0.1 + 0.2));
        assertEquals(0.1 + 0.2, new BaseScore(file, settings).orCompute(() -> Double.NaN));
        for (Map<String, String> other : List.of(
                Map.of("model", "b", "--precision", "float32"),
                Map.of("model", "a"),
                Map.<String, String>of(),
                Map.of("model", "a", "--precision", "float32", "more", ""))) {
            assertEquals(Optional.empty(), new BaseScore(file, other).kept(), other::toString);
        }
        assertEquals(0.5, new BaseScore(file, Map.of("model", "b")).orCompute(() -> 0.5));
        assertEquals(Optional.empty(), new BaseScore(file, settings).kept(), "replaced");
    }

    /** Files cut at each byte, with bytes changed at random, and of other content. */
    @Test
    void damagedFile_isComputedAgain() throws IOException {
        Path file = folder.resolve("base-score.json");
        Map<String, String> settings = Map.of("model", "a");
        new BaseScore(file, settings).orCompute(() -> 0.25);
        byte[] whole = Files.readAllBytes(file);
        int end = new String(whole, StandardCharsets.UTF_8).trim().length();
        for (int length = 0; length < end; length++) {
            Files.write(file, Arrays.copyOf(whole, length));
            assertEquals(0.75, new BaseScore(file, settings).orCompute(() -> 0.75), "cut at " + length);
            assertEquals(0.75, new BaseScore(file, settings).orCompute(() -> 0), "written again");
        }
        SplittableRandom random = new SplittableRandom(1);
        for (int i = 0; i < 2000; i++) {
            byte[] changed = whole.clone();
            changed[random.nextInt(changed.length)] = (byte) random.nextInt(256);
            Files.write(file, changed);
            assertTrue(
                    new BaseScore(file, settings).kept().stream().allMatch(score -> score >= 0 && score <= 1),
                    "not refused by an exception");
        }
        for (String text : List.of(
                "null",
                "[]",
                "{}",
                "7",
                "{\"settings\": {\"model\": \"a\"}}",
                "{\"settings\": {\"model\": \"a\"}, \"rougeL\": null}",
                "{\"settings\": {\"model\": \"a\"}, \"rougeL\": NaN}",
                "{\"settings\": {\"model\": \"a\"}, \"rougeL\": 1.5}",
                "{\"settings\": {\"model\": \"a\"}, \"rougeL\": -0.1}",
                "{\"settings\": null, \"rougeL\": 0.5}",
                "[".repeat(100_000))) {
            Files.writeString(file, text);
            assertEquals(Optional.empty(), new BaseScore(file, settings).kept(), text);
        }
    }

    @Test
    void folderInPlaceOfTheFile_costsTheComputationOnly() throws IOException {
        Path file = folder.resolve("base-score.json");
        Files.createDirectories(file.resolve("inside"));
        assertEquals(0.5, new BaseScore(file, Map.of()).orCompute(() -> 0.5));
        assertEquals(0.25, new BaseScore(file, Map.of()).orCompute(() -> 0.25));
    }

    @Test
    void laterRunInTheSameFolder_takesTheKeptScore() throws IOException {
        Path out = folder.resolve("out");
        String first = line(own(out));
        assertFalse(first.contains("kept"), first);
        String second = line(own(out, "--learning-rate", "1e-3", "--clients", "8"));
        assertEquals(first + ", kept in " + out.resolve("base-score.json"), second);
        for (String[] other : new String[][] {
            {"--answer-tokens", "3"}, {"--evaluate-limit", "2"}, {"--precision", "bfloat16"}, {"--max-length", "300"}
        }) {
            String line = line(own(out, other));
            assertFalse(line.contains("kept"), String.join(" ", other) + ": " + line);
        }
    }

    /** A feature cache is of several runs, and so are the scores in it. */
    @Test
    void runsWithAFeatureCache_shareItsScores() throws IOException {
        Path cache = folder.resolve("cache");
        String small = shared.resolve("model").toString();
        String[] settings = {"--feature-model", small, "--feature-cache", cache.toString()};
        String first = line(own(folder.resolve("one"), settings));
        String other = line(own(folder.resolve("two"), with(settings, "--answer-tokens", "3")));
        String again = line(own(folder.resolve("three"), settings));
        assertFalse(other.contains("kept"), other);
        assertTrue(again.startsWith(first + ", kept in " + cache), again);
        assertFalse(Files.exists(folder.resolve("one/base-score.json")));
        try (Stream<Path> files = Files.list(cache)) {
            assertEquals(
                    2,
                    files.filter(file -> file.getFileName().toString().startsWith("base-score-"))
                            .count());
        }
    }
}
