package io.github.fedhds.examples.benchmark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.examples.TinyModel;
import io.github.fedhds.examples.experiment.PrecisionEffect;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

class ModelBenchmarkTest {
    @TempDir
    private Path folder = Path.of("");

    private String run(String... args) {
        StringWriter text = new StringWriter();
        int status = ModelBenchmark.commandLine().setOut(new PrintWriter(text)).execute(args);
        assertEquals(0, status);
        return text.toString();
    }

    @ParameterizedTest
    @ValueSource(strings = {"float32", "bfloat16"})
    void rows_ofATinyModel_haveTheirFigures(String precision) throws IOException {
        TinyModel.write(folder);
        Files.createDirectories(folder.resolve("tasks"));
        Files.createDirectories(folder.resolve("splits/default"));
        Files.writeString(folder.resolve("splits/default/train_tasks.txt"), "one\ntwo\n");
        for (String task : new String[] {"one", "two"}) {
            Files.writeString(
                    folder.resolve("tasks").resolve(task + ".json"),
                    "{\"Definition\": [\"a b\"], \"Instances\": [{\"input\": \"c\", \"output\": [\"d\"]}]}");
        }
        String lines = run(
                folder.toString(),
                "--rows",
                "features,mixed_features,generate,lora_step,lora_epoch",
                "--precision",
                precision,
                "--tokens",
                "40",
                "--longest",
                "60",
                "--repeats",
                "1",
                "--data",
                folder.toString());
        assertTrue(
                lines.matches("(?s)features, batch 1, 40 tokens: \\d+ tokens/s\\R"
                        + "features of 2 prompts, batches of 2048 tokens, \\d+ tokens: \\d+\\.\\d\\d s\\R"
                        + "greedy generation, 20 \\+ \\d+ tokens: \\d+\\.\\d tokens/s\\R"
                        + "LoRA step, batch 1, 40 tokens: \\d+ tokens/s\\R"
                        + "LoRA epoch over 2 samples, batch 1, \\d+ tokens: \\d+\\.\\d\\d s\\R"),
                lines);
    }

    @Test
    void generation_ofABatch_tellsItsSize() throws IOException {
        TinyModel.write(folder);
        String lines = run(folder.toString(), "--rows", "generate", "--batch", "3", "--tokens", "40", "--repeats", "1");
        assertTrue(lines.matches("greedy generation, batch 3, 20 \\+ \\d+ tokens: \\d+\\.\\d tokens/s\\R"), lines);
        StringWriter text = new StringWriter();
        CommandLine line = ModelBenchmark.commandLine().setErr(new PrintWriter(text));
        assertEquals(2, line.execute(folder.toString(), "--rows", "generate", "--batch", "0"));
        assertTrue(text.toString().contains("--batch must be 1 or more, was 0"), text::toString);
    }

    @Test
    void rowsOfPrompts_withoutData_areRefused() {
        StringWriter text = new StringWriter();
        CommandLine line = ModelBenchmark.commandLine().setErr(new PrintWriter(text));
        assertEquals(2, line.execute(folder.toString()));
        assertTrue(text.toString().contains("--data"), text::toString);
    }

    @Test
    void precisionEffect_ofOneClient_tellsFeaturesChoiceAndLosses() {
        StringWriter text = new StringWriter();
        int status =
                PrecisionEffect.commandLine().setOut(new PrintWriter(text)).execute("--clients", "1", "--samples", "8");
        assertEquals(0, status);
        assertTrue(
                text.toString()
                        .matches("(?s)features: relative error of a row, median 0\\.00[1-9]\\d*, largest 0\\.0\\d+ .*"
                                + "chosen samples by t-SNE: \\d+ % alike in bfloat16.*chosen samples by PCA.*"
                                + "losses of 8 steps: .*"),
                text::toString);
    }
}
