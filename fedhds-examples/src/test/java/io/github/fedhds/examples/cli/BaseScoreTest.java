package io.github.fedhds.examples.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.github.fedhds.instruction.Instruction;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
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

    /** The options of the first run are in the settings of the score; the second run differs in training only. */
    @Test
    void laterRunInTheSameFolder_takesTheKeptScore() throws IOException {
        Path out = folder.resolve("out");
        Path file = out.resolve("base-score.json");
        String[] options = {
            "--answer-tokens", "3", "--evaluate-limit", "2", "--precision", "bfloat16", "--max-length", "300"
        };
        String first = line(own(out, options));
        assertFalse(first.contains("kept"), first);
        JsonObject settings =
                JsonParser.parseString(Files.readString(file)).getAsJsonObject().getAsJsonObject("settings");
        assertEquals("3", settings.get("--answer-tokens").getAsString());
        assertEquals("bfloat16", settings.get("--precision").getAsString());
        assertEquals("300", settings.get("--max-length").getAsString());
        assertEquals(
                Set.of(
                        "model",
                        "tokenizer",
                        "SHA-256 of the instructions of --data",
                        "--template",
                        "--max-length",
                        "--answer-tokens",
                        "--precision",
                        "--device",
                        "library version"),
                settings.keySet());
        String second = line(own(out, with(options, "--learning-rate", "1e-3", "--clients", "8")));
        assertEquals(first + ", kept in " + file, second);
    }

    @Test
    void fingerprint_ofFewerOrOtherInstructions_differs() {
        Instruction one = new Instruction("Add.", "1 and 2", "3");
        Instruction two = new Instruction("Add.", "1 and 3", "4");
        List<List<Instruction>> all =
                List.of(List.of(), List.of(one), List.of(two), List.of(one, two), List.of(two, one));
        assertEquals(
                all.size(),
                all.stream()
                        .map(unseen -> new Fingerprint()
                                .withData("--data", Map.of(), unseen)
                                .settings())
                        .distinct()
                        .count());
    }

    /** A feature cache is of several runs, and so are the scores in it. */
    @Test
    void runsWithAFeatureCache_shareItsScores() {
        Path cache = folder.resolve("cache");
        Map<String, String> settings = Map.of("model", "a", "--answer-tokens", "2");
        Map<String, String> other = Map.of("model", "a", "--answer-tokens", "3");
        assertEquals(
                0.25,
                BaseScore.of(folder.resolve("one"), Optional.of(cache), settings)
                        .orCompute(() -> 0.25));
        assertEquals(
                0.5,
                BaseScore.of(folder.resolve("two"), Optional.of(cache), other).orCompute(() -> 0.5));
        BaseScore again = BaseScore.of(folder.resolve("three"), Optional.of(cache), settings);
        assertEquals(Optional.of(0.25), again.kept());
        assertEquals(cache, again.file().getParent());
        assertEquals(
                folder.resolve("one/base-score.json"),
                BaseScore.of(folder.resolve("one"), Optional.empty(), settings).file());
    }
}
