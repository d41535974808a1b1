package io.github.fedhds.transformer;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.model.Precision;
import io.github.fedhds.tokenizer.EncodedSample;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WeightsGradientTest {
    @TempDir
    Path folder;

    private static List<EncodedSample> batch() {
        SplittableRandom random = new SplittableRandom(1);
        return List.of(
                new EncodedSample(TinyModel.ids(random, 12), 1, false),
                new EncodedSample(TinyModel.ids(random, 7), 3, false));
    }

    /** In float32 a difference quotient over 0.02 is good to about 3e-5 and its curvature's share. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void gradient_agreesWithDifferenceQuotients(boolean tied) {
        JsonObject config = TinyModel.config();
        config.addProperty("tie_word_embeddings", tied);
        TinyModel.write(folder, config, TinyModel.weights(config, 1));
        try (LanguageModel model = TinyModel.load(folder)) {
            WeightsGradient graph = model.weightsGradient(Precision.FLOAT32);
            float[] weights = graph.initial();
            float[] gradient = new float[graph.size()];
            float loss = graph.compute(batch(), weights, gradient);
            assertEquals(loss, graph.compute(batch(), weights, gradient));
            float[] unused = new float[weights.length];
            int at = 0;
            for (Map.Entry<String, Tensor> entry : graph.tensors(weights).entrySet()) {
                int size = entry.getValue().size();
                int steepest = at;
                for (int i = at; i < at + size; i++) {
                    steepest = Math.abs(gradient[i]) > Math.abs(gradient[steepest]) ? i : steepest;
                }
                assertTrue(Math.abs(gradient[steepest]) > 1e-3, entry.getKey() + " has its say");
                float[] moved = weights.clone();
                moved[steepest] = weights[steepest] + 0.01f;
                double up = graph.compute(batch(), moved, unused);
                moved[steepest] = weights[steepest] - 0.01f;
                double down = graph.compute(batch(), moved, unused);
                double quotient = (up - down) / 0.02;
                assertEquals(quotient, gradient[steepest], 1e-3 + 0.02 * Math.abs(quotient), entry.getKey());
                at += size;
            }
            assertEquals(graph.size(), at);
        }
    }

    @Test
    void initial_isTheFiles_andTensorsGiveItBack() {
        TinyModel.write(folder);
        try (LanguageModel model = TinyModel.load(folder)) {
            WeightsGradient graph = model.weightsGradient(Precision.FLOAT32);
            assertEquals(TinyModel.weights(TinyModel.config(), 1), graph.tensors(graph.initial()));
        }
    }

    @Test
    void compute_otherWeights_areUsedInsteadOfTheModels() {
        TinyModel.write(folder);
        try (LanguageModel model = TinyModel.load(folder)) {
            WeightsGradient graph = model.weightsGradient(Precision.FLOAT32);
            float[] gradient = new float[graph.size()];
            float uniform = graph.compute(batch(), new float[graph.size()], gradient);
            assertEquals(Math.log(60), uniform, 1e-5, "zero weights know nothing");
            double own = graph.compute(batch().subList(0, 1), graph.initial(), gradient);
            assertEquals(HandLoss.of(model.base(), batch().get(0).ids(), 1), own, 1e-5);
        }
    }

    /** bfloat16 keeps 8 bits: the loss is near, the gradient points the same way. */
    @Test
    void compute_inBfloat16_isNearFloat32() {
        TinyModel.write(folder);
        try (LanguageModel model = TinyModel.load(folder)) {
            float[] exact = new float[model.weightsGradient(Precision.FLOAT32).size()];
            float[] rounded = new float[exact.length];
            float[] weights = model.weightsGradient(Precision.FLOAT32).initial();
            float loss = model.weightsGradient(Precision.FLOAT32).compute(batch(), weights, exact);
            float near = model.weightsGradient(Precision.BFLOAT16).compute(batch(), weights, rounded);
            assertEquals(loss, near, 0.02 * loss);
            double dot = 0;
            double one = 0;
            double other = 0;
            for (int i = 0; i < exact.length; i++) {
                dot += (double) exact[i] * rounded[i];
                one += (double) exact[i] * exact[i];
                other += (double) rounded[i] * rounded[i];
            }
            assertTrue(dot / Math.sqrt(one * other) > 0.99, "cosine " + dot / Math.sqrt(one * other));
        }
    }

    @Test
    void compute_lossThatIsNaN_leavesTheGradientAlone() {
        TinyModel.write(folder);
        try (LanguageModel model = TinyModel.load(folder)) {
            WeightsGradient graph = model.weightsGradient(Precision.FLOAT32);
            float[] weights = graph.initial();
            weights[weights.length - 1] = Float.NaN;
            float[] gradient = new float[weights.length];
            assertFalse(Float.isFinite(graph.compute(batch(), weights, gradient)));
            assertArrayEquals(new float[weights.length], gradient);
            Class<IllegalArgumentException> kind = IllegalArgumentException.class;
            assertFails(kind, () -> graph.compute(List.of(), weights, gradient), "at least one sample");
            assertFails(kind, () -> graph.compute(batch(), weights, new float[1]), "a gradient of 1");
        }
    }
}
