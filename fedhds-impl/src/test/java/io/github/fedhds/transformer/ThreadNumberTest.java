package io.github.fedhds.transformer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.pytorch.jni.JniUtils;
import io.github.fedhds.SharedFolders;
import io.github.fedhds.internal.TorchRuntime;
import io.github.fedhds.model.ModelOptions;
import io.github.fedhds.model.Precision;
import io.github.fedhds.tokenizer.EncodedSample;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A sum in another number of parts has other last bits, and OpenMP's number of threads belongs to the calling thread: what
 * else was called there must not show.
 */
@Tag("golden")
class ThreadNumberTest {
    @Test
    void features_whateverThreadNumberTheCallerHas_haveTheSameBits() {
        try (LanguageModel model = LanguageModel.load(
                SharedFolders.models().resolve("stories260K"),
                ModelOptions.defaults().onDevice("cpu").withThreads(1))) {
            assertEquals(1, model.threads());
            List<int[]> rows = rows(model.config().vocabulary());
            float[][] before = model.base().features(rows, Pooling.LAST_TOKEN, 2048);
            for (int threads = 2; threads <= 4; threads++) {
                JniUtils.setNumThreads(threads);
                float[][] after = model.base().features(rows, Pooling.LAST_TOKEN, 2048);
                assertEquals(threads, JniUtils.getNumThreads(), "the caller's number");
                for (int i = 0; i < before.length; i++) {
                    assertArrayEquals(before[i], after[i], 0f, threads + " threads, row " + i);
                }
            }
        }
    }

    /** Every kind of call puts the caller's number back. */
    @Test
    void everyCall_leavesTheCallersThreadNumber(@TempDir Path folder) {
        TinyModel.write(folder);
        ModelOptions options = ModelOptions.defaults().onDevice("cpu").withThreads(1);
        TorchRuntime.open("cpu").close(); // loads the library, which another test class may not have done
        JniUtils.setNumThreads(3);
        try (LanguageModel model = LanguageModel.load(folder, options)) {
            AdapterForm form = new AdapterForm(List.of("q_proj"), 2, 1);
            float[] flat = form.flatten(model.config(), TinyModel.adapter(model.config(), form, 1));
            EncodedSample sample = new EncodedSample(new int[] {1, 5, 6, 7}, 2, false);
            List<int[]> rows = List.of(sample.ids());
            AdaptedModel base = model.base();
            Map<String, Runnable> calls = new LinkedHashMap<>();
            calls.put("features", () -> base.features(rows, Pooling.MEAN, 64));
            calls.put("losses", () -> base.losses(rows, new int[] {2}, 64));
            calls.put("states", () -> base.states(sample.ids()));
            calls.put("generate", () -> base.generate(rows, 3, 64));
            calls.put("gradient", () -> model.loraGradient(form, 0).compute(List.of(sample), flat, 1, flat.clone()));
            calls.put(
                    "checkpointed gradient",
                    () -> model.loraGradient(form, 0, true).compute(List.of(sample), flat, 1, flat.clone()));
            calls.put("weights' gradient", () -> {
                WeightsGradient weights = model.weightsGradient(Precision.FLOAT32);
                float[] start = weights.initial();
                weights.compute(List.of(sample), start, start.clone());
            });
            calls.forEach((name, call) -> {
                call.run();
                assertEquals(3, JniUtils.getNumThreads(), name);
            });
        } finally {
            JniUtils.setNumThreads(1);
        }
    }

    private static List<int[]> rows(int vocabulary) {
        SplittableRandom random = new SplittableRandom(3);
        List<int[]> rows = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            rows.add(random.ints(20 + random.nextInt(200), 3, vocabulary).toArray());
        }
        return rows;
    }
}
