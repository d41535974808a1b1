package io.github.fedhds.simulation;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.monitoring.BestRound;
import io.github.fedhds.monitoring.RoundReport;
import java.util.List;
import java.util.Optional;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/** Decides when a federation evaluates, which adapter is best, and when to stop. For one thread at a time. */
final class Evaluations {
    private final @Nullable ToDoubleFunction<Adapter> score;
    private final int every;
    private final int patience;
    private Optional<BestRound> best = Optional.empty();

    /**
     * Evaluates after every {@code every} rounds and after the last round; settings as on {@link Federation.Builder}.
     */
    Evaluations(@Nullable ToDoubleFunction<Adapter> score, int every, int patience) {
        if (patience > 0 && (score == null || every == 0)) {
            throw new IllegalArgumentException(
                    "patience is counted in evaluations; set one of every so many rounds on the builder too");
        }
        this.score = score;
        this.every = every;
        this.patience = patience;
    }

    void resume(Optional<BestRound> bestOfPast) {
        best = bestOfPast;
    }

    Optional<BestRound> best() {
        return best;
    }

    /** The report, with its score if an evaluation is due after this number of rounds. */
    RoundReport evaluate(RoundReport report, int pastRounds, boolean last) {
        boolean due = last || isRegular(pastRounds);
        if (score == null || !due) {
            return report;
        }
        Adapter adapter = report.result().adapter();
        double value = score.applyAsDouble(adapter);
        if (!Double.isFinite(value)) {
            throw new IllegalStateException(
                    "the evaluation gave " + value + " after round " + report.round() + "; it must be finite");
        }
        if (best.isEmpty() || value > best.get().score()) {
            best = Optional.of(new BestRound(report.round(), value, adapter));
        }
        return report.withScore(value);
    }

    /** Whether the last {@code patience} evaluations in a row were no better than the best one. */
    boolean outOfPatience(List<RoundReport> past) {
        if (patience == 0 || best.isEmpty()) {
            return false;
        }
        int evaluations = 0;
        for (int i = 0; i < past.size(); i++) {
            RoundReport report = past.get(i);
            boolean counts = report.score().isPresent() && isRegular(i + 1); // not if only made for the last round
            evaluations += counts && report.round() > best.get().round() ? 1 : 0;
        }
        return evaluations >= patience;
    }

    /** Whether an evaluation is due after this number of rounds, whether or not the last round. */
    private boolean isRegular(int pastRounds) {
        return every > 0 && pastRounds % every == 0;
    }
}
