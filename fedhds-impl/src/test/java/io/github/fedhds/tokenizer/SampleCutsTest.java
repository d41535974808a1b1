package io.github.fedhds.tokenizer;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.coreset.SampleScore;
import io.github.fedhds.features.AnswerLossScorer;
import io.github.fedhds.features.HiddenStateExtractor;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.round.RoundContext;
import io.github.fedhds.transformer.AdapterForm;
import io.github.fedhds.transformer.LanguageModel;
import io.github.fedhds.transformer.Pooling;
import io.github.fedhds.transformer.TinyModel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Samples that are cut for features or scores are told, once for each client. */
class SampleCutsTest {
    private static final ClientId A = new ClientId("a");
    private static final ClientId B = new ClientId("b");

    /** One fits, two have long inputs, one has an answer that leaves no room. */
    private static final List<Instruction> SAMPLES = List.of(
            new Instruction("add", "a b", "ab"),
            new Instruction("add", "b".repeat(50), "ab"),
            new Instruction("add", "c".repeat(50), "ab"),
            new Instruction("add", "a", "d".repeat(40)));

    private static LanguageModel model;

    private final List<SampleCuts> told = new ArrayList<>();

    @BeforeAll
    static void load(@TempDir Path folder) {
        model = TinyModel.load(TinyModel.write(folder));
    }

    @AfterAll
    static void close() {
        model.close();
    }

    private static RoundContext round(int number, ClientId client) {
        return new RoundContext("run", number, Optional.of(client), 0, Adapter.empty(), Map.of());
    }

    @ParameterizedTest
    @EnumSource(Pooling.class)
    void extract_samplesThatAreCut_areToldOnceAClient(Pooling pooling) {
        HiddenStateExtractor extractor = HiddenStateExtractor.builder(model)
                .template(TinyModel.TEMPLATE)
                .maxTokens(32)
                .pooling(pooling)
                .cuts(told::add)
                .build();
        for (int round = 1; round <= 2; round++) {
            extractor.extract(SAMPLES, round(round, A));
            extractor.extract(SAMPLES.subList(0, 2), round(round, B));
        }
        SampleCuts ofA = new SampleCuts(Optional.of(A), "features", 4, 2, 1, 32);
        SampleCuts ofB = new SampleCuts(Optional.of(B), "features", 2, 1, 0, 32);
        assertEquals(List.of(ofA, ofB), told);
        extractor.extract(SAMPLES.subList(2, 4), round(3, B)); // its data has changed
        assertEquals(new SampleCuts(Optional.of(B), "features", 2, 1, 1, 32), told.get(2));
    }

    @Test
    void extract_samplesThatFit_areNotTold() {
        HiddenStateExtractor extractor = HiddenStateExtractor.builder(model)
                .template(TinyModel.TEMPLATE)
                .cuts(told::add)
                .build();
        extractor.extract(SAMPLES.subList(0, 1), round(1, A));
        extractor.extract(List.of(), round(1, B));
        assertEquals(List.of(), told);
    }

    @Test
    void score_samplesThatAreCut_areToldForEachKind() {
        AnswerLossScorer scorer =
                new AnswerLossScorer(model, AdapterForm.none(), TinyModel.TEMPLATE, 32, 99, told::add);
        for (int round = 1; round <= 2; round++) {
            scorer.score(SampleScore.ANSWER_LOSS, SAMPLES, round(round, A));
            scorer.score(SampleScore.ANSWER_LOSS_ALONE, SAMPLES, round(round, A));
        }
        assertEquals(
                List.of(
                        new SampleCuts(Optional.of(A), "scores", 4, 2, 1, 32),
                        new SampleCuts(Optional.of(A), "scores without prompt", 4, 0, 1, 32)),
                told);
    }
}
