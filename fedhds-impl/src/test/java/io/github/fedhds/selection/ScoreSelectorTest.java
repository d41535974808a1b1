package io.github.fedhds.selection;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.coreset.Candidates;
import io.github.fedhds.coreset.Coreset;
import io.github.fedhds.coreset.Group;
import io.github.fedhds.coreset.SampleScore;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.round.RoundContext;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import org.junit.jupiter.api.Test;

class ScoreSelectorTest {
    private static final double NAN = Double.NaN;

    private static Candidates candidates(double[] loss, double[] alone) {
        return Candidates.of(
                Collections.nCopies(loss.length, new Instruction("do", "", "done")),
                3,
                () -> {
                    throw new AssertionError("asked for points");
                },
                kind -> kind.equals(SampleScore.ANSWER_LOSS) ? loss : alone);
    }

    private static int[] chosen(ScoreSelector selector, Candidates candidates) {
        Coreset coreset = selector.select(candidates, RoundContext.first());
        return coreset.groups().stream().map(Group::representatives).findFirst().orElse(new int[0]);
    }

    @Test
    void perplexity_eachEnd_isByLossAndThenByPlace() {
        Candidates candidates = candidates(new double[] {2, NAN, 5, 1, 5}, new double[5]);
        assertArrayEquals(
                new int[] {2, 4, 0}, chosen(ScoreSelector.perplexity().count(3).build(), candidates));
        ScoreSelector.Builder lowest = ScoreSelector.perplexity().order(ScoreSelector.Order.LOWEST);
        assertArrayEquals(new int[] {3, 0}, chosen(lowest.count(2).build(), candidates));
        assertArrayEquals(new int[] {3, 0, 2, 4}, chosen(lowest.share(1).build(), candidates));
    }

    @Test
    void difficulty_isTheRatioBelowOne() {
        Candidates candidates = candidates(
                new double[] {2, 1, 3, 0, 1, NAN}, new double[] {4, 4, 3, 0, 1.25, 1}); // .5 .25 1 NaN .8 NaN
        assertArrayEquals(
                new int[] {4, 0, 1}, chosen(ScoreSelector.difficulty().count(9).build(), candidates));
    }

    @Test
    void select_nothingToChoose_isEmpty() {
        ScoreSelector one = ScoreSelector.perplexity().build();
        assertEquals(Coreset.empty(), one.select(candidates(new double[0], new double[0]), RoundContext.first()));
        assertEquals(Coreset.empty(), one.select(candidates(new double[] {NAN}, new double[1]), RoundContext.first()));
        assertArrayEquals(new int[] {0}, chosen(one, candidates(new double[] {1}, new double[1])));
    }

    /** An infinite loss is no score: the step would be left out. */
    @Test
    void scores_notFinite_areNeverChosen() {
        double inf = Double.POSITIVE_INFINITY;
        for (ScoreSelector.Order order : ScoreSelector.Order.values()) {
            ScoreSelector all = ScoreSelector.perplexity().count(9).order(order).build();
            double[] loss = {inf, 2, -inf, NAN};
            assertArrayEquals(new int[] {1}, chosen(all, candidates(loss, new double[4])));
            ScoreSelector difficulty =
                    ScoreSelector.difficulty().count(9).order(order).build();
            double[] alone = {4, inf, 4, 4};
            assertArrayEquals(new int[0], chosen(difficulty, candidates(loss, alone)));
            assertArrayEquals(new int[0], chosen(all, candidates(new double[] {inf, NAN}, new double[2])));
        }
    }

    @Test
    void scores_allNaN_areWarnedOf() {
        PrintStream before = System.err;
        ByteArrayOutputStream told = new ByteArrayOutputStream();
        System.setErr(new PrintStream(told, true, StandardCharsets.UTF_8));
        try {
            chosen(ScoreSelector.perplexity().build(), candidates(new double[] {NAN, NAN}, new double[2]));
            chosen(ScoreSelector.difficulty().build(), candidates(new double[] {2, 3}, new double[] {1, 1}));
            chosen(ScoreSelector.perplexity().build(), candidates(new double[] {1, NAN}, new double[2]));
        } finally {
            System.setErr(before);
        }
        String text = told.toString(StandardCharsets.UTF_8);
        assertEquals(
                2,
                text.lines()
                        .filter(line -> line.contains("no sample has a score"))
                        .count(),
                text);
        assertTrue(text.contains("has a score by perplexity") && text.contains("all losses are NaN or infinite"), text);
        assertTrue(text.contains("has a score by difficulty") && text.contains("each is faulty"), text);
    }

    @Test
    void settings_outOfRange_areRefused() {
        assertThrows(
                IllegalArgumentException.class, () -> ScoreSelector.perplexity().share(0));
        assertThrows(
                IllegalArgumentException.class, () -> ScoreSelector.perplexity().count(-1));
    }

    @Test
    void centre_isTheOriginOfTheCandidatesAxes() {
        ScoreSelector selector = ScoreSelector.perplexity().build();
        Coreset coreset = selector.select(candidates(new double[] {1}, new double[1]), RoundContext.first());
        assertArrayEquals(new double[3], coreset.groups().get(0).centre().orElseThrow());
    }
}
