package io.github.fedhds.selection;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.fedhds.coreset.Candidates;
import io.github.fedhds.coreset.Coreset;
import io.github.fedhds.coreset.Group;
import io.github.fedhds.coreset.SampleScore;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.round.RoundContext;
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
