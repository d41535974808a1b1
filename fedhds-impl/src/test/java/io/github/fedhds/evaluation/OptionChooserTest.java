package io.github.fedhds.evaluation;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.coreset.SampleScore;
import io.github.fedhds.evaluation.OptionChooser.Length;
import io.github.fedhds.features.AnswerLossScorer;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.round.RoundContext;
import io.github.fedhds.transformer.AdapterForm;
import io.github.fedhds.transformer.LanguageModel;
import io.github.fedhds.transformer.TinyModel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OptionChooserTest {
    private static final Class<IllegalArgumentException> VALUE = IllegalArgumentException.class;
    private static final AdapterForm NONE = AdapterForm.none();
    private static LanguageModel model;

    @BeforeAll
    static void load(@TempDir Path folder) {
        model = TinyModel.load(TinyModel.write(folder));
    }

    @AfterAll
    static void close() {
        model.close();
    }

    private static OptionChooser chooser() {
        return new OptionChooser(model, NONE, TinyModel.TEMPLATE, 64, 128);
    }

    private static Instruction asked(String instruction, String output) {
        return new Instruction(instruction, "", output, "t");
    }

    /** The options with the least loss, computed one at a time: of a token, and of the whole option. */
    @Test
    void choose_manyOptions_takesTheOptionOfLeastLoss() {
        AnswerLossScorer scorer = new AnswerLossScorer(model, NONE, TinyModel.TEMPLATE, 64, 128);
        List<String> options = List.of("yes", "no", "perhaps so", "b", "aaaaaaaa");
        List<Instruction> instructions = new ArrayList<>();
        int[] expected = new int[20];
        int[] expectedPlain = new int[20];
        for (int i = 0; i < expected.length; i++) {
            instructions.add(asked("question " + i, "yes"));
            double[] losses = new double[options.size()];
            for (int option = 0; option < losses.length; option++) {
                losses[option] = scorer.score(
                                SampleScore.ANSWER_LOSS,
                                List.of(asked("question " + i, options.get(option))),
                                RoundContext.first())[0];
                expected[i] = losses[option] < losses[expected[i]] ? option : expected[i];
            }
            double[] sums = new double[options.size()];
            Arrays.setAll(
                    sums,
                    option -> losses[option]
                            * (model.tokenizer().encodePlain(" " + options.get(option)).length
                                    + 1)); // and the EOS token
            for (int option = 0; option < sums.length; option++) {
                expectedPlain[i] = sums[option] < sums[expectedPlain[i]] ? option : expectedPlain[i];
            }
        }
        List<List<String>> each = Collections.nCopies(expected.length, options);
        int[] chosen = chooser().choose(instructions, each, Adapter.empty(), Length.NORMALISED);
        assertArrayEquals(expected, chosen);
        int[] plain = chooser().choose(instructions, each, Adapter.empty(), Length.PLAIN);
        assertArrayEquals(expectedPlain, plain);
        assertFalse(Arrays.equals(chosen, plain), "the two orders differ on these options");
    }

    @Test
    void choose_equalOptionsAndOneOption_takeTheFirst() {
        List<Instruction> one = List.of(asked("q", "yes"), asked("q", "yes"));
        assertArrayEquals(
                new int[] {0, 0},
                chooser().choose(one, List.of(List.of("same", "same"), List.of("x")), Adapter.empty(), Length.PLAIN));
        assertArrayEquals(new int[0], chooser().choose(List.of(), List.of(), Adapter.empty(), Length.NORMALISED));
        assertFails(
                VALUE,
                () -> chooser().choose(one, List.of(List.of("x"), List.of()), Adapter.empty(), Length.PLAIN),
                "instruction 1 has no option");
        assertFails(
                VALUE,
                () -> chooser().choose(one, List.of(List.of("x"), List.of(" ")), Adapter.empty(), Length.PLAIN),
                "instruction 1 is blank");
        assertFails(
                VALUE,
                () -> chooser().choose(one, List.of(), Adapter.empty(), Length.PLAIN),
                "2 instructions, 0 lists");
    }

    @Test
    void choose_noRoomForAnOption_isRefused() {
        OptionChooser small = new OptionChooser(model, NONE, TinyModel.TEMPLATE, 3, 128);
        assertFails(
                FedHdsException.class,
                () -> small.choose(
                        List.of(asked("q", "yes")), List.of(List.of("yes", "no")), Adapter.empty(), Length.PLAIN),
                "\"yes\" as the answer to instruction 0 is NaN",
                "3 tokens");
    }

    @Test
    void options_areTheFewDifferentAnswersOfATask() {
        List<Instruction> data = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            data.add(new Instruction("q", "", i % 2 == 0 ? "yes" : " no", "labels"));
            data.add(new Instruction("q", "", "answer " + i, "open"));
            data.add(new Instruction("q", "", "yes", "constant"));
        }
        data.add(new Instruction("q", "", " ", "labels"));
        data.add(new Instruction("q", "", "", "constant"));
        data.add(new Instruction("q", "", "a", "two"));
        data.add(new Instruction("q", "", "b", "two"));
        assertEquals(Map.of("labels", List.of("yes", "no")), OptionChooser.options(data));
        assertEquals(Map.of(), OptionChooser.options(List.of()));
    }
}
