package io.github.fedhds.examples.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.github.fedhds.evaluation.TextMeasure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;

/** The commands evaluate and generate, on an adapter of a run. */
class EvaluateCommandTest extends OnMainJob {
    private Outcome command(String name, String... more) {
        List<String> all = new ArrayList<>(List.of(
                name, "--model", shared.resolve("model").toString(), "--answer-tokens", "2", "--device", "cpu"));
        all.addAll(List.of(more));
        return execute(all.toArray(new String[0]));
    }

    @Test
    void evaluate_withAndWithoutAdapter_writesScoresBesideGenerations() throws IOException {
        Path run = folder.resolve("run");
        assertEquals(0, own(run, "--selection", "full").status());
        Path out = folder.resolve("out");
        Outcome outcome = command(
                "evaluate",
                "--adapter",
                run.resolve("adapter").toString(),
                "--base",
                "--data",
                shared.resolve("data.jsonl").toString(),
                "--unseen",
                "--limit",
                "8",
                "--out",
                out.toString());
        assertEquals(0, outcome.status(), outcome.err());
        assertTrue(outcome.out().startsWith("8 instructions of 1 task"), outcome.out());
        for (TextMeasure measure : TextMeasure.values()) {
            assertTrue(outcome.out().contains(OptionNames.of(measure) + " "), outcome.out());
        }
        assertTrue(outcome.out().contains("adapter - base model (paired)"), outcome.out());
        assertTrue(outcome.out().contains("8 instructions of 1 tasks with few different answers"), outcome.out());

        JsonObject json = JsonParser.parseString(Files.readString(out.resolve("evaluation.json")))
                .getAsJsonObject();
        double loss = mean(json, "scores");
        assertTrue(loss > 0 && loss != mean(json, "base_scores"), json.toString());
        List<String> lines = Files.readAllLines(out.resolve("generations.jsonl"));
        assertEquals(8, lines.size());
        double sum = 0;
        for (String line : lines) {
            JsonObject generation = JsonParser.parseString(line).getAsJsonObject();
            assertFalse(generation.get("reference").getAsString().isEmpty());
            assertTrue(generation.has("answer") && generation.has("base_answer") && generation.has("rouge_l"), line);
            sum += generation.get("loss").getAsDouble();
        }
        assertEquals(loss, sum / 8, 1e-9);

        Outcome base =
                command("evaluate", "--data", shared.resolve("data.jsonl").toString(), "--unseen", "--limit", "8");
        String expected = String.format(Locale.ROOT, "loss             %.4f", mean(json, "base_scores"));
        assertTrue(base.out().contains(expected), base.out() + expected);
    }

    private static double mean(JsonObject json, String scores) {
        return json.getAsJsonObject(scores).getAsJsonObject("loss").get("mean").getAsDouble();
    }

    @Test
    void evaluate_badInput_isToldBeforeTheWork() throws IOException {
        String data = shared.resolve("data.jsonl").toString();
        Outcome base = command("evaluate", "--data", data, "--base");
        assertTrue(base.status() == 2 && base.err().contains("--base needs --adapter"), base.err());
        Outcome limit = command("evaluate", "--data", data, "--limit", "0");
        assertTrue(limit.status() == 2 && limit.err().contains("--limit must be 1"), limit.err());
        Outcome adapter = command("evaluate", "--data", data, "--adapter", folder.toString());
        assertTrue(adapter.status() == 1 && adapter.err().contains("adapter_config.json"), adapter.err());
        Path file = Files.writeString(folder.resolve("file"), "kept");
        Outcome out = command("evaluate", "--data", data, "--limit", "1", "--out", file.toString());
        assertTrue(out.status() == 1 && out.err().contains("--out"), out.err());
        assertEquals("kept", Files.readString(file));
        Path one = Files.writeString(
                folder.resolve("one.jsonl"), "{\"instruction\": \"a\", \"output\": \"b\", \"task\": \"t\"}");
        Outcome nothing = command("evaluate", "--data", one.toString(), "--unseen");
        assertTrue(nothing.status() == 1 && nothing.err().contains("holds out no task"), nothing.err());
    }

    @Test
    void generate_anInstructionOrAFile_isAnswered() throws IOException {
        Outcome one = command("generate", "add 1 and 2", "--input", "x");
        assertEquals(0, one.status(), one.err());
        Outcome again = command("generate", "add 1 and 2", "--input", "x");
        assertEquals(one.out(), again.out());
        Path file = folder.resolve("two.jsonl");
        writeLines(file, 1, 2);
        Outcome two = command("generate", "--data", file.toString(), "--temperature", "1", "--seed", "3");
        List<String> lines = two.out().lines().toList();
        assertEquals(2, lines.size(), two.err());
        assertEquals(
                "spell",
                JsonParser.parseString(lines.get(1))
                        .getAsJsonObject()
                        .get("instruction")
                        .getAsString());
        assertEquals(2, command("generate").status());
        assertEquals(2, command("generate", "a", "--data", file.toString()).status());
        Outcome cold = command("generate", "a", "--temperature", "-1");
        assertTrue(cold.status() == 2 && cold.err().contains("--temperature"), cold.err());
    }
}
