package io.github.fedhds.transformer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.engine.Engine;
import com.google.gson.JsonObject;
import io.github.fedhds.internal.TorchRuntime;
import io.github.fedhds.model.ModelOptions;
import io.github.fedhds.model.Precision;
import io.github.fedhds.tokenizer.EncodedSample;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a GPU computes agrees with the CPU; skipped where PyTorch sees no GPU. */
@Tag("gpu")
class GpuTest {
    /** Another order of sums, and on some devices products of 19 bits. */
    private static final float TOLERANCE = 1e-3f;

    private static final AdapterForm FORM =
            new AdapterForm(List.of("q_proj", "v_proj", "gate_proj", "down_proj"), 4, 2);

    @TempDir
    Path folder;

    @BeforeEach
    void write() {
        TorchRuntime.prepare();
        Assumptions.assumeTrue(
                Engine.getEngine("PyTorch").getGpuCount() > 0, "skipped: PyTorch sees no GPU on this machine");
        JsonObject config = TinyModel.config();
        config.addProperty("hidden_size", 64);
        config.addProperty("intermediate_size", 96);
        TinyModel.write(folder, config, TinyModel.weights(config, 1));
    }

    private LanguageModel load(String device) {
        return LanguageModel.load(folder, ModelOptions.defaults().onDevice(device));
    }

    private static List<int[]> rows() {
        SplittableRandom random = new SplittableRandom(2);
        return Stream.generate(() -> TinyModel.ids(random, 2 + random.nextInt(60)))
                .limit(9)
                .toList();
    }

    @Test
    void auto_whereThereIsAGpu_takesIt() {
        try (LanguageModel model = load("auto")) {
            assertEquals("gpu(0)", model.device());
        }
    }

    @Test
    void featuresLossesAndTexts_onAGpu_agreeWithTheCpu() {
        try (LanguageModel cpu = load("cpu");
                LanguageModel gpu = load("cuda")) {
            AdaptedModel one = cpu.with(FORM, TinyModel.adapter(cpu.config(), FORM, 3));
            AdaptedModel other = gpu.with(FORM, TinyModel.adapter(gpu.config(), FORM, 3));
            for (Pooling pooling : Pooling.values()) {
                float[][] expected = one.features(rows(), pooling, 200);
                float[][] actual = other.features(rows(), pooling, 200);
                for (int i = 0; i < expected.length; i++) {
                    assertArrayEquals(expected[i], actual[i], TOLERANCE, "row " + i);
                }
            }
            int[] starts = rows().stream().mapToInt(row -> 1).toArray();
            assertArrayEquals(one.losses(rows(), starts, 200), other.losses(rows(), starts, 200), TOLERANCE);
            List<int[]> said = other.generate(rows(), 1, 200);
            for (int i = 0; i < said.size(); i++) {
                assertArrayEquals(one.generate(rows(), 1, 200).get(i), said.get(i), "text " + i);
            }
        }
    }

    @Test
    void loraStep_onAGpu_agreesWithTheCpu() {
        try (LanguageModel cpu = load("cpu");
                LanguageModel gpu = load("cuda")) {
            float[] flat = FORM.flatten(cpu.config(), TinyModel.adapter(cpu.config(), FORM, 3));
            List<EncodedSample> batch =
                    rows().stream().map(row -> new EncodedSample(row, 1, false)).toList();
            for (double dropout : new double[] {0, 0.2}) {
                float[] expected = new float[flat.length];
                float[] actual = new float[flat.length];
                float loss = cpu.loraGradient(FORM, dropout).compute(batch, flat, 5, expected);
                assertEquals(loss, gpu.loraGradient(FORM, dropout).compute(batch, flat, 5, actual), TOLERANCE);
                assertArrayEquals(expected, actual, TOLERANCE);
            }
        }
    }

    @Test
    void loraStepByLayerAndInBfloat16_onAGpu_agreesWithTheCpu() {
        for (Precision precision : Precision.values()) {
            ModelOptions options = ModelOptions.defaults().withPrecision(precision);
            try (LanguageModel cpu = LanguageModel.load(folder, options.onDevice("cpu"));
                    LanguageModel gpu = LanguageModel.load(folder, options.onDevice("cuda"))) {
                float[] flat = FORM.flatten(cpu.config(), TinyModel.adapter(cpu.config(), FORM, 3));
                List<EncodedSample> batch = rows().stream()
                        .map(row -> new EncodedSample(row, 1, false))
                        .toList();
                float[] expected = new float[flat.length];
                float[] actual = new float[flat.length];
                float loss = cpu.loraGradient(FORM, 0.2, true).compute(batch, flat, 5, expected);
                float tolerance = precision == Precision.FLOAT32 ? TOLERANCE : 0.05f;
                assertEquals(loss, gpu.loraGradient(FORM, 0.2, true).compute(batch, flat, 5, actual), tolerance);
                assertArrayEquals(expected, actual, tolerance);
            }
        }
    }
}
