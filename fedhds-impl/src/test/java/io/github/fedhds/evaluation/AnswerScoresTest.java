package io.github.fedhds.evaluation;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.instruction.Instruction;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class AnswerScoresTest {
    private static final Class<IllegalArgumentException> VALUE = IllegalArgumentException.class;
    private static final List<Instruction> ASKED = List.of(
            new Instruction("q1", "", "yes", "a"),
            new Instruction("q2", "", " no ", "a"),
            new Instruction("q3", "", "maybe", "b"));

    @Test
    void scores_ofTwoTasks_areMeansOverInstructionsAndOverTasks() {
        AnswerScores scores = AnswerScores.of(ASKED)
                .with("exact", TextMeasure.EXACT_MATCH, List.of("Yes.", "yes", " maybe"))
                .with("loss", new double[] {1, 2, 6});
        assertEquals(List.of("exact", "loss"), List.copyOf(scores.names()));
        assertArrayEquals(new double[] {1, 0, 1}, scores.values("exact"));
        assertEquals(2.0 / 3, scores.overall("exact").mean(), 1e-12);
        assertEquals(0.75, scores.meanOfTasks("exact"), 1e-12);
        assertEquals(Set.of("a", "b"), scores.byTask("loss").keySet());
        assertEquals(new Interval(6, 6, 6), scores.byTask("loss").get("b"));
        assertEquals(3, scores.overall("loss").mean(), 1e-12);
        assertEquals(3.75, scores.meanOfTasks("loss"), 1e-12);
    }

    @Test
    void scores_ofAMeasureOutsideItsRange_areRefused() {
        List<String> answers = List.of("Yes.", "long answer", "maybe");
        for (double value : new double[] {Double.NaN, -0.5, 1.5}) {
            assertFails(
                    VALUE,
                    () -> AnswerScores.of(ASKED)
                            .with("own", (answer, reference) -> answer.length() > 5 ? value : 1, answers),
                    "own",
                    "instruction 1",
                    String.valueOf(value),
                    "0 to 1");
        }
    }

    @Test
    void scores_withoutAReference_areThoseOfTheEmptyText() {
        List<Instruction> asked = List.of(new Instruction("q", "", "", ""), new Instruction("q", "", " ", ""));
        for (TextMeasure measure : TextMeasure.values()) {
            boolean same = measure == TextMeasure.EXACT_MATCH || measure == TextMeasure.TOKEN_F1;
            double[] values = AnswerScores.of(asked)
                    .with("score", measure, List.of("word", ""))
                    .values("score");
            assertArrayEquals(new double[] {0, same ? 1 : 0}, values, measure.name());
        }
    }

    /** Of n values, half of them 1, a resample's mean has deviation 0.05; an odd number has a last draw alone. */
    @Test
    void interval_ofEvenAndOddNumbers_isThatOfTheBinomialDistribution() {
        for (int n : new int[] {100, 101}) {
            double[] values = new double[n];
            Arrays.fill(values, 0, n / 2, 1);
            Interval interval = Interval.of(values);
            assertEquals(0.5 - 1.96 * 0.05, interval.low(), 0.015, "n " + n);
            assertEquals(0.5 + 1.96 * 0.05, interval.high(), 0.015, "n " + n);
        }
    }

    @Test
    void scores_wrongNumberOrName_areRefused() {
        AnswerScores scores = AnswerScores.of(ASKED).with("loss", new double[3]);
        assertFails(VALUE, () -> scores.with("loss", new double[3]), "loss", "another name");
        assertFails(VALUE, () -> scores.with("other", new double[2]), "3 instructions, 2 scores");
        assertFails(VALUE, () -> scores.with("x", TextMeasure.ROUGE_L, List.of("a")), "3 instructions, 1 answers");
        assertFails(VALUE, () -> scores.overall("lost"), "lost", "[loss]");
        assertTrue(Double.isNaN(AnswerScores.of(List.of())
                .with("loss", new double[0])
                .overall("loss")
                .mean()));
        assertTrue(Double.isNaN(
                AnswerScores.of(List.of()).with("loss", new double[0]).meanOfTasks("loss")));
    }

    /** The true mean is outside a 95 % interval in about 5 % of the cases; 300 have a standard deviation of 1.3 points. */
    @Test
    void interval_ofNormalValues_coversTheMeanInAboutNineteenOfTwenty() {
        Random random = new Random(7);
        int outside = 0;
        for (int i = 0; i < 300; i++) {
            double[] values = new double[40];
            Arrays.setAll(values, j -> 5 + random.nextGaussian());
            Interval interval = Interval.of(values);
            assertTrue(interval.low() <= interval.mean() && interval.mean() <= interval.high());
            outside += interval.low() > 5 || interval.high() < 5 ? 1 : 0;
        }
        assertTrue(outside >= 5 && outside <= 35, "outside: " + outside);
    }

    @Test
    void interval_fewValues() {
        assertEquals(new Interval(2, 2, 2), Interval.of(new double[] {2}));
        assertTrue(Double.isNaN(Interval.of(new double[0]).low()));
        for (double value : new double[] {Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY}) {
            Interval none = Interval.of(new double[] {1, value, 2});
            assertTrue(Double.isNaN(none.mean()) && Double.isNaN(none.low()) && Double.isNaN(none.high()));
        }
        assertEquals(
                "+1.0000 (+1.0000 to +1.0000)", Interval.of(new double[] {1, 1}).difference());
        assertEquals(
                "1.0000 (1.0000 to 1.0000)", Interval.of(new double[] {1, 1}).toString());
        assertEquals(Interval.of(new double[] {1, 2, 3}), Interval.of(new double[] {1, 2, 3}));
    }
}
