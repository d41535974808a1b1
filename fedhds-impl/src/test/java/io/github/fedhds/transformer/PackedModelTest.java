package io.github.fedhds.transformer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.SharedFolders;
import io.github.fedhds.internal.gguf.GgufType;
import io.github.fedhds.model.ModelOptions;
import io.github.fedhds.model.Precision;
import io.github.fedhds.tokenizer.EncodedSample;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** A packed model gives the bits of the unpacked one: states, losses, answers, gradients and digest. */
@Tag("golden")
class PackedModelTest {
    private static final List<int[]> ROWS = List.of(new int[] {1, 5, 9, 40, 7, 33, 2}, new int[] {1, 60, 80, 12});

    static List<Path> folders() throws java.io.IOException {
        return GgufFamilyGoldenTest.folders();
    }

    private static LanguageModel load(Path file, Precision precision, boolean packed) {
        return LanguageModel.load(
                file,
                ModelOptions.defaults()
                        .onDevice("cpu")
                        .withThreads(1)
                        .withPrecision(precision)
                        .withPacked(packed));
    }

    @ParameterizedTest
    @MethodSource("folders")
    void families_giveTheBitsOfTheUnpackedModel(Path folder, @TempDir Path out) {
        Path file = out.resolve("model.gguf");
        GgufExport.of(folder, GgufType.Q8_0).write(file);
        compare(file, Precision.FLOAT32);
    }

    @ParameterizedTest
    @EnumSource(Precision.class)
    void otherTypes_keepTheTypeOfTheFile(Precision precision, @TempDir Path out) {
        for (GgufType type : List.of(GgufType.F16, GgufType.BF16, GgufType.Q8_0)) {
            Path file = out.resolve(type + ".gguf");
            GgufExport.of(SharedFolders.models().resolve("stories260K"), type).write(file);
            compare(file, precision);
        }
    }

    @Test
    void folderWithoutQuantizedMatrices_isLoadedAsItIs() {
        compare(SharedFolders.models().resolve("tiny-qwen3"), Precision.FLOAT32);
    }

    @Test
    void weightsGradient_isRefused(@TempDir Path out) {
        Path file = out.resolve("model.gguf");
        GgufExport.of(SharedFolders.models().resolve("stories260K"), GgufType.Q8_0)
                .write(file);
        try (LanguageModel model = load(file, Precision.FLOAT32, true)) {
            WeightsGradient gradient = model.weightsGradient(Precision.FLOAT32);
            IllegalStateException refused = assertThrows(IllegalStateException.class, gradient::initial);
            assertTrue(String.valueOf(refused.getMessage()).contains("unpacked"), refused::toString);
        }
    }

    @Test
    @Tag("real-model")
    void realModel_givesTheBitsOfTheUnpackedModel() {
        String property = System.getProperty("fedhds.realModel", "");
        Assumptions.assumeTrue(
                !property.isEmpty() && Files.isRegularFile(Path.of(property)),
                "skipped: set -Dfedhds.realModel to SmolLM2-135M-Instruct.Q4_1.gguf");
        compare(Path.of(property), Precision.FLOAT32);
    }

    private static void compare(Path file, Precision precision) {
        try (LanguageModel expected = load(file, precision, false);
                LanguageModel model = load(file, precision, true)) {
            assertEquals(expected.digest(), model.digest());
            AdaptedModel base = model.base();
            for (Pooling pooling : List.of(Pooling.LAST_TOKEN, Pooling.MEAN)) {
                assertArrayEquals(expected.base().features(ROWS, pooling, 64), base.features(ROWS, pooling, 64));
            }
            assertArrayEquals(
                    expected.base().losses(ROWS, new int[] {1, 1}, 64), base.losses(ROWS, new int[] {1, 1}, 64));
            List<int[]> answers = expected.base().generate(ROWS, 5, 64, Sampling.greedy());
            List<int[]> packedAnswers = base.generate(ROWS, 5, 64, Sampling.greedy());
            for (int i = 0; i < answers.size(); i++) {
                assertArrayEquals(answers.get(i), packedAnswers.get(i));
            }
            AdapterForm form = new AdapterForm(List.of(AdapterForm.ALL_LINEAR), 4, 2);
            compareGradients(expected.loraGradient(form, 0.1), model.loraGradient(form, 0.1));
        }
    }

    private static void compareGradients(LoraGradient expected, LoraGradient packed) {
        float[] adapter = new float[expected.size()];
        SplittableRandom random = new SplittableRandom(3);
        for (int i = 0; i < adapter.length; i++) {
            adapter[i] = (float) random.nextDouble(-0.1, 0.1);
        }
        List<EncodedSample> samples = List.of(new EncodedSample(ROWS.get(0), 3, false));
        float[] gradient = new float[adapter.length];
        float[] packedGradient = new float[adapter.length];
        assertEquals(
                expected.compute(samples, adapter, 5, gradient), packed.compute(samples, adapter, 5, packedGradient));
        assertArrayEquals(gradient, packedGradient);
    }
}
