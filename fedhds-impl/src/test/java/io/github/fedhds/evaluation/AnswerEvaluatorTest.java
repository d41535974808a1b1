package io.github.fedhds.evaluation;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.transformer.AdapterForm;
import io.github.fedhds.transformer.LanguageModel;
import io.github.fedhds.transformer.Sampling;
import io.github.fedhds.transformer.TinyModel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AnswerEvaluatorTest {
    private static final Class<IllegalArgumentException> VALUE = IllegalArgumentException.class;
    private static final AdapterForm FORM = new AdapterForm(List.of("q_proj", "up_proj"), 2, 2);
    private static LanguageModel model;
    private static Adapter adapter;

    @BeforeAll
    static void load(@TempDir Path folder) {
        model = TinyModel.load(TinyModel.write(folder));
        adapter = TinyModel.adapter(model.config(), FORM, 1);
    }

    @AfterAll
    static void close() {
        model.close();
    }

    private static AnswerEvaluator evaluator(int answerTokens, int tokenBudget) {
        return new AnswerEvaluator(model, TinyModel.TEMPLATE, 64, answerTokens, tokenBudget);
    }

    /** What the model says to a prompt, taken from it directly. */
    private static String answer(String instruction, AdapterForm form, Adapter with) {
        int[] prompt = model.tokenizer().encode("Q:" + instruction + " A:");
        return model.tokenizer()
                .decode(model.with(form, with).generate(List.of(prompt), 12, 1).get(0))
                .strip();
    }

    private static Instruction asked(String instruction, String output, String task) {
        return new Instruction(instruction, "", output, task);
    }

    @Test
    void evaluate_wantedAnswers_scoreOneAndOthersTheirRougeL() {
        for (AdapterForm form : List.of(FORM, AdapterForm.none())) {
            Adapter with = form.isEmpty() ? Adapter.empty() : adapter;
            List<Instruction> list = new ArrayList<>();
            double sum = 0;
            for (String instruction : List.of("add", "b b", "say: 12")) {
                String said = answer(instruction, form, with);
                String half = said.length() > 4 ? said.substring(0, said.length() / 2) : said;
                list.add(asked(instruction, "  " + said + "\n", "right"));
                list.add(asked(instruction, half + " xx", "half"));
                list.add(asked(instruction, "zzzz zzz", "wrong"));
                double right = PaperRouge.l(said, said).f();
                sum += right
                        + PaperRouge.l(said, half + " xx").f()
                        + PaperRouge.l(said, "zzzz zzz").f();
            }
            for (int budget : new int[] {1, 1000}) {
                AnswerEvaluator.Result result = evaluator(12, budget).evaluate(list, form, with);
                assertEquals(sum / 9, result.rougeL(), 1e-12);
                assertEquals(
                        List.of("right", "half", "wrong"),
                        List.copyOf(result.byTask().keySet()));
                double mean = result.byTask().values().stream()
                        .mapToDouble(x -> x)
                        .average()
                        .orElseThrow();
                assertEquals(result.rougeL(), mean, 1e-12, "tasks of equal size");
                for (int i = 0; i < 9; i++) {
                    assertEquals(
                            answer(list.get(i).instruction(), form, with),
                            result.answers().get(i));
                }
                assertEquals(with.digest(), result.adapterDigest());
            }
        }
    }

    @Test
    void evaluate_inParallel_givesTheSameResultAndReportsProgress() {
        List<Instruction> list = IntStream.range(0, 20)
                .mapToObj(i -> asked("add " + i, "ab", "t" + i % 3))
                .toList();
        AnswerEvaluator.Result expected = evaluator(12, 30).evaluate(list, FORM, adapter);
        List<Integer> progress = new ArrayList<>();
        AnswerEvaluator.Result result = evaluator(12, 30)
                .progress((done, all) -> {
                    assertEquals(20, all);
                    progress.add(done);
                })
                .parallel(3)
                .evaluate(list, FORM, adapter);
        assertEquals(expected, result);
        assertEquals(0, progress.get(0));
        assertEquals(20, progress.get(progress.size() - 1));
        assertThrows(VALUE, () -> evaluator(12, 30).parallel(0));
    }

    @Test
    void evaluate_answers_areStripped() {
        List<Instruction> list = List.of(asked("add", "", "t"), asked("b", " ", "t"));
        for (String said : evaluator(20, 99).evaluate(list, FORM, adapter).answers()) {
            assertEquals(said.strip(), said);
        }
    }

    @Test
    void evaluate_anotherAdapter_hasAnotherDigest() {
        List<Instruction> list = List.of(asked("add", "ab", "t"));
        Adapter other = TinyModel.adapter(model.config(), FORM, 2);
        AnswerEvaluator.Result first = evaluator(5, 9).evaluate(list, FORM, adapter);
        assertNotEquals(
                first.adapterDigest(),
                evaluator(5, 9).evaluate(list, FORM, other).adapterDigest());
        assertEquals(first, evaluator(5, 9).evaluate(list, FORM, adapter));
    }

    @Test
    void evaluate_withSampling_answersBySeed() {
        List<Instruction> list = List.of(asked("add", "ab", "t"), asked("b b", "ab", "t"));
        AnswerEvaluator.Result greedy = evaluator(20, 9).evaluate(list, FORM, adapter);
        AnswerEvaluator chance = evaluator(20, 9).sampling(Sampling.seeded(1));
        assertEquals(chance.evaluate(list, FORM, adapter), chance.evaluate(list, FORM, adapter));
        assertNotEquals(greedy.answers(), chance.evaluate(list, FORM, adapter).answers());
        assertEquals(greedy, chance.sampling(Sampling.greedy()).evaluate(list, FORM, adapter));
    }

    @Test
    void evaluate_noInstructions_isNaN() {
        AnswerEvaluator.Result result = evaluator(5, 9).evaluate(List.of(), FORM, adapter);
        assertTrue(Double.isNaN(result.rougeL()));
        assertEquals(Map.of(), result.byTask());
        assertEquals(List.of(), result.answers());
    }

    @Test
    void evaluate_longPrompts_areCutToLeaveRoom() {
        List<Instruction> list =
                List.of(new Instruction("a".repeat(200), "b".repeat(200), "c"), asked("add", "ab", "t"));
        AnswerEvaluator.Result result = evaluator(1000, 9).evaluate(list, FORM, adapter);
        assertEquals(1, result.cutPrompts());
        String said = result.answers().get(0);
        assertTrue(model.tokenizer().encodePlain(said).length <= 32, "half of the context length at most");
    }

    @Test
    void evaluate_adapterOfAnotherForm_isRefused() {
        List<Instruction> list = List.of(asked("add", "ab", "t"));
        assertFails(VALUE, () -> evaluator(5, 9).evaluate(list, FORM, Adapter.empty()), "lora_A", "is missing");
        assertFails(
                VALUE,
                () -> evaluator(5, 9).evaluate(list, AdapterForm.none(), adapter),
                "belongs to no adapted module"); // its digest would stand for a model that it is not
    }

    @Test
    void settings_areChecked() {
        assertFails(VALUE, () -> evaluator(0, 9), "answerTokens must be 1 or more, was 0");
        assertFails(VALUE, () -> evaluator(1, 0), "tokenBudget must be 1 or more, was 0");
        assertFails(
                VALUE,
                () -> new AnswerEvaluator(model, TinyModel.TEMPLATE, 1, 1, 1),
                "maxTokens must be 2 or more, was 1");
    }

    @Test
    void result_isImmutable() {
        AnswerEvaluator.Result result = evaluator(1, 1).evaluate(List.of(asked("a", "a", "t")), FORM, adapter);
        assertThrows(UnsupportedOperationException.class, () -> result.byTask().put("x", 1.0));
        assertThrows(UnsupportedOperationException.class, () -> result.answers().add("x"));
        assertEquals(1, result.byTask().size());
    }
}
