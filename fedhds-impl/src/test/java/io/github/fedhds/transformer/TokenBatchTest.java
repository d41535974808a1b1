package io.github.fedhds.transformer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.model.DecoderConfig;
import io.github.fedhds.model.ModelOptions;
import io.github.fedhds.model.Precision;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The widths of batches: the longest row in float32, a multiple of 16 in bfloat16, never above the context length. */
class TokenBatchTest {
    @TempDir
    Path folder;

    private DecoderConfig config() {
        try (LanguageModel model = TinyModel.load(TinyModel.write(folder))) {
            return model.config();
        }
    }

    private static List<int[]> rows(int... lengths) {
        SplittableRandom random = new SplittableRandom(3);
        return IntStream.of(lengths)
                .mapToObj(length -> TinyModel.ids(random, length))
                .toList();
    }

    @Test
    void width_inBfloat16_isAMultipleUpToTheContextLength() {
        DecoderConfig config = config();
        int[][] lengthsAndWidths = {{1, 16}, {16, 16}, {17, 32}, {63, 64}, {64, 64}};
        for (int[] pair : lengthsAndWidths) {
            List<int[]> rows = rows(1, pair[0]);
            assertEquals(
                    pair[1], TokenBatch.of(rows, config, Precision.BFLOAT16).width(), "length " + pair[0]);
            assertEquals(pair[0], TokenBatch.of(rows, config, Precision.FLOAT32).width(), "length " + pair[0]);
        }
    }

    /** What is read after a shared prefix begins at a later position, so that it may have fewer tokens. */
    @Test
    void withoutFirst_neverExceedsTheContextLengthWithThePrefix() {
        TokenBatch batch = TokenBatch.of(rows(60, 62), config(), Precision.BFLOAT16);
        for (int shared = 1; shared < 60; shared++) {
            int width = batch.withoutFirst(shared).width();
            assertTrue(shared + width <= TinyModel.POSITIONS, shared + " and " + width);
            assertTrue(width >= 62 - shared, shared + " and " + width);
            assertEquals(shared, batch.firstTokens(shared).width());
        }
    }

    /** Padding changes no row: alone, a row has the width of 16; beside a long one, 64. */
    @Test
    void generateInBfloat16_besideALongRow_givesTheSameTokens() {
        TinyModel.write(folder);
        ModelOptions options = ModelOptions.defaults().onDevice("cpu").withPrecision(Precision.BFLOAT16);
        try (LanguageModel model = LanguageModel.load(folder, options)) {
            List<int[]> rows = rows(5, 62, 17);
            List<int[]> together = model.base().generate(rows, 8, 1 << 20);
            for (int i = 0; i < rows.size(); i++) {
                assertArrayEquals(
                        model.base().generate(List.of(rows.get(i)), 8, 1).get(0), together.get(i), "row " + i);
            }
            List<float[]> states = model.base().states(rows.get(0));
            assertEquals(5 * TinyModel.VOCABULARY, states.get(states.size() - 1).length, "logits of its 5 tokens");
        }
    }
}
