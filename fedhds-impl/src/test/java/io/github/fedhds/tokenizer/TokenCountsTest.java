package io.github.fedhds.tokenizer;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.transformer.LanguageModel;
import io.github.fedhds.transformer.TinyModel;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenCountsTest {
    private static LanguageModel model;

    @BeforeAll
    static void load(@TempDir Path folder) {
        model = TinyModel.load(TinyModel.write(folder));
    }

    @AfterAll
    static void close() {
        model.close();
    }

    private static final List<Instruction> SAMPLES = List.of(
            new Instruction("add", "", "a"),
            new Instruction("add", "a b", "ab"),
            new Instruction("add", "a b a b a b a b", "ab"),
            new Instruction("add", "a", "b".repeat(40)));

    @Test
    void forTraining_someDoNotFit_countsTokensCutsAndTooLong() {
        SampleEncoder wide = model.sampleEncoder(TinyModel.TEMPLATE, 1000);
        int[] whole = SAMPLES.stream()
                .mapToInt(sample -> wide.forTraining(sample).orElseThrow().ids().length)
                .toArray();
        SampleEncoder encoder = model.sampleEncoder(TinyModel.TEMPLATE, whole[1] + 1);
        TokenCounts counts = TokenCounts.forTraining(encoder, SAMPLES);
        assertEquals(3, counts.samples());
        assertEquals(1, counts.cut());
        assertEquals(1, counts.tooLong());
        assertEquals(whole[0] + whole[1] + whole[1] + 1, counts.total());
        assertEquals(whole[0], counts.quantile(0));
        assertEquals(whole[1], counts.quantile(0.5));
        assertEquals(whole[1] + 1, counts.quantile(1));
        assertEquals(counts.total() / 3.0, counts.mean());

        TokenCounts features = TokenCounts.forFeatures(encoder, SAMPLES);
        assertEquals(4, features.samples());
        assertEquals(2, features.cut());
        assertEquals(counts.total() + encoder.maxTokens(), features.total());
    }

    @Test
    void forGeneration_roomForAnswers_cutsPrompts() {
        SampleEncoder encoder = model.sampleEncoder(TinyModel.TEMPLATE, 1000);
        int prompt = encoder.forGeneration(SAMPLES.get(2), 0).ids().length;
        SampleEncoder tight = model.sampleEncoder(TinyModel.TEMPLATE, prompt);
        assertEquals(0, TokenCounts.forGeneration(tight, SAMPLES, 0).cut());
        assertEquals(1, TokenCounts.forGeneration(tight, SAMPLES, 1).cut());
    }

    @Test
    void noSamples_areZero() {
        TokenCounts none = TokenCounts.forTraining(model.sampleEncoder(TinyModel.TEMPLATE, 64), List.of());
        assertEquals(0, none.samples());
        assertEquals(0, none.total());
        assertEquals(0, none.mean());
        assertEquals(0, none.quantile(0.5));
    }

    @Test
    void quantile_outOfRange_fails() {
        TokenCounts none = TokenCounts.forTraining(model.sampleEncoder(TinyModel.TEMPLATE, 64), List.of());
        for (double share : new double[] {-0.1, 1.1, Double.NaN}) {
            assertFails(IllegalArgumentException.class, () -> none.quantile(share), "share", String.valueOf(share));
        }
    }
}
