package io.github.fedhds.selection;

import io.github.fedhds.coreset.Candidates;
import io.github.fedhds.coreset.Coreset;
import io.github.fedhds.coreset.CoresetSelector;
import io.github.fedhds.coreset.Group;
import io.github.fedhds.coreset.SampleScore;
import io.github.fedhds.feature.Points;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.round.RoundContext;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Leaves out a client's samples whose answers fit their instructions worst, and gives the others to another selector. The
 * alignment of instruction and answer is the answer's loss without the prompt minus its loss after the prompt: about 0 or
 * below if the prompt does not help to predict the answer, as with an answer to another instruction.
 *
 * <p>The number left out is {@code (int) (share * n)}, so 0 if there are few samples; then no score is computed. A sample
 * without a finite alignment is left out first. Of equal alignments the first samples are kept. If no sample has one, none is
 * left out, and a warning is logged. Points are computed for all samples, and so a fusion places those left out too.
 *
 * <p>Cost: that of the other selector and two passes through the model per sample. The seed is not used here. Needs
 * instructions, so it works on clients only. Immutable, safe for many threads if the other selector is.
 *
 * @see <a href="https://arxiv.org/abs/2410.11540">Du et al. 2025: FedDQC</a>
 */
public final class AlignedSelector implements CoresetSelector {
    private static final Logger LOGGER = LoggerFactory.getLogger(AlignedSelector.class);

    private final InnerSelector inner;
    private final double share;

    private AlignedSelector(CoresetSelector selector, double share) {
        if (!(share >= 0 && share < 1)) {
            throw new IllegalArgumentException(
                    "share of samples that are left out must be 0 or more and below 1, was " + share);
        }
        this.inner = new InnerSelector(selector);
        this.share = share;
    }

    /**
     * A selector among the better aligned samples.
     *
     * @param selector chooses among the samples that are kept
     * @param share share of the samples to leave out, 0 to below 1; 0.1 leaves out the lowest tenth
     */
    public static AlignedSelector of(CoresetSelector selector, double share) {
        return new AlignedSelector(selector, share);
    }

    @Override
    public String toString() {
        return "AlignedSelector[" + inner + ", without the lowest " + share + "]";
    }

    @Override
    public Coreset select(Candidates candidates, RoundContext round) {
        int left = (int) (share * candidates.size() + 1e-9);
        if (left == 0) {
            return inner.select(candidates, round);
        }
        double[] alignment = alignment(candidates);
        if (Arrays.stream(alignment).noneMatch(Double::isFinite)) {
            LOGGER.warn(
                    "no sample{} has a finite loss with and without its prompt, so none of its {} samples is left out; raise"
                            + " maxTokens if the prompts leave no room for an answer",
                    round.client().map(client -> " of client " + client).orElse(""),
                    candidates.size());
            return inner.select(candidates, round);
        }
        int[] kept = IntStream.range(0, candidates.size())
                .boxed()
                .sorted(Comparator.comparingDouble(i -> -alignment[i]))
                .limit(candidates.size() - left)
                .mapToInt(Integer::intValue)
                .sorted()
                .toArray();
        List<Group> groups = new ArrayList<>();
        for (Group group : inner.select(only(candidates, kept), round).groups()) {
            int[] members = IntStream.of(group.members()).map(i -> kept[i]).toArray();
            groups.add(new Group(group.id(), group.centre(), members, group.take()));
        }
        return new Coreset(groups);
    }

    private static double[] alignment(Candidates candidates) {
        double[] loss = candidates.scores(SampleScore.ANSWER_LOSS);
        double[] alone = candidates.scores(SampleScore.ANSWER_LOSS_ALONE);
        double[] alignment = new double[loss.length];
        Arrays.setAll(alignment, i -> {
            double gain = alone[i] - loss[i];
            return Double.isFinite(gain) ? gain : Double.NEGATIVE_INFINITY;
        });
        return alignment;
    }

    private static Candidates only(Candidates candidates, int[] kept) {
        List<Instruction> all = candidates.instructions();
        return Candidates.of(
                IntStream.of(kept).mapToObj(all::get).toList(),
                candidates.dimensions(),
                () -> {
                    Points points = candidates.points();
                    return Points.of(IntStream.of(kept).mapToObj(points::point).toList());
                },
                kind -> {
                    double[] scores = candidates.scores(kind);
                    return IntStream.of(kept).mapToDouble(i -> scores[i]).toArray();
                });
    }
}
