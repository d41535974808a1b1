package io.github.fedhds.examples.embedded;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.examples.TinyModel;
import io.github.fedhds.model.Precision;
import io.github.fedhds.transformer.LanguageModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

class PretrainerTest {
    private static LanguageModel model;

    @BeforeAll
    static void load(@TempDir Path folder) throws IOException {
        TinyModel.write(folder);
        model = LanguageModel.load(folder);
    }

    private static void assertFails(Executable action, String... parts) {
        String message = String.valueOf(
                assertThrows(IllegalArgumentException.class, action).getMessage());
        for (String part : parts) {
            assertTrue(message.contains(part), () -> "\"" + message + "\" does not name \"" + part + "\"");
        }
    }

    @AfterAll
    static void close() {
        model.close();
    }

    private static Pretrainer.Builder builder() {
        return Pretrainer.builder()
                .rowLength(24)
                .batchSize(2)
                .steps(60)
                .warmUp(5)
                .learningRate(1e-2);
    }

    private static IntFunction<int[]> texts() {
        return i -> model.tokenizer().encode(i % 2 == 0 ? "add a b c" : "say yes");
    }

    @Test
    void train_repeatedText_isLearned(@TempDir Path folder) throws IOException {
        List<Double> losses = new ArrayList<>();
        Map<String, Tensor> weights = builder()
                .progress((step, steps, loss, rate) -> losses.add(loss))
                .build()
                .train(model, texts());
        assertEquals(60, losses.size());
        assertTrue(losses.get(59) < losses.get(0) / 2, () -> "losses " + losses);
        assertEquals(TinyModel.weights().keySet(), weights.keySet());
        int[] ids = model.tokenizer().encode("add a b c");
        try (LanguageModel trained = saved(folder, weights)) {
            double before = model.base().losses(List.of(ids), new int[] {1}, 1)[0];
            double after = trained.base().losses(List.of(ids), new int[] {1}, 1)[0];
            assertTrue(after < before / 2, "saved and loaded: " + before + " to " + after);
        }
    }

    private static LanguageModel saved(Path folder, Map<String, Tensor> weights) throws IOException {
        TinyModel.write(folder, weights);
        return LanguageModel.load(folder);
    }

    @Test
    void train_again_givesEqualBits() {
        Map<String, Tensor> first = builder().steps(8).build().train(model, texts());
        assertEquals(first, builder().steps(8).build().train(model, texts()));
        assertNotEquals(first, builder().steps(9).build().train(model, texts()));
    }

    @Test
    void train_inBfloat16_learnsToo() {
        List<Double> losses = new ArrayList<>();
        builder()
                .precision(Precision.BFLOAT16)
                .progress((step, steps, loss, rate) -> losses.add(loss))
                .build()
                .train(model, texts());
        assertTrue(losses.get(59) < losses.get(0) / 2, () -> "losses " + losses);
    }

    @Test
    void train_rates_warmUpAndDescend() {
        List<Double> rates = new ArrayList<>();
        builder()
                .steps(25)
                .progress((step, steps, loss, rate) -> {
                    assertEquals(25, steps);
                    rates.add(rate);
                    assertEquals(rates.size(), step);
                })
                .build()
                .train(model, texts());
        for (int step = 1; step <= 5; step++) {
            assertEquals(1e-2 * step / 5, rates.get(step - 1), 1e-12);
        }
        for (int step = 6; step <= 25; step++) {
            assertTrue(rates.get(step - 1) < rates.get(step - 2));
        }
        assertEquals(5e-4, rates.get(24), 1e-12, "a twentieth is left at the end");
    }

    /** Texts longer than a row go on in the next; short ones share a row; all are separated by the EOS id. */
    @Test
    void train_texts_arePackedWithoutGaps() {
        List<Integer> asked = new ArrayList<>();
        builder().steps(3).batchSize(1).rowLength(10).build().train(model, i -> {
            asked.add(i);
            return new int[i == 0 ? 14 : 3];
        });
        // 14 + 1, then 4 a text: 30 tokens end within text 4.
        assertEquals(List.of(0, 1, 2, 3, 4), asked);
    }

    @Test
    void train_emptyTexts_areEndsOnly() {
        Map<String, Tensor> weights = builder().steps(1).build().train(model, i -> new int[0]);
        assertEquals(TinyModel.weights().size(), weights.size());
    }

    @Test
    void train_whatTheModelCannotRead_isRefused() {
        assertFails(
                () -> builder().rowLength(513).build().train(model, texts()),
                "a row has 513 tokens, this model's context length is 512");
        assertFails(() -> builder().build().train(model, i -> new int[] {97}), "token id 97 is not");
    }

    @Test
    void settings_areChecked() {
        Pretrainer.Builder builder = Pretrainer.builder();
        assertFails(() -> builder.rowLength(1), "rowLength must be 2 or more, was 1");
        assertFails(() -> builder.batchSize(0), "batchSize must be 1 or more, was 0");
        assertFails(() -> builder.steps(0), "steps must be 1 or more, was 0");
        assertFails(() -> builder.warmUp(0), "warmUp must be 1 or more, was 0");
        for (double value : new double[] {0, -1, Double.NaN}) {
            assertFails(() -> builder.learningRate(value), "learningRate", "was " + value);
            assertFails(() -> builder.maxNorm(value), "maxNorm must be above 0, was " + value);
        }
        for (double value : new double[] {-1, Double.NaN, Double.POSITIVE_INFINITY}) {
            assertFails(() -> builder.weightDecay(value), "weightDecay", "was " + value);
        }
        assertFails(() -> builder.learningRate(Double.POSITIVE_INFINITY), "learningRate");
        Map<String, Tensor> least = builder.rowLength(2)
                .batchSize(1)
                .steps(1)
                .warmUp(1)
                .weightDecay(0)
                .maxNorm(Double.POSITIVE_INFINITY)
                .build()
                .train(model, texts());
        assertEquals(TinyModel.weights().size(), least.size());
    }
}
