package io.github.fedhds.examples.embedded;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.examples.embedded.corpus.InstructionSet;
import io.github.fedhds.examples.embedded.corpus.PretrainingText;
import io.github.fedhds.examples.embedded.corpus.WordTokenizer;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.instruction.PromptTemplate;
import io.github.fedhds.model.ModelOptions;
import io.github.fedhds.model.Precision;
import io.github.fedhds.transformer.LanguageModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The model in the class path: its size, how well it knows the generated text, and that its tokens are the generator's. */
class EmbeddedModelTest {
    private static final int DOCUMENTS = 100;

    @TempDir
    private static Path folder = Path.of("");

    @SuppressWarnings("NullAway.Init") // set before all tests
    private static LanguageModel model;

    @BeforeAll
    static void load() {
        model = LanguageModel.load(
                EmbeddedModel.unpack(folder.resolve("model")),
                ModelOptions.defaults().onDevice("cpu").withThreads(1));
    }

    @AfterAll
    static void close() {
        model.close();
    }

    @Test
    void weights_areFewAndSmall() throws IOException {
        assertTrue(Files.size(folder.resolve("model/model.safetensors")) <= 6_000_000);
        int parameters = model.weightsGradient(Precision.FLOAT32).size();
        assertTrue(parameters >= 1_000_000 && parameters <= 3_000_000, () -> "parameters " + parameters);
    }

    @Test
    void losses_ofFreshDocuments_areLow() {
        List<int[]> rows = new ArrayList<>();
        PretrainingText text = new PretrainingText(987_654);
        for (int i = 0; i < DOCUMENTS; i++) {
            int[] ids = model.tokenizer().encode(text.document(i));
            rows.add(Arrays.copyOf(ids, Math.min(ids.length, model.config().contextLength())));
        }
        int[] starts = new int[DOCUMENTS];
        Arrays.fill(starts, 1);
        double mean =
                Arrays.stream(model.base().losses(rows, starts, 2048)).average().orElse(Double.NaN);
        // 0.974 when this was written; knowing nothing would be the logarithm of the vocabulary, about 7
        assertTrue(mean < 1.3, () -> "mean loss " + mean);
    }

    @Test
    void tokenizerFiles_areWhatTheGeneratorWritesNow() throws IOException {
        WordTokenizer tokenizer = WordTokenizer.build();
        tokenizer.write(folder.resolve("now"));
        for (String file : List.of("tokenizer.json", "tokenizer_config.json")) {
            assertEquals(
                    -1L,
                    Files.mismatch(
                            folder.resolve("now").resolve(file),
                            folder.resolve("model").resolve(file)),
                    file);
        }
        assertEquals(tokenizer.size(), model.config().vocabulary());
    }

    @Test
    void tokens_ofDocumentsAndPrompts_giveTheTextBack() {
        List<String> texts = new ArrayList<>();
        PretrainingText text = new PretrainingText(31);
        for (int i = 0; i < 500; i++) {
            texts.add(text.document(i));
        }
        InstructionSet set = new InstructionSet(32);
        List<Instruction> rows = new ArrayList<>(set.training(3));
        rows.addAll(set.unseen(3));
        rows.forEach(row -> texts.add(PromptTemplate.alpaca().prompt(row)));
        rows.forEach(row -> texts.add(row.output()));
        for (String expected : texts) {
            assertEquals(expected, model.tokenizer().decode(model.tokenizer().encode(expected)));
        }
    }
}
