package io.github.fedhds.selection;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.coreset.Candidates;
import io.github.fedhds.coreset.Coreset;
import io.github.fedhds.coreset.CoresetSelector;
import io.github.fedhds.coreset.Group;
import io.github.fedhds.coreset.SampleScore;
import io.github.fedhds.feature.Points;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.round.RoundContext;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class AlignedSelectorTest {
    private static final double NAN = Double.NaN;

    /** Instructions on a line, at their numbers; the alignment is {@code alone - loss}. */
    private static Candidates candidates(double[] loss, double[] alone) {
        int n = loss.length;
        List<Instruction> instructions = IntStream.range(0, n)
                .mapToObj(i -> new Instruction("do", "it " + i, "done"))
                .toList();
        double[] line = IntStream.range(0, n).asDoubleStream().toArray();
        return Candidates.of(
                instructions,
                1,
                () -> new Points(n, 1, line),
                kind -> kind.equals(SampleScore.ANSWER_LOSS) ? loss : alone);
    }

    private static int[] kept(double share, double[] loss, double[] alone) {
        Coreset coreset =
                AlignedSelector.of(new EverySelector(), share).select(candidates(loss, alone), RoundContext.first());
        return coreset.groups().get(0).representatives();
    }

    private static double[] repeat(int n, double value) {
        double[] values = new double[n];
        Arrays.fill(values, value);
        return values;
    }

    @Test
    void select_lowestAlignment_isLeftOut() {
        double[] loss = {1, 5, 2, 4, 3};
        double[] alone = {4, 4, 4, 9, 2.5}; // alignment 3, -1, 2, 5, -0.5
        assertArrayEquals(new int[] {0, 2, 3, 4}, kept(0.2, loss, alone));
        assertArrayEquals(new int[] {0, 2, 3}, kept(0.4, loss, alone));
        assertArrayEquals(new int[] {3}, kept(0.99, loss, alone));
    }

    @Test
    void select_noScore_isLeftOutFirst() {
        double inf = Double.POSITIVE_INFINITY;
        double[] loss = {1, NAN, 2, 1, inf};
        double[] alone = {0, 4, 1, inf, inf}; // alignment -1, none, -1, none, none
        assertArrayEquals(new int[] {0, 1, 2, 3}, kept(0.2, loss, alone));
        assertArrayEquals(new int[] {0, 2}, kept(0.6, loss, alone));
        assertArrayEquals(new int[] {0}, kept(0.8, loss, alone));
        assertEquals(5, kept(0.6, repeat(5, NAN), alone).length, "no sample has a score");
    }

    @Test
    void select_equalScores_keepsTheFirst() {
        assertArrayEquals(IntStream.range(0, 18).toArray(), kept(0.1, repeat(20, 1), repeat(20, 2)));
    }

    /** Below one whole sample nothing is left out, and no score is asked for. */
    @Test
    void select_fewSamples_areAllKept() {
        CoresetSelector selector = AlignedSelector.of(new EverySelector(), 0.1);
        for (int n : new int[] {1, 9}) {
            Coreset coreset = selector.select(CoresetSelectorContract.blind(n), RoundContext.first());
            assertEquals(n, coreset.groups().get(0).take());
        }
        assertEquals(Coreset.empty(), selector.select(CoresetSelectorContract.blind(0), RoundContext.first()));
        assertEquals(9, kept(0.1, repeat(10, 1), repeat(10, 2)).length);
        CoresetSelector none = AlignedSelector.of(new EverySelector(), 0);
        assertEquals(
                500,
                none.select(CoresetSelectorContract.blind(500), RoundContext.first())
                        .groups()
                        .get(0)
                        .take());
    }

    /** Every number that the inner selector returns is one of the samples that it was given. */
    @Test
    void select_groupsOfTheInnerSelector_areOfTheKeptSamples() {
        for (int seed = 0; seed < 20; seed++) {
            Random random = new Random(seed);
            double[] loss = random.doubles(40).toArray();
            double[] alone = random.doubles(40).toArray();
            int[] kept = kept(0.25, loss, alone);
            assertEquals(30, kept.length);
            double worst = Arrays.stream(kept)
                    .mapToDouble(i -> alone[i] - loss[i])
                    .min()
                    .orElseThrow();
            for (CoresetSelector inner :
                    List.of(KCenterSelector.count(7), RandomSelector.count(7), WardSelector.count(7))) {
                Coreset coreset = AlignedSelector.of(inner, 0.25).select(candidates(loss, alone), RoundContext.first());
                for (Group group : coreset.groups()) {
                    for (int member : group.members()) {
                        assertTrue(alone[member] - loss[member] >= worst, inner + " keeps " + member);
                    }
                }
            }
            Coreset single = AlignedSelector.of(new SingleSelector(), 0.25)
                    .select(candidates(loss, alone), RoundContext.first());
            for (Group group : single.groups()) {
                assertArrayEquals(new int[] {kept[group.id()]}, group.members());
                assertEquals(kept[group.id()], group.centre().orElseThrow()[0]);
            }
        }
    }

    /** The scores of a selector inside are those of the samples that it sees. */
    @Test
    void select_scoresInside_areOfTheKeptSamples() {
        double[] loss = {1, 9, 2, 4, 3};
        double[] alone = {4, 4, 4, 9, 5};
        CoresetSelector highest = ScoreSelector.perplexity().count(2).build();
        int[] chosen = AlignedSelector.of(highest, 0.2)
                .select(candidates(loss, alone), RoundContext.first())
                .groups()
                .get(0)
                .representatives();
        assertArrayEquals(new int[] {3, 4}, chosen);
    }

    @Test
    void select_pointsAlone_areRefused() {
        CoresetSelector selector = AlignedSelector.of(new EverySelector(), 0.1);
        Candidates points = Candidates.of(new Points(10, 1, new double[10]));
        assertThrows(IllegalStateException.class, () -> selector.select(points, RoundContext.first()));
        for (double share : new double[] {-0.1, 1, NAN}) {
            assertThrows(IllegalArgumentException.class, () -> AlignedSelector.of(new EverySelector(), share));
        }
    }
}
