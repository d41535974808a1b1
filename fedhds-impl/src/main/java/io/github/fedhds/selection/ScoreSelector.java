package io.github.fedhds.selection;

import io.github.fedhds.coreset.Candidates;
import io.github.fedhds.coreset.Coreset;
import io.github.fedhds.coreset.CoresetSelector;
import io.github.fedhds.coreset.Group;
import io.github.fedhds.coreset.SampleScore;
import io.github.fedhds.round.RoundContext;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Chooses a client's samples by a score of the model: the baselines by perplexity and by instruction-following
 * difficulty. There is one group with the chosen samples in the order of their scores; its centre is the origin,
 * because points are not computed. Use it with {@link EverySelector} on the server.
 *
 * <p>A sample without a finite score (NaN: its answer does not fit; infinite: its training step would be left out) is
 * never chosen; if no sample has one, nothing is chosen, and a warning is logged. Of equal scores the first sample comes
 * first. Cost: one or two passes through the model per sample; the seed is not used. Needs instructions, so it works
 * on clients only. Immutable, safe for many threads.
 *
 * @see <a href="https://arxiv.org/abs/2308.12032">Li et al. 2024: From Quantity to Quality, section 2.2</a>, for the
 *     difficulty
 */
public final class ScoreSelector implements CoresetSelector {
    /** Whether the highest or the lowest scores are chosen. */
    public enum Order {
        /** The highest scores: the hardest samples. */
        HIGHEST,
        /** The lowest scores: the easiest samples. */
        LOWEST
    }

    private enum Kind {
        PERPLEXITY,
        DIFFICULTY
    }

    private static final Logger LOGGER = LoggerFactory.getLogger(ScoreSelector.class);

    private final Kind kind;
    private final Amount amount;
    private final Order order;

    private ScoreSelector(Builder builder) {
        kind = builder.kind;
        amount = builder.amount;
        order = builder.order;
    }

    /**
     * By the perplexity of the answer after the prompt; ordered by the mean loss of its tokens, which gives the same
     * order.
     */
    public static Builder perplexity() {
        return new Builder(Kind.PERPLEXITY);
    }

    /**
     * By instruction-following difficulty (IFD): the mean loss of the answer's tokens after the prompt, divided by the
     * mean loss without the prompt. A sample with a value of 1 or more is considered faulty and is never chosen, as in
     * the paper.
     */
    public static Builder difficulty() {
        return new Builder(Kind.DIFFICULTY);
    }

    @Override
    public String toString() {
        return "ScoreSelector[" + kind + ", " + amount + ", order=" + order + "]";
    }

    @Override
    public Coreset select(Candidates candidates, RoundContext round) {
        if (candidates.size() == 0) {
            return Coreset.empty();
        }
        IntToDoubleFunction score = score(candidates);
        Comparator<Integer> byScore = Comparator.comparingDouble(score::applyAsDouble);
        int[] chosen = IntStream.range(0, candidates.size())
                .filter(i -> Double.isFinite(score.applyAsDouble(i)))
                .boxed()
                .sorted(order == Order.HIGHEST ? byScore.reversed() : byScore)
                .limit(amount.of(candidates.size()))
                .mapToInt(Integer::intValue)
                .toArray();
        if (IntStream.range(0, candidates.size()).noneMatch(i -> Double.isFinite(score.applyAsDouble(i)))) {
            LOGGER.warn(
                    "no sample{} has a score by {}, so none of its {} samples is chosen: {}",
                    round.client().map(client -> " of client " + client).orElse(""),
                    kind.name().toLowerCase(Locale.ROOT),
                    candidates.size(),
                    cause(candidates));
        }
        return chosen.length == 0
                ? Coreset.empty()
                : new Coreset(List.of(new Group(0, new double[candidates.dimensions()], chosen, chosen.length)));
    }

    private String cause(Candidates candidates) {
        boolean anyLoss =
                Arrays.stream(candidates.scores(SampleScore.ANSWER_LOSS)).anyMatch(Double::isFinite);
        return anyLoss
                ? "each is faulty (1 or more) or not finite; choose by another selection"
                : "all losses are NaN or infinite; raise maxTokens if the prompt leaves no room for an answer, and look"
                        + " at the model's weights or the SampleScorer otherwise";
    }

    private IntToDoubleFunction score(Candidates candidates) {
        double[] loss = candidates.scores(SampleScore.ANSWER_LOSS);
        if (kind == Kind.PERPLEXITY) {
            return i -> loss[i];
        }
        double[] alone = candidates.scores(SampleScore.ANSWER_LOSS_ALONE);
        double[] difficulty = new double[loss.length];
        Arrays.setAll(difficulty, i -> {
            double ratio = loss[i] / alone[i]; // 0 / 0 is NaN: no score
            return ratio < 1 && Double.isFinite(alone[i]) ? ratio : Double.NaN; // a loss / infinity would be 0
        });
        return i -> difficulty[i];
    }

    /** The settings. Not safe for many threads. */
    public static final class Builder {
        private final Kind kind;
        private Amount amount = Amount.ofShare(0.01);
        private Order order = Order.HIGHEST;

        private Builder(Kind kind) {
            this.kind = kind;
        }

        /** Share of the samples, above 0 to 1, at least one sample; 0.01 by default. */
        public Builder share(double share) {
            amount = Amount.ofShare(share);
            return this;
        }

        /** Number of samples instead of a share, 0 or more; all if there are fewer. */
        public Builder count(int count) {
            amount = Amount.ofCount(count);
            return this;
        }

        /** Whether the highest or the lowest scores are chosen; the highest by default. */
        public Builder order(Order order) {
            this.order = Objects.requireNonNull(order, "order");
            return this;
        }

        /** The selector with these settings. */
        public ScoreSelector build() {
            return new ScoreSelector(this);
        }
    }
}
