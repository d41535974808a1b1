package io.github.fedhds.features;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.coreset.SampleScore;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.round.RoundContext;
import io.github.fedhds.transformer.AdaptedModel;
import io.github.fedhds.transformer.AdapterForm;
import io.github.fedhds.transformer.HandLoss;
import io.github.fedhds.transformer.LanguageModel;
import io.github.fedhds.transformer.TinyModel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AnswerLossScorerTest {
    private static final AdapterForm FORM = new AdapterForm(List.of("q_proj", "up_proj"), 2, 2);
    private static LanguageModel model;

    @BeforeAll
    static void load(@TempDir Path folder) {
        model = TinyModel.load(TinyModel.write(folder));
    }

    @AfterAll
    static void close() {
        model.close();
    }

    private static AnswerLossScorer scorer(AdapterForm form, int tokenBudget) {
        return new AnswerLossScorer(model, form, TinyModel.TEMPLATE, 64, tokenBudget);
    }

    private static RoundContext round() {
        return new RoundContext("run", 1, Optional.empty(), 0, TinyModel.adapter(model.config(), FORM, 1), Map.of());
    }

    private static int[] text(String prompt, String answer) {
        int[] first = model.tokenizer().encode(prompt);
        int[] second = model.tokenizer().encodePlain(answer);
        int[] ids = Arrays.copyOf(first, first.length + second.length + 1);
        System.arraycopy(second, 0, ids, first.length, second.length);
        ids[ids.length - 1] = TinyModel.END;
        return ids;
    }

    @Test
    void score_equalInstructions_areEqualWhateverTheBatch() {
        List<Instruction> distinct = FeatureExtractorContract.instructions(7);
        List<Instruction> list = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            list.add(distinct.get(i * i % 7));
        }
        for (SampleScore kind : List.of(SampleScore.ANSWER_LOSS, SampleScore.ANSWER_LOSS_ALONE)) {
            double[] scores = scorer(FORM, 150).score(kind, list, round());
            for (int i = 7; i < 50; i++) {
                assertEquals(scores[i % 7], scores[i], kind + " " + i);
            }
        }
    }

    @Test
    void score_ofAnotherKind_isRefused() {
        assertFails(
                IllegalArgumentException.class,
                () -> scorer(FORM, 150).score(new SampleScore("reward"), List.of(), round()),
                "answer loss",
                "not \"reward\"",
                "set a scorer");
    }

    @Test
    void score_bothKinds_areTheHandComputedLosses() {
        List<Instruction> list = FeatureExtractorContract.instructions(9);
        for (AdapterForm form : List.of(AdapterForm.none(), FORM)) {
            AdaptedModel used = form.isEmpty() ? model.base() : model.with(form, round().globalAdapter());
            for (int budget : new int[] {1, 1 << 20}) {
                double[] after = scorer(form, budget).score(SampleScore.ANSWER_LOSS, list, round());
                double[] alone = scorer(form, budget).score(SampleScore.ANSWER_LOSS_ALONE, list, round());
                for (int i = 0; i < 9; i++) {
                    Instruction sample = list.get(i);
                    String prompt = TinyModel.TEMPLATE.prompt(sample);
                    int[] whole = text(prompt, sample.output());
                    if (whole.length <= 64) {
                        assertEquals(HandLoss.of(used, whole, prompt.length() + 1), after[i], 1e-5, "sample " + i);
                    }
                    assertEquals(HandLoss.of(used, text("", sample.output()), 1), alone[i], 1e-5, "sample " + i);
                    assertNotEquals(after[i], alone[i]);
                }
            }
        }
    }

    @Test
    void score_inAnotherOrder_movesAlong() {
        List<Instruction> list = FeatureExtractorContract.instructions(12);
        double[] expected = scorer(FORM, 200).score(SampleScore.ANSWER_LOSS, list, round());
        List<Integer> order = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            order.add(i);
        }
        Collections.shuffle(order, new Random(1));
        double[] actual = scorer(FORM, 200)
                .score(SampleScore.ANSWER_LOSS, order.stream().map(list::get).toList(), round());
        for (int i = 0; i < 12; i++) {
            assertEquals(expected[order.get(i)], actual[i], 1e-5);
        }
    }

    @Test
    void score_noInstructions_isEmpty() {
        assertEquals(0, scorer(FORM, 9).score(SampleScore.ANSWER_LOSS, List.of(), round()).length);
    }

    @Test
    void score_emptyAnswer_isTheLossOfItsEnd() {
        double[] scores =
                scorer(FORM, 9).score(SampleScore.ANSWER_LOSS, List.of(new Instruction("add", "", "")), round());
        assertTrue(scores[0] > 0);
    }

    @Test
    void score_templateThatLeavesNoRoom_isNaN() {
        AnswerLossScorer narrow = new AnswerLossScorer(model, FORM, TinyModel.TEMPLATE, 6, 9);
        List<Instruction> list = List.of(new Instruction("add", "", "ab"));
        assertTrue(Double.isNaN(narrow.score(SampleScore.ANSWER_LOSS, list, round())[0]));
        assertTrue(narrow.score(SampleScore.ANSWER_LOSS_ALONE, list, round())[0] > 0);
    }

    @Test
    void settings_areChecked() {
        Class<IllegalArgumentException> kind = IllegalArgumentException.class;
        assertFails(kind, () -> scorer(FORM, 0), "tokenBudget must be 1 or more, was 0");
        assertFails(
                kind,
                () -> new AnswerLossScorer(model, FORM, TinyModel.TEMPLATE, 1, 1),
                "maxTokens must be 2 or more, was 1");
    }
}
