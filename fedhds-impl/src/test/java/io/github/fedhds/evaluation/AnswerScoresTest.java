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
        assertTrue(Double.isNaN(Interval.of(new double[] {1, Double.NaN}).mean()));
        assertEquals(
                "+1.0000 (+1.0000 to +1.0000)", Interval.of(new double[] {1, 1}).difference());
        assertEquals(
                "1.0000 (1.0000 to 1.0000)", Interval.of(new double[] {1, 1}).toString());
        assertEquals(Interval.of(new double[] {1, 2, 3}), Interval.of(new double[] {1, 2, 3}));
    }
}
