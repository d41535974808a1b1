package io.github.fedhds.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.lora.LoraConfig;
import io.github.fedhds.lora.LoraTrainer;
import io.github.fedhds.model.DecoderConfig;
import io.github.fedhds.peft.PeftFolder;
import io.github.fedhds.transformer.AdaptedModel;
import io.github.fedhds.transformer.LanguageModel;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class GenerateAnswerTest {
    private static final String QUESTION = "Say a colour.";

    @TempDir
    private Path folder = Path.of("");

    private String base = "";
    private String adapter = "";
    private String error = "";

    /** An adapter that changes every product: all of A and B is 1. */
    @BeforeEach
    void writeFolders() throws IOException {
        Path model = Files.createDirectories(folder.resolve("base"));
        TinyModel.write(model);
        LoraConfig lora = LoraConfig.defaults().withRank(1);
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        LoraTrainer.firstAdapter(DecoderConfig.read(model), lora, 1).tensors().forEach((name, tensor) -> {
            float[] ones = new float[tensor.size()];
            Arrays.fill(ones, 1);
            tensors.put(name, new Tensor(tensor.shape(), ones));
        });
        base = model.toString();
        adapter = folder.resolve("adapter").toString();
        PeftFolder.write(Path.of(adapter), lora, new Adapter(tensors), "base");
    }

    private String say(int status, String... arguments) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        CommandLine command =
                GenerateAnswer.commandLine().setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
        assertEquals(status, command.execute(arguments), err.toString());
        error = err.toString();
        return out.toString().strip();
    }

    @Test
    void main_baseAndAdapter_sayWhatTheModelAnswers() {
        String ofBase = say(0, "--max-tokens", "12", base, QUESTION);
        String ofAdapter = say(0, "--max-tokens", "12", base, adapter, QUESTION);
        assertNotEquals(ofBase, ofAdapter);
        try (LanguageModel model = LanguageModel.load(Path.of(base))) {
            assertEquals(ofBase, model.base().answer(QUESTION, 12));
            AdaptedModel tuned = PeftFolder.read(Path.of(adapter)).on(model);
            assertEquals(ofAdapter, tuned.answer(QUESTION, 12));
            assertTrue(tuned.answer(QUESTION, 3).length() <= 3); // a token is a character
            assertEquals("", tuned.answer(QUESTION, 0));
        }
    }

    @Test
    void main_wrongArguments_areToldInALine() {
        say(1, folder.resolve("none").toString(), QUESTION);
        assertTrue(error.contains("config.json is missing") && error.lines().count() == 1, error);
        say(1, base, base, QUESTION);
        assertTrue(error.contains("adapter_config.json") && error.lines().count() == 1, error);
        say(2, base);
        say(2, base, adapter, "Say", "a");
        assertTrue(error.contains("generate-answer"), error);
        say(1, "--max-tokens", "9999", base, QUESTION);
        assertTrue(error.contains("9999 answer tokens"), error);
    }
}
