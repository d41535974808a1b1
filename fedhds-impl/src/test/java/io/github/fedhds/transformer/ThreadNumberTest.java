package io.github.fedhds.transformer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.pytorch.jni.JniUtils;
import io.github.fedhds.SharedFolders;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

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
                for (int i = 0; i < before.length; i++) {
                    assertArrayEquals(before[i], after[i], 0f, threads + " threads, row " + i);
                }
            }
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
