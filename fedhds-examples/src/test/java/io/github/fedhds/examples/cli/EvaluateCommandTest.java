package io.github.fedhds.examples.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.evaluation.AnswerScores;
import io.github.fedhds.evaluation.TextMeasure;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.lora.LoraConfig;
import io.github.fedhds.peft.ModelCard;
import io.github.fedhds.peft.PeftFolder;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
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
        assertTrue(outcome.out().contains("8 instructions of 1 task with few different answers"), outcome.out());

        String differences = outcome.out().substring(outcome.out().indexOf("adapter - base model"));
        assertTrue(differences.contains("choice  "), differences);

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

    @Test
    void evaluate_measures_doesNoMoreWorkThanTheyNeed() throws IOException {
        String data = shared.resolve("data.jsonl").toString();
        Path out = folder.resolve("out");
        Outcome loss = command(
                "evaluate", "--data", data, "--limit", "1", "--measures", "loss,choice", "--out", out.toString());
        assertEquals(0, loss.status(), loss.err());
        assertFalse(loss.out().contains("rouge"), loss.out());
        assertTrue(loss.out().contains("9 instructions of 9 tasks with few different answers"), loss.out());
        JsonObject line = JsonParser.parseString(
                        Files.readAllLines(out.resolve("generations.jsonl")).get(0))
                .getAsJsonObject();
        assertTrue(line.has("loss") && line.has("reference") && !line.has("answer"), line.toString());

        Outcome rouge = command("evaluate", "--data", data, "--limit", "1", "--measures", "rouge-1");
        assertEquals(0, rouge.status(), rouge.err());
        assertTrue(rouge.out().contains("rouge-1") && !rouge.out().contains("loss"), rouge.out());

        Outcome unknown = command("evaluate", "--data", data, "--measures", "loss,rogue-l");
        assertEquals(2, unknown.status());
        assertTrue(unknown.err().contains("\"rogue-l\" is none of rouge-1"), unknown.err());
        assertTrue(unknown.err().contains("did you mean rouge-l?"), unknown.err());
        Path open = Files.writeString(folder.resolve("open.jsonl"), "{\"instruction\": \"a\", \"output\": \"b\"}");
        Outcome choice = command("evaluate", "--data", open.toString(), "--measures", "choice");
        assertTrue(choice.status() == 1 && choice.err().contains("few different answers"), choice.err());
    }

    @Test
    void evaluate_adapterOfAnotherModel_isRefused() {
        String module = "model.layers.0.self_attn.q_proj";
        Adapter wide = new Adapter(Map.of(
                module + ".lora_A", new Tensor(new int[] {1, 24}, new float[24]),
                module + ".lora_B", new Tensor(new int[] {24, 1}, new float[24])));
        Path adapter = folder.resolve("wide");
        PeftFolder.write(adapter, new LoraConfig(1, 1, 0, List.of("q_proj"), false), wide, ModelCard.named("other"));
        String data = shared.resolve("data.jsonl").toString();
        for (Outcome other : List.of(
                command("evaluate", "--data", data, "--adapter", adapter.toString()),
                command("generate", "add", "--adapter", adapter.toString()))) {
            assertEquals(1, other.status(), other.out());
            assertTrue(other.err().contains("[1, 24]") && other.err().contains("[1, 16]"), other.err());
        }
    }

    /** JSON has no NaN, so such a number is left out. */
    @Test
    void report_lossesOfNaN_areLeftOutOfTheFiles() throws IOException {
        List<Instruction> asked =
                List.of(new Instruction("<a> & 'b'", "", "c", "t"), new Instruction("d", "", "e", "t"));
        AnswerScores scores = AnswerScores.of(asked).with(EvaluateCommand.LOSS, new double[] {Double.NaN, 2});
        EvaluateCommand.Evaluated evaluated =
                new EvaluateCommand.Evaluated(scores, AnswerScores.of(List.of()), List.of());
        PrintStream nowhere = new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8);
        new EvaluationReport(nowhere, asked).report(evaluated, Optional.empty(), Optional.of(folder), Map.of());
        JsonObject loss = JsonParser.parseString(Files.readString(folder.resolve("evaluation.json")))
                .getAsJsonObject()
                .getAsJsonObject("scores")
                .getAsJsonObject("loss");
        assertFalse(loss.has("mean"), loss.toString());
        List<String> lines = Files.readAllLines(folder.resolve("generations.jsonl"));
        assertEquals("{\"task\":\"t\",\"instruction\":\"<a> & 'b'\",\"input\":\"\",\"reference\":\"c\"}", lines.get(0));
        assertTrue(lines.get(1).endsWith("\"loss\":2.0}"), lines.get(1));
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
    void generate_aFile_answersEachAsAlone() throws IOException {
        Path file = folder.resolve("many.jsonl");
        writeLines(file, 2, 33); // more than are generated at a time
        Outcome many = command("generate", "--data", file.toString(), "--parallel", "2");
        List<String> lines = many.out().lines().toList();
        assertEquals(66, lines.size(), many.err());
        for (int i : new int[] {0, 63, 64, 65}) {
            JsonObject line = JsonParser.parseString(lines.get(i)).getAsJsonObject();
            Outcome one = command(
                    "generate",
                    line.get("instruction").getAsString(),
                    "--input",
                    line.get("input").getAsString());
            assertEquals(one.out().strip(), line.get("answer").getAsString());
        }
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
        Outcome input = command("generate", "--data", file.toString(), "--input", "x");
        assertTrue(input.status() == 2 && input.err().contains("--input"), input.err());
        Outcome cold = command("generate", "a", "--temperature", "-1");
        assertTrue(cold.status() == 2 && cold.err().contains("--temperature"), cold.err());
    }
}
